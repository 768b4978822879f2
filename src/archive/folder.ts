import { createHash } from "node:crypto";
import { VaultError } from "../errors.ts";
import { folderMode } from "../store/files.ts";
import { openRegularFile } from "../store/regular_files.ts";
import type { Member, MemberSink, MemberSource } from "./member_source.ts";
import { PartialFile, removeIfThere } from "./partial_file.ts";

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
    let left = size;
    return {
      sizeBytes: size,
      next: () => {
        // One byte more than there should be tells that the file grows: it may do so for ever.
        const count = file.readSync(this.#chunk.subarray(0, Math.min(left + 1, chunkBytes)));
        const isWhole = count === null && left === 0;
        if (count === null || count > left) file.close();
        if (isWhole) return Promise.resolve(null);
        if (count === null || count > left) return Promise.reject(changed(path, count === null ? "shorter" : "longer"));
        left -= count;
        return Promise.resolve(this.#chunk.subarray(0, count));
      },
      skip: () => {
        file.close();
        return Promise.resolve();
      },
    };
  }
}

/**
 * Writes members into a directory. Those with a digest get their names once they are whole, and stay where they are
 * there already, so that a second export into it writes only what is new. All others replace those of an earlier
 * export in one go at the end, so that a failed export leaves the directory as it was.
 */
export class FolderWriter implements MemberSink {
  readonly #path: string;
  readonly #heads: readonly string[];
  readonly #folders = new Set<string>();
  readonly #waiting: PartialFile[] = [];
  #current: { readonly file: PartialFile; readonly isHead: boolean } | null = null;

  /** `heads` are the names of all members without a digest: without the first one, the directory is not valid. */
  constructor(path: string, heads: readonly string[]) {
    this.#path = path;
    this.#heads = heads;
  }

  async has(name: string, sizeBytes: number, sha256: string | null): Promise<boolean> {
    if (sha256 === null || !isFile(`${this.#path}/${name}`)) return false;
    return await hasBytes(`${this.#path}/${name}`, sizeBytes, sha256);
  }

  begin(name: string): void {
    const path = `${this.#path}/${name}`;
    const folder = path.slice(0, path.lastIndexOf("/"));
    if (!this.#folders.has(folder)) Deno.mkdirSync(folder, { recursive: true, mode: folderMode });
    this.#folders.add(folder);
    this.#current = { file: new PartialFile(path), isHead: this.#heads.includes(name) };
  }

  write(bytes: Uint8Array): void {
    this.#current!.file.write(bytes);
  }

  end(isRight = true): void {
    const { file, isHead } = this.#current!;
    this.#current = null;
    file.close();
    if (!isRight) file.abort();
    else if (isHead) this.#waiting.push(file);
    else file.commit();
  }

  finish(): Promise<void> {
    // Whoever reads meanwhile, or after a crash, finds no bundle rather than one of two halves.
    for (const name of this.#heads) removeIfThere(`${this.#path}/${name}`);
    for (const file of this.#waiting.splice(0).reverse()) file.commit();
    return Promise.resolve();
  }

  abort(): void {
    this.#current?.file.abort();
    for (const file of this.#waiting.splice(0)) file.abort();
  }
}

async function hasBytes(path: string, sizeBytes: number, sha256: string): Promise<boolean> {
  const { file, sizeBytes: actual } = openRegularFile(path);
  try {
    if (actual !== sizeBytes) return false;
    const hash = createHash("sha256");
    const chunk = new Uint8Array(Math.min(sizeBytes, chunkBytes));
    for (let count; sizeBytes > 0 && (count = await file.read(chunk)) !== null;) hash.update(chunk.subarray(0, count));
    return hash.digest("hex") === sha256;
  } finally {
    file.close();
  }
}

/** The error for a file that is written to while it is read; a copy that is begun anew is shorter. */
function changed(path: string, how: "shorter" | "longer"): VaultError {
  const code = how === "shorter" ? "bundle_interrupted" : "bundle_wrong";
  return new VaultError(code, `"${path}" has become ${how} while it was read`);
}

function isFile(path: string): boolean {
  try {
    return Deno.lstatSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
