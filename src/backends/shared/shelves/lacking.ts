import { VaultError } from "../../../errors.ts";

/**
 * The error for what a foreign source does not have. It is no 404: that its upstream does not have it either is not
 * known, and must not be remembered.
 */
export function lacking(request: Request): VaultError {
  return new VaultError("upstream_failed", `The source does not have "${request.url}"`);
}
