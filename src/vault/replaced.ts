import type { Artifact } from "../artifact.ts";
import { messageOf } from "../errors.ts";
import type { Log } from "../observe/log.ts";
import type { Entry } from "../store/store.ts";

/** True if a listing names another digest for an artifact than its stored copy has. False offline. */
export async function isReplaced(artifact: Artifact, { sha256 }: Entry, log: Log): Promise<boolean> {
  const { identity, policy } = artifact;
  if (identity.kind !== "listed" || policy.offline) return false;
  try {
    const digest = await identity.listing.cachedDigest();
    return digest?.algorithm === "sha256" && digest.hex !== sha256;
  } catch (error) {
    log.warning(`Cannot tell whether ${artifact.backend} ${artifact.key} has changed: ${messageOf(error)}`);
    return false;
  }
}
