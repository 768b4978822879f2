import { Buffer } from "node:buffer";
import type { Digest, DigestAlgorithm } from "../../digest.ts";

/** The algorithms that the vault can check, best first, with the bytes of their digests. */
const algorithms: readonly (readonly [algorithm: DigestAlgorithm, bytes: number])[] = [
  ["sha512", 64],
  ["sha256", 32],
  ["sha1", 20],
];

/**
 * The digest of a tarball: the best that its `integrity` names (W3C Subresource Integrity), else its SHA-1, which old
 * versions have alone; null where there is neither.
 */
export function digestOf(integrity: string | null, shasum: string | null): Digest | null {
  const hashes = (integrity ?? "").trim().split(/\s+/);
  for (const [algorithm, bytes] of algorithms) {
    for (const hash of hashes) {
      const [, value] = /^\w+-([A-Za-z0-9+/]+=*)(?:\?.*)?$/.exec(hash) ?? [];
      if (value === undefined || !hash.startsWith(`${algorithm}-`)) continue;
      const decoded = Buffer.from(value, "base64");
      if (decoded.byteLength === bytes) return { algorithm, hex: decoded.toString("hex") };
    }
  }
  return shasum !== null && /^[0-9a-f]{40}$/i.test(shasum) ? { algorithm: "sha1", hex: shasum.toLowerCase() } : null;
}
