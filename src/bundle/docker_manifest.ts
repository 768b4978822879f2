import type { Carrying } from "../carrying.ts";
import type { FsLayout } from "../store/fs_layout.ts";
import { fileOrNull, readRegularFile } from "../store/regular_files.ts";
import { blobName } from "./blob_name.ts";
import type { ImageDescriptor } from "./index_document.ts";
import { sha256Of } from "./shard.ts";

/** Manifests of images are smaller (distribution-spec, "Pushing Manifests"). */
const maxManifestBytes = 4 * 1024 * 1024;

/** An image, and what knows how to read its manifest. */
export interface CarriedImage extends ImageDescriptor {
  /** The pattern of all entries that it may need. */
  readonly pattern: string;
  readonly readParts: Carrying["imageParts"];
}

/** The bodies of one platform of an image, by their SHA-256; none where they are not known. */
export interface ReadImage {
  readonly image: CarriedImage;
  readonly parts: readonly string[];
}

/** Reads the manifests of images. */
export function readImages(images: readonly CarriedImage[], layout: FsLayout): ReadImage[] {
  const read = (sha256: string) => readBlob(layout, sha256);
  const known = new Map<string, readonly string[]>();
  return images.map((image) => {
    const parts = known.get(image.sha256) ?? image.readParts?.(image.sha256, read) ?? [];
    known.set(image.sha256, parts);
    return { image, parts };
  });
}

/** Says whether all of one platform of an image is among the bodies that `has` knows. */
export function isWhole({ parts }: ReadImage, has: (sha256: string) => boolean): boolean {
  return parts.length > 0 && parts.every(has);
}

/**
 * Prints `manifest.json` as `docker save` does, for programs that take no layout with several images: each image of
 * which one platform is whole in the bundle, with its names. Null where there is none.
 */
export function formatDockerManifest(images: readonly ReadImage[], has: (sha256: string) => boolean): string | null {
  const named = Map.groupBy(images.filter((image) => isWhole(image, has)), ({ image }) => image.sha256);
  if (named.size === 0) return null;
  return JSON.stringify([...named.values()].map((same) => {
    const [config = "", ...layers] = same[0]!.parts;
    const tags = same.map(({ image }) => image.name);
    return { Config: blobName(config), RepoTags: tags, Layers: layers.map(blobName) };
  }));
}

/** The bytes of a small body; null where there is none. */
function readBlob(layout: FsLayout, sha256: string): Uint8Array | null {
  const path = layout.blob(sha256);
  const size = fileOrNull(path)?.size ?? Infinity;
  const bytes = size > maxManifestBytes ? null : readRegularFile(path, size);
  return bytes !== null && sha256Of(bytes) === sha256 ? bytes : null;
}
