import { readJsonObject, readSmall } from "../../backends/shared/shelves/read_small.ts";
import type { CachedFolder, SourceFile, SourceItem, SourceTree } from "../../shelf.ts";

/** The end of the name of every body in a cache of the original tool. */
export const bodySuffix = ".binary";

/** The ends that stand in place of it for notes on media types: JSON in the newest form, else the type alone. */
export const noteSuffixes = [".xattr", ".content-type", ".content_type"] as const;

export interface CacheFolderOptions {
  /** Where the folder is in the source. */
  readonly path: string;
  /** The path of the folder below the cache directory. */
  readonly below: string;
  /** Folders of the source that belong to others. */
  readonly others: readonly string[];
}

/**
 * A folder of a cache directory, whose files lose what the original tool (`cache.py`) puts behind their names. In its
 * older form a path with a slash at its end is a folder, whose body has no name but the suffix.
 */
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
    if (path === "") return null;
    const file = await this.#tree.find(this.#at(path) + bodySuffix);
    if (file !== null) return { ...file, path };
    const older = await this.#tree.find(`${this.#at(path)}/${bodySuffix}`);
    return older && { ...older, path: `${path}/` };
  }

  async list(folder: string): Promise<readonly SourceItem[]> {
    const path = this.#at(folder);
    const items: SourceItem[] = [];
    for (const { name, isFolder } of await this.#tree.list(path)) {
      const at = joined(path, name);
      if (isFolder && this.#others.has(at)) continue;
      if (isFolder) items.push({ name, isFolder });
      if (isFolder ? await this.#tree.find(`${at}/${bodySuffix}`) !== null : isBody(name)) {
        items.push({ name: isFolder ? name : name.slice(0, -bodySuffix.length), isFolder: false });
      }
    }
    return items;
  }

  /** The original tool replaces its suffix wherever a path has it. */
  async contentTypeOf(path: string): Promise<string | null> {
    const body = this.#at(path) + bodySuffix;
    const [newest, ...older] = noteSuffixes.map((suffix) => body.replaceAll(bodySuffix, suffix));
    const noted = (await readJsonObject(this.#tree, newest!))?.content_type;
    if (typeof noted === "string") return noted;
    for (const path of older) {
      const text = await readSmall(this.#tree, path);
      if (text !== null) return new TextDecoder().decode(text).trim() || null;
    }
    return null;
  }

  close(): void {}

  #at(path: string): string {
    return joined(this.#path, path);
  }
}

function isBody(name: string): boolean {
  return name.endsWith(bodySuffix) && name !== bodySuffix;
}

function joined(folder: string, name: string): string {
  return folder === "" || name === "" ? folder + name : `${folder}/${name}`;
}
