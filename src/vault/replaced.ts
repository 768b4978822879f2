import type { Artifact } from "../artifact.ts";
import { type Digest, parseDigest } from "../digest.ts";
import { messageOf } from "../errors.ts";
import type { Log } from "../observe/log.ts";
import type { Entry } from "../store/store.ts";

/** True if a listing names another digest for an artifact than its stored copy has. False offline. */
export async function isReplaced(artifact: Artifact, entry: Entry, log: Log): Promise<boolean> {
  const { identity, policy } = artifact;
  if (identity.kind !== "listed" || policy.offline) return false;
  try {
    const digest = await identity.listing.cachedDigest();
    return digest !== null && isAnother(digest, entry);
  } catch (error) {
    log.warning(`Cannot tell whether ${artifact.backend} ${artifact.key} has changed: ${messageOf(error)}`);
    return false;
  }
}

/** True if a stored copy has another digest. False where the digests are of different algorithms: nothing tells then. */
export function isAnother(digest: Digest, { sha256, checkedDigest }: Entry): boolean {
  if (digest.algorithm === "sha256") return digest.hex !== sha256;
  const checked = checkedDigest === undefined ? null : parseDigest(checkedDigest);
  return checked?.algorithm === digest.algorithm && checked.hex !== digest.hex;
}
