import { readJsonObject, readSmall } from "../../backends/shared/shelves/read_small.ts";
import type { CachedFolder, SourceFile, SourceItem, SourceTree } from "../../shelf.ts";

/** The end of the name of every body in a cache of the original tool. */
export const bodySuffix = ".binary";

export interface CacheFolderOptions {
  /** Where the folder is in the source. */
  readonly path: string;
  /** The path of the folder below the cache directory. */
  readonly below: string;
  /** Folders of the source that belong to others. */
  readonly others: readonly string[];
}

/** A folder of a cache directory, whose files lose what the original tool (`cache.py`) puts behind their names. */
export class CacheFolder implements CachedFolder {
  readonly name: string;
  readonly prefix: string;
  readonly #tree: SourceTree;
  readonly #path: string;
  readonly #others: ReadonlySet<string>;

  constructor(tree: SourceTree, { path, below, others }: CacheFolderOptions) {
    this.name = below === "" ? tree.name : below;
    this.prefix = `/${below}`;
    this.#tree = tree;
    this.#path = path;
    this.#others = new Set(others);
  }

  async find(path: string): Promise<SourceFile | null> {
    const file = path === "" ? null : await this.#tree.find(this.#at(path) + bodySuffix);
    return file && { ...file, path };
  }

  async list(folder: string): Promise<readonly SourceItem[]> {
    const path = this.#at(folder);
    return (await this.#tree.list(path)).flatMap(({ name, isFolder }): SourceItem[] => {
      if (isFolder) return this.#others.has(joined(path, name)) ? [] : [{ name, isFolder }];
      const isBody = name.endsWith(bodySuffix) && name !== bodySuffix;
      return isBody ? [{ name: name.slice(0, -bodySuffix.length), isFolder }] : [];
    });
  }

  /** The original tool replaces its suffix wherever a path has it. Before `.xattr` it wrote the type alone. */
  async contentTypeOf(path: string): Promise<string | null> {
    const body = this.#at(path) + bodySuffix;
    const noted = (await readJsonObject(this.#tree, body.replaceAll(bodySuffix, ".xattr")))?.content_type;
    if (typeof noted === "string") return noted;
    const older = await readSmall(this.#tree, body.replaceAll(bodySuffix, ".content-type"));
    return older && new TextDecoder().decode(older).trim() || null;
  }

  close(): void {}

  #at(path: string): string {
    return joined(this.#path, path);
  }
}

function joined(folder: string, name: string): string {
  return folder === "" || name === "" ? folder + name : `${folder}/${name}`;
}
