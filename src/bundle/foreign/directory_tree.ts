import type { SourceFile, SourceItem } from "../../shelf.ts";
import { VaultError } from "../../errors.ts";
import { fileRange } from "./file_range.ts";
import type { OpenedTree } from "./opened_tree.ts";

/** So many files are counted within about a second. */
const mostCounted = 100_000;

/** Opens a directory as a source. Throws `bad_request` where it cannot be read. */
export async function openDirectory(path: string): Promise<OpenedTree> {
  return new DirectoryTree(path, await Deno.realPath(path));
}

class DirectoryTree implements OpenedTree {
  readonly name: string;
  readonly #root: string;

  constructor(name: string, root: string) {
    this.name = name;
    this.#root = root;
  }

  async find(path: string): Promise<SourceFile | null> {
    const real = await this.#resolve(path);
    if (real === null) return null;
    const { isFile, size, mtime } = await Deno.stat(real);
    if (!isFile) return null;
    return {
      path,
      sizeBytes: size,
      modifiedAt: mtime?.getTime() ?? 0,
      stream: (start, end = size) => fileRange(real, { start, end }),
    };
  }

  async list(folder: string): Promise<readonly SourceItem[]> {
    const real = await this.#resolve(folder);
    if (real === null || !(await Deno.stat(real)).isDirectory) return [];
    const items: SourceItem[] = [];
    try {
      for await (const { name, isFile, isDirectory, isSymlink } of Deno.readDir(real)) {
        if (isFile || isDirectory) items.push({ name, isFolder: isDirectory });
        else if (isSymlink) items.push(...await this.#linked(folder, name));
      }
    } catch (error) {
      // Such as `partial`, which apt keeps to itself. Files that are wanted by their names are asked for even so.
      if (folder === "" || !(error instanceof Deno.errors.PermissionDenied)) {
        throw unreadable(`${this.name}/${folder}`, error);
      }
    }
    return items.sort((a, b) => a.name < b.name ? -1 : 1);
  }

  totalBytes(): Promise<number> {
    return bytesBelow(this.#root);
  }

  close(): void {}

  /** Folders are reached without links only, so that no walk goes round in circles. */
  async #linked(folder: string, name: string): Promise<SourceItem[]> {
    return await this.find(folder === "" ? name : `${folder}/${name}`) === null ? [] : [{ name, isFolder: false }];
  }

  /** Returns where a path really is; null where nothing is there, or a link leads out of the source. */
  async #resolve(path: string): Promise<string | null> {
    if (path !== "" && path.split("/").some((segment) => ["", ".", ".."].includes(segment))) return null;
    try {
      const real = await Deno.realPath(path === "" ? this.#root : `${this.#root}/${path}`);
      return real === this.#root || real.startsWith(`${this.#root}/`) ? real : null;
    } catch (error) {
      if (isNothing(error)) return null;
      throw unreadable(`${this.name}/${path}`, error);
    }
  }
}

/**
 * Links count as nothing: what they lead to within the folder is in it anyway. What cannot be read cannot be imported.
 * Infinity where there are so many files that it would take long.
 */
async function bytesBelow(root: string): Promise<number> {
  const folders = [root];
  let [bytes, files] = [0, 0];
  for (let folder = folders.pop(); folder !== undefined && files <= mostCounted; folder = folders.pop()) {
    try {
      for await (const { name, isFile, isDirectory } of Deno.readDir(folder)) {
        if (isFile) bytes += (await Deno.lstat(`${folder}/${name}`)).size;
        else if (isDirectory) folders.push(`${folder}/${name}`);
        if (++files > mostCounted) break;
      }
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable) throw unreadable(folder, error);
    }
  }
  return files > mostCounted ? Infinity : bytes;
}

function isNothing(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory ||
    error instanceof Deno.errors.FilesystemLoop;
}

function unreadable(path: string, cause: unknown): VaultError {
  if (cause instanceof Deno.errors.NotCapable) {
    const message = `Cannot read "${path}": start with --allow-read=${path}`;
    return new VaultError("permission_missing", message, { cause });
  }
  return new VaultError("bad_request", `Cannot read "${path}": ${(cause as Error).message}`, { cause });
}
