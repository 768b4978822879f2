import type { Digest, DigestAlgorithm } from "../../digest.ts";
import { VaultError } from "../../errors.ts";
import { parseChecksum } from "./checksums.ts";
import { parseParagraph } from "./deb822.ts";

/** The fields about patches as they are downloaded, compressed; `…-Patches` and `…-History` are about unpacked ones. */
const downloadFields: readonly { field: string; algorithm: DigestAlgorithm; digestBytes: number }[] = [
  { field: "sha256-download", algorithm: "sha256", digestBytes: 32 },
  { field: "x-unmerged-sha256-download", algorithm: "sha256", digestBytes: 32 },
  { field: "sha1-download", algorithm: "sha1", digestBytes: 20 },
  { field: "x-unmerged-sha1-download", algorithm: "sha1", digestBytes: 20 },
];

/**
 * The digests of an index's patches by their names, as in `2026-05-20-1403.49.gz`, from the `Index` of its `.diff`
 * folder; none for an old one that tells of unpacked patches only. Throws `upstream_failed` for what is no such file.
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
