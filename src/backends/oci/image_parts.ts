import { linksOf } from "./linked_content.ts";

/** The name that images have for a machine like this one. */
const ownPlatform = `linux/${Deno.build.arch === "aarch64" ? "arm64" : "amd64"}`;

/**
 * The configuration and the layers of an image for one platform, by their SHA-256: of an index, that of this machine
 * where it is cached, else the first one that is. None for other content, and where the manifest is not cached. `read`
 * returns the bytes of a small body; null where there is none.
 */
export function imageParts(sha256: string, read: (sha256: string) => Uint8Array | null): readonly string[] {
  const bytes = read(sha256);
  if (bytes === null) return [];
  const { manifests, blobs } = linksOf(bytes);
  const isWhole = blobs.length > 1 && blobs.every(({ algorithm }) => algorithm === "sha256");
  if (manifests.length === 0) return isWhole ? blobs.map(({ hex }) => hex) : [];
  const images = manifests.filter(({ platform }) => platform?.startsWith("linux/"));
  const own = images.filter(({ platform }) => platform === ownPlatform);
  for (const { digest } of [...own, ...images]) {
    const image = digest.algorithm === "sha256" ? read(digest.hex) : null;
    const parts = image === null || linksOf(image).manifests.length > 0 ? [] : imageParts(digest.hex, read);
    if (parts.length > 0) return parts;
  }
  return [];
}
