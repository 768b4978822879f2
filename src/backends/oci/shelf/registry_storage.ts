import type { SourceTree } from "../../../shelf.ts";
import { readSmall } from "../../shared/shelves/read_small.ts";
import { readDigest } from "../request.ts";
import type { FoundImage, ImageSource } from "./image_source.ts";

/** Where the storage begins: at the root directory of the registry, or in one of its folders. */
const roots = ["docker/registry/v2", "registry/v2", "v2", ""];

/** Names of repositories have at most so many segments. */
const deepest = 20;

/**
 * Opens the directory of a registry's filesystem driver (distribution, "registry/storage/paths.go"); null for any other
 * source. Its names have no registry, and mean Docker Hub's unless the user says otherwise.
 */
export async function openRegistryStorage(tree: SourceTree): Promise<ImageSource | null> {
  for (const root of roots) {
    const below = (path: string) => root === "" ? path : `${root}/${path}`;
    const names = (await tree.list(root)).filter(({ isFolder }) => isFolder).map(({ name }) => name);
    if (!names.includes("blobs") || !names.includes("repositories")) continue;
    return {
      description: "the storage of a docker registry",
      images: () => imagesOf(tree, below("repositories")),
      find(digest) {
        const parsed = readDigest(digest);
        if (parsed === null) return Promise.resolve(null);
        return tree.find(below(`blobs/${parsed.algorithm}/${parsed.hex.slice(0, 2)}/${parsed.hex}/data`));
      },
    };
  }
  return null;
}

async function* imagesOf(tree: SourceTree, folder: string, name = "", depth = 0): AsyncGenerator<FoundImage> {
  if (depth > deepest) return;
  for (const item of await tree.list(folder)) {
    if (!item.isFolder) continue;
    const path = `${folder}/${item.name}`;
    if (item.name === "_manifests") yield* tagsOf(tree, `${path}/tags`, name);
    else if (!item.name.startsWith("_")) {
      yield* imagesOf(tree, path, name === "" ? item.name : `${name}/${item.name}`, depth + 1);
    }
  }
}

async function* tagsOf(tree: SourceTree, folder: string, name: string): AsyncGenerator<FoundImage> {
  for (const tag of await tree.list(folder)) {
    const link = await readSmall(tree, `${folder}/${tag.name}/current/link`);
    const digest = link && new TextDecoder().decode(link).trim();
    if (digest !== null && readDigest(digest) !== null) yield { name: `${name}:${tag.name}`, digest };
  }
}
