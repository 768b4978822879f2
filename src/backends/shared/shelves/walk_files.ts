import type { SourceTree } from "../../../shelf.ts";

/** Folders of a source are entered down to this depth. */
const deepest = 32;

/** Yields the paths of all files below a folder of a source, folder by folder, in the order of their names. */
export async function* walkFiles(tree: SourceTree, folder = "", depth = 0): AsyncGenerator<string> {
  if (depth > deepest) return;
  for (const { name, isFolder } of await tree.list(folder)) {
    const path = folder === "" ? name : `${folder}/${name}`;
    if (isFolder) yield* walkFiles(tree, path, depth + 1);
    else yield path;
  }
}
