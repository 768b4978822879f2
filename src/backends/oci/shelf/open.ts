import { VaultError } from "../../../errors.ts";
import type { Shelf, SourceTree } from "../../../shelf.ts";
import { readWhole } from "../../shared/shelves/read_small.ts";
import { openDockerArchive } from "./docker_archive.ts";
import { ImageShelf } from "./image_shelf.ts";
import { openLayout } from "./layout.ts";
import { openRegistryStorage } from "./registry_storage.ts";

/**
 * Opens images of a foreign source: an OCI layout, an archive of `docker save` or the storage of a registry; null for
 * anything else. Throws `bad_request` for what skopeo can turn into one of them. Archives of newer versions of docker are both: then the layout has the digests of registries.
 */
export async function openImageShelf(tree: SourceTree): Promise<Shelf | null> {
  for (const open of [openLayout, openDockerArchive, openRegistryStorage]) {
    const source = await open(tree);
    if (source !== null) return new ImageShelf(source);
  }
  const copied = await copiedFolder(tree);
  if (copied === null) return null;
  throw new VaultError(
    "bad_request",
    `Cannot import "${tree.name}": ${
      copied === "" ? "it" : `"${copied}" in it`
    } is an image as skopeo copy and skopeo ` +
      "sync write it to dir:, and podman save as docker-dir, which does not say whose it is; make an archive of it " +
      "with skopeo copy dir:FOLDER oci-archive:image.tar:NAME:TAG, and import image.tar",
  );
}

/** skopeo sync has folders for repositories around its images. */
const deepestCopied = 6;

/**
 * Finds the first folder with an image as containers/image has it in its transport `dir:`, along the first folders of
 * a source; null where there is none.
 */
async function copiedFolder(tree: SourceTree, folder = "", depth = 0): Promise<string | null> {
  const below = (name: string) => folder === "" ? name : `${folder}/${name}`;
  const version = await tree.find(below("version"));
  if (version !== null && version.sizeBytes < 100) {
    const text = new TextDecoder().decode(await readWhole(version));
    if (text.startsWith("Directory Transport Version:")) return folder;
  }
  const first = depth === deepestCopied ? undefined : (await tree.list(folder)).find(({ isFolder }) => isFolder);
  return first === undefined ? null : await copiedFolder(tree, below(first.name), depth + 1);
}
