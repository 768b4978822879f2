import type { SourceTree } from "../../shelf.ts";

/** Archives have no more folders around what is in them, such as `var/lib/registry`. */
const deepest = 8;

/**
 * Yields a source, the only folder in it, the only one in that, and so on: archives often have the folder itself in
 * them. Only the source has to be closed.
 */
export async function* unwrapped(tree: SourceTree): AsyncGenerator<SourceTree> {
  let inner = tree;
  for (let depth = 0; depth <= deepest; depth++) {
    yield inner;
    const [only, ...others] = await inner.list("");
    if (!only?.isFolder || others.length > 0) return;
    inner = new SubTree(inner, only.name);
  }
}

/** The files below a folder of a source. */
class SubTree implements SourceTree {
  readonly name: string;
  readonly #tree: SourceTree;
  readonly #folder: string;

  constructor(tree: SourceTree, folder: string) {
    this.name = `${tree.name.replace(/\/+$/, "")}/${folder}`;
    this.#tree = tree;
    this.#folder = folder;
  }

  async find(path: string) {
    const file = path === "" ? null : await this.#tree.find(`${this.#folder}/${path}`);
    return file && { ...file, path };
  }

  list(folder: string) {
    return this.#tree.list(folder === "" ? this.#folder : `${this.#folder}/${folder}`);
  }

  close(): void {}
}
