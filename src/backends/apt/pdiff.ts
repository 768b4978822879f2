import type { Digest, DigestAlgorithm } from "../../digest.ts";
import { VaultError } from "../../errors.ts";
import { parseChecksum } from "./checksums.ts";
import { parseParagraph } from "./deb822.ts";

/** The fields with the digests of compressed patches, as clients download them. */
const downloadFields: readonly { field: string; algorithm: DigestAlgorithm; digestBytes: number }[] = [
  { field: "sha256-download", algorithm: "sha256", digestBytes: 32 },
  { field: "x-unmerged-sha256-download", algorithm: "sha256", digestBytes: 32 },
  { field: "sha1-download", algorithm: "sha1", digestBytes: 20 },
  { field: "x-unmerged-sha1-download", algorithm: "sha1", digestBytes: 20 },
];

/**
 * Parses the `Index` of a `.diff` folder: the digests of its patches by their names, such as `2026-05-20-1403.49.gz`.
 * Empty for an old one, which has digests of unpacked patches only. Throws `upstream_failed` for any other document.
 */
export function parsePdiffIndex(bytes: Uint8Array): ReadonlyMap<string, Digest> {
  const fields = parseParagraph(new TextDecoder().decode(bytes));
  if (!fields.has("sha256-current") && !fields.has("sha1-current")) {
    throw new VaultError("upstream_failed", "Not an index of patches: it does not say which index they lead to");
  }
  const patches = new Map<string, Digest>();
  for (const { field, algorithm, digestBytes } of downloadFields) {
    for (const line of fields.get(field) ?? []) {
      const checksum = parseChecksum(line, digestBytes);
      if (checksum !== null && !patches.has(checksum.name)) {
        patches.set(checksum.name, { algorithm, hex: checksum.hex });
      }
    }
  }
  return patches;
}
