import { VaultError } from "../errors.ts";
import { openRegularFile } from "../store/regular_files.ts";
import { partialSuffix, writeAll } from "./byte_sink.ts";
import type { Member, MemberSink, MemberSource } from "./member_source.ts";

const chunkBytes = 1024 * 1024;

/** Reads members from a directory, by their names: other files in it are not looked at, and links are not followed. */
export class FolderReader implements MemberSource {
  readonly #path: string;
  readonly #chunk = new Uint8Array(chunkBytes);

  constructor(path: string) {
    this.#path = path;
  }

  has(name: string): Promise<boolean> {
    return Promise.resolve(isFile(`${this.#path}/${name}`));
  }

  open(name: string, sizeBytes?: number): Promise<Member | null> {
    try {
      return Promise.resolve(this.#open(name, sizeBytes));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  finish(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {}

  #open(name: string, sizeBytes: number | undefined): Member | null {
    const path = `${this.#path}/${name}`;
    let file: Deno.FsFile;
    let size: number;
    try {
      ({ file, sizeBytes: size } = openRegularFile(path));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return null;
      throw error;
    }
    if (sizeBytes !== undefined && size !== sizeBytes) {
      file.close();
      // A copy that is under way is shorter.
      const code = size < sizeBytes ? "bundle_interrupted" : "bundle_wrong";
      throw new VaultError(code, `"${path}" has ${size} bytes, and not ${sizeBytes}`);
    }
    return {
      sizeBytes: size,
      next: () => {
        const count = file.readSync(this.#chunk);
        if (count === null) file.close();
        return Promise.resolve(count === null ? null : this.#chunk.subarray(0, count));
      },
      skip: () => {
        file.close();
        return Promise.resolve();
      },
    };
  }
}

/**
 * Writes members into a directory, each under its name once it is whole. Members that are there already stay, so that
 * a second export into it writes only what is new.
 */
export class FolderWriter implements MemberSink {
  readonly #path: string;
  /** They make the directory valid, and are written under their names last. */
  readonly #last: ReadonlySet<string>;
  readonly #folders = new Set<string>();
  #current: { readonly path: string; readonly partial: string; readonly file: Deno.FsFile; isLast: boolean } | null =
    null;
  readonly #waiting: { readonly partial: string; readonly path: string }[] = [];

  constructor(path: string, last: readonly string[]) {
    this.#path = path;
    this.#last = new Set(last);
    // What an earlier export wrote is valid until the new members begin to replace it.
    for (const name of last) removeIfThere(`${path}/${name}`);
  }

  has(name: string, sizeBytes: number): boolean {
    if (this.#last.has(name)) return false;
    try {
      const info = Deno.lstatSync(`${this.#path}/${name}`);
      return info.isFile && info.size === sizeBytes;
    } catch {
      return false;
    }
  }

  begin(name: string): void {
    const path = `${this.#path}/${name}`;
    const folder = path.slice(0, path.lastIndexOf("/"));
    if (!this.#folders.has(folder)) Deno.mkdirSync(folder, { recursive: true });
    this.#folders.add(folder);
    const partial = path + partialSuffix;
    const file = Deno.openSync(partial, { write: true, create: true, truncate: true });
    this.#current = { path, partial, file, isLast: this.#last.has(name) };
  }

  write(bytes: Uint8Array): void {
    writeAll(this.#current!.file, bytes);
  }

  end(isRight = true): void {
    const { path, partial, file, isLast } = this.#current!;
    this.#current = null;
    file.close();
    if (!isRight) removeIfThere(partial);
    else if (isLast) this.#waiting.push({ partial, path });
    else Deno.renameSync(partial, path);
  }

  finish(): Promise<void> {
    for (const { partial, path } of this.#waiting.splice(0).reverse()) Deno.renameSync(partial, path);
    return Promise.resolve();
  }

  abort(): void {
    if (this.#current === null) return;
    this.#current.file.close();
    removeIfThere(this.#current.partial);
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.lstatSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
