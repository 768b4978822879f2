import type { DirectAnswer } from "../../backend.ts";
import type { ErrorCode, VaultError } from "../../errors.ts";
import { versionHeader } from "./response_headers.ts";
import type { RegistryRequest } from "./request.ts";

/** The codes of distribution-spec, and those of Docker's registry that clients know as well. */
type RegistryErrorCode =
  | "BLOB_UNKNOWN"
  | "DENIED"
  | "DIGEST_INVALID"
  | "MANIFEST_UNKNOWN"
  | "NAME_INVALID"
  | "NAME_UNKNOWN"
  | "TAG_INVALID"
  | "TOOMANYREQUESTS"
  | "UNAUTHORIZED"
  | "UNAVAILABLE"
  | "UNKNOWN"
  | "UNSUPPORTED";

/** The codes of registries; null where the code depends on the request or on upstream's answer. */
const codes: Readonly<Record<ErrorCode, RegistryErrorCode | null>> = {
  bad_request: null,
  refused: null,
  denied: null,
  unknown_route: "UNSUPPORTED",
  not_found: null,
  method_not_allowed: "UNSUPPORTED",
  request_silent: "UNSUPPORTED",
  gone: null,
  too_large: "UNSUPPORTED",
  rate_limited: "TOOMANYREQUESTS",
  internal: "UNKNOWN",
  upstream_failed: "UNAVAILABLE",
  upstream_changed: "UNAVAILABLE",
  digest_mismatch: "UNAVAILABLE",
  overloaded: "UNAVAILABLE",
  shutting_down: "UNAVAILABLE",
  upstream_silent: "UNAVAILABLE",
  loop_detected: "UNAVAILABLE",
  upstream_down: "UNAVAILABLE",
  offline: null,
  not_cached: "UNAVAILABLE",
  config_invalid: "UNKNOWN",
  permission_missing: "UNKNOWN",
  storage_failed: "UNKNOWN",
  cache_full: "UNKNOWN",
  bundle_wrong: "UNKNOWN",
  bundle_interrupted: "UNKNOWN",
};

const readOnly = "this is a read-only mirror, and pushes go to the registry itself";

/** Prints an error in the form that clients of registries read (distribution-spec, "Error codes"). */
export function formatError(error: VaultError, request: RegistryRequest): Omit<DirectAnswer, "status"> {
  const message = error.code === "method_not_allowed" ? `${error.message}; ${readOnly}` : error.message;
  const code = codes[error.code] ?? codeFor(error, request);
  return {
    contentType: "application/json",
    headers: [versionHeader],
    body: JSON.stringify({ errors: [{ code, message, detail: { reason: error.code } }] }),
  };
}

function codeFor({ code, upstreamStatus }: VaultError, request: RegistryRequest): RegistryErrorCode {
  if (code === "refused") return upstreamStatus === 405 || upstreamStatus === 406 ? "UNSUPPORTED" : "DENIED";
  if (code === "denied") return upstreamStatus === 401 ? "UNAUTHORIZED" : "DENIED";
  // Docker gives up a layer at this code, and shows the message; at BLOB_UNKNOWN it tries five times more.
  if (code === "offline" && request.kind === "blob") return "NAME_UNKNOWN";
  if (code === "bad_request") return request.kind === "invalid" ? request.code : "UNSUPPORTED";
  if (request.kind === "blob") return "BLOB_UNKNOWN";
  return request.kind === "manifest" || request.kind === "tagged_manifest" ? "MANIFEST_UNKNOWN" : "NAME_UNKNOWN";
}
