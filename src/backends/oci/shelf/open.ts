import type { Shelf, SourceTree } from "../../../shelf.ts";
import { openDockerArchive } from "./docker_archive.ts";
import { ImageShelf } from "./image_shelf.ts";
import { openLayout } from "./layout.ts";
import { openRegistryStorage } from "./registry_storage.ts";

/**
 * Opens images of a foreign source: an OCI layout, an archive of `docker save` or the storage of a registry; null for
 * anything else. Archives of newer versions of docker are both: then the layout has the digests of registries.
 */
export async function openImageShelf(tree: SourceTree): Promise<Shelf | null> {
  for (const open of [openLayout, openDockerArchive, openRegistryStorage]) {
    const source = await open(tree);
    if (source !== null) return new ImageShelf(source);
  }
  return null;
}
