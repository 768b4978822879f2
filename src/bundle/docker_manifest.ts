import type { Carrying } from "../carrying.ts";
import type { FsLayout } from "../store/fs_layout.ts";
import { fileOrNull, readRegularFile } from "../store/regular_files.ts";
import { blobName } from "./blob_name.ts";
import type { ImageDescriptor } from "./index_document.ts";
import { sha256Of } from "./shard.ts";

/** Manifests of images are smaller (distribution-spec, "Pushing Manifests"). */
const maxManifestBytes = 4 * 1024 * 1024;

interface ImagesOptions {
  readonly layout: FsLayout;
  /** Says which bodies the bundle has. */
  readonly has: (sha256: string) => boolean;
}

/** An image, and what knows how to read its manifest. */
export interface CarriedImage extends ImageDescriptor {
  readonly readParts: Carrying["imageParts"];
}

/**
 * Prints `manifest.json` as `docker save` does, for programs that take no layout with several images: each image of
 * which one platform is whole in the bundle, with its names. Null where there is none.
 */
export function formatDockerManifest(
  images: readonly CarriedImage[],
  { layout, has }: ImagesOptions,
): string | null {
  const read = (sha256: string) => readBlob(layout, sha256);
  const names = new Map<string, { readonly parts: readonly string[]; readonly tags: string[] }>();
  for (const { sha256, name, readParts } of images) {
    const known = names.get(sha256);
    if (known !== undefined) known.tags.push(name);
    const parts = known === undefined ? readParts?.(sha256, read) ?? [] : [];
    if (parts.length > 0 && parts.every(has)) names.set(sha256, { parts, tags: [name] });
  }
  if (names.size === 0) return null;
  return JSON.stringify([...names.values()].map(({ parts: [config = "", ...layers], tags }) => (
    { Config: blobName(config), RepoTags: tags, Layers: layers.map(blobName) }
  )));
}

/** The bytes of a small body; null where there is none. */
function readBlob(layout: FsLayout, sha256: string): Uint8Array | null {
  const path = layout.blob(sha256);
  const size = fileOrNull(path)?.size ?? Infinity;
  const bytes = size > maxManifestBytes ? null : readRegularFile(path, size);
  return bytes !== null && sha256Of(bytes) === sha256 ? bytes : null;
}
