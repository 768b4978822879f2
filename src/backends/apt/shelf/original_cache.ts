import type { CachedFolder, Shelf, SourceFile, SourceTree } from "../../../shelf.ts";
import { walkFiles } from "../../shared/shelves/walk_files.ts";
import { mirroredBelow } from "./mirror_tree.ts";
import { RepositoryShelf } from "./repository_shelf.ts";
import { notListed } from "./repository_source.ts";

/** Opens what the original Artifact Vault has cached of a repository: files by their paths, some of them unpacked. */
export async function openOriginalRepository(folder: CachedFolder): Promise<Shelf> {
  const files = new UnpackedFiles(folder);
  const repositories = await mirroredBelow(files);
  const packages = await Array.fromAsync(packagesIn(folder));
  return new RepositoryShelf({
    description: "packages that the original Artifact Vault has cached",
    repositories,
    unlisted: () => packages.filter((path) => !files.found.has(path)).map(notListed),
  });
}

async function* packagesIn(folder: CachedFolder): AsyncGenerator<string> {
  for await (const path of walkFiles(folder)) if (/\.[ud]?deb$/.test(path)) yield path;
}

/**
 * The files of a folder by the names that their bytes have: the original tool unpacks what ends in `.gz` before it
 * caches it, and keeps the name (`backend_apt.py`).
 */
class UnpackedFiles implements SourceTree {
  readonly name: string;
  /** The paths of packages that were looked for and are there. */
  readonly found = new Set<string>();
  readonly #folder: CachedFolder;

  constructor(folder: CachedFolder) {
    this.name = folder.name;
    this.#folder = folder;
  }

  async find(path: string): Promise<SourceFile | null> {
    const file = await this.#folder.find(path);
    if (path.endsWith(".gz")) return file !== null && await isGzip(file) ? file : null;
    if (file !== null) {
      if (/\.[ud]?deb$/.test(path)) this.found.add(path);
      return file;
    }
    const packed = await this.#folder.find(`${path}.gz`);
    return packed !== null && !await isGzip(packed) ? packed : null;
  }

  list(folder: string) {
    return this.#folder.list(folder);
  }

  close(): void {}
}

async function isGzip(file: SourceFile): Promise<boolean> {
  if (file.sizeBytes < 2) return false;
  const [first, second] = await new Response(file.stream(0, 2)).bytes();
  return first === 0x1f && second === 0x8b;
}
