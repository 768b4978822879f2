import type { SourceFile, SourceItem } from "../../shelf.ts";
import { VaultError } from "../../errors.ts";
import { fileRange } from "./file_range.ts";
import type { OpenedTree } from "./opened_tree.ts";
import { readTarMembers, type TarMember } from "./tar_members.ts";

/** The links that one path may lead over. */
const mostLinks = 8;
/** Each takes some 300 bytes of memory. */
const mostFolders = 250_000;

/**
 * Opens an archive in the file `file` as a source; `name` is what the user calls it. Throws as `readTarMembers`.
 */
export async function openTar(file: string, name: string): Promise<OpenedTree> {
  return new TarTree(name, file, await readTarMembers(file, name));
}

/** An archive, whose members are found by an index in memory and read where they lie. */
class TarTree implements OpenedTree {
  readonly name: string;
  readonly #file: string;
  readonly #members = new Map<string, TarMember>();
  /** The names in each folder, with whether they are folders. */
  readonly #folders = new Map<string, Map<string, boolean>>();

  constructor(name: string, file: string, members: readonly TarMember[]) {
    this.name = name;
    this.#file = file;
    for (const member of members) {
      this.#members.set(member.path, member);
      this.#addToFolders(member.path);
    }
  }

  find(path: string): Promise<SourceFile | null> {
    const member = this.#resolve(path);
    if (member === null) return Promise.resolve(null);
    const { offset, sizeBytes, modifiedAt } = member;
    return Promise.resolve({
      path,
      sizeBytes,
      modifiedAt,
      stream: (start, end = sizeBytes) => fileRange(this.#file, { start: offset + start, end: offset + end }),
    });
  }

  list(folder: string): Promise<readonly SourceItem[]> {
    const path = (name: string) => folder === "" ? name : `${folder}/${name}`;
    // Links that lead to nothing are not there.
    const items = [...this.#folders.get(folder) ?? []].map(([name, isFolder]) => ({ name, isFolder }))
      .filter(({ name, isFolder }) => isFolder || this.#resolve(path(name)) !== null);
    return Promise.resolve(items.sort((a, b) => a.name < b.name ? -1 : 1));
  }

  totalBytes(): Promise<number> {
    const sizes = this.#members.values().map((member) => member.kind === "file" ? member.sizeBytes : 0);
    return Promise.resolve(sizes.reduce((sum, sizeBytes) => sum + sizeBytes, 0));
  }

  close(): void {}

  /** docker's older archives have a link in place of a layer that another image has. */
  #resolve(path: string): Extract<TarMember, { kind: "file" }> | null {
    let at = path;
    for (let links = 0; links <= mostLinks; links++) {
      const member = this.#members.get(at);
      if (member === undefined) return null;
      if (member.kind === "file") return member;
      at = member.target;
    }
    return null;
  }

  #addToFolders(path: string): void {
    let isFolder = false;
    for (let rest = path;;) {
      const slash = rest.lastIndexOf("/");
      const folder = rest.slice(0, Math.max(slash, 0));
      const names = this.#folders.get(folder) ?? new Map<string, boolean>();
      if (this.#folders.size >= mostFolders) {
        throw new VaultError("bad_request", `Cannot import "${this.name}": it has more than ${mostFolders} folders`);
      }
      this.#folders.set(folder, names);
      const name = rest.slice(slash + 1);
      if (names.has(name)) return;
      names.set(name, isFolder);
      if (slash < 0) return;
      rest = folder;
      isFolder = true;
    }
  }
}
