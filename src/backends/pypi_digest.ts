import type { Digest, DigestAlgorithm } from "../digest.ts";
import { parseDigest } from "../digest.ts";
import type { Hashes } from "./pypi_page.ts";

const preferred: readonly DigestAlgorithm[] = ["sha256", "sha512", "sha1", "md5"];

/** The one to check a file against; null where there is none that we know and that is well-formed. */
export function digestOf(hashes: Hashes): Digest | null {
  for (const algorithm of preferred) {
    const hex = hashes[algorithm]?.toLowerCase();
    if (hex === undefined) continue;
    try {
      return parseDigest(`${algorithm}:${hex}`);
    } catch {
      // Another may be well-formed.
    }
  }
  return null;
}
