import type { ResolvedArtifact } from "../backend.ts";
import type { OpenedArtifact } from "../vault/vault.ts";

/** With the headers that the backend sends. Releases what was opened where it throws. */
export function withBackendHeaders(opened: OpenedArtifact, resolved: ResolvedArtifact): OpenedArtifact {
  if (!resolved.headers) return opened;
  try {
    return { ...opened, headers: resolved.headers(opened.headers, sha256Of(opened)) };
  } catch (error) {
    opened.close();
    throw error;
  }
}

/** The SHA-256 of an opened body, in hex, where it is known. */
export function sha256Of({ sha256, arrivedSha256 }: OpenedArtifact): string | undefined {
  return sha256 ?? arrivedSha256;
}
