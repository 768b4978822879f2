import type { Artifact } from "../artifact.ts";
import { VaultError } from "../errors.ts";
import { redactUrl } from "../observe/redact.ts";

/**
 * Returns the error for a client that wants it from the cache only (`only-if-cached`, RFC 9111 §5.2.1.7), where it is
 * not.
 */
export function notCachedError({ candidates }: Artifact): VaultError {
  const url = redactUrl(candidates[0]!.url);
  return new VaultError(
    "not_cached",
    `"${url}" is not in the cache, and this request asks for nothing else: only-if-cached`,
  );
}

/** Returns the error for an artifact that is not cached while the vault is offline. */
export function offlineError({ backend, candidates }: Artifact): VaultError {
  const url = redactUrl(candidates[0]!.url);
  return new VaultError(
    "offline",
    `"${url}" is not in the cache, and the vault is offline for "${backend}": it asks no upstream`,
  );
}
