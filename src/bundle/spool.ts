import { type ByteSink, writeAll } from "../archive/byte_sink.ts";
import { messageOf, VaultError } from "../errors.ts";
import { fileMode, folderMode, namesIn, removeQuietly } from "../store/files.ts";
import { fileOrNull, openRegularFile } from "../store/regular_files.ts";
import { tryLock } from "../store/try_lock.ts";
import { DiskRoom } from "./disk_room.ts";

/** Other folders beside it are staged bodies, which can be resumed. */
const prefix = "bundle-";
const lockSuffix = ".lock";

/** A folder for what does not fit into memory, gone when it is closed. */
export class Spool {
  readonly #folder: string;
  readonly #lock: Deno.FsFile;
  readonly #room: DiskRoom;
  readonly #files: Deno.FsFile[] = [];

  private constructor(folder: string, lock: Deno.FsFile) {
    this.#folder = folder;
    this.#lock = lock;
    this.#room = new DiskRoom(folder);
  }

  /**
   * Makes one in the first of some folders that can be written to, and removes what killed processes have left there. It
   * is locked as a vault locks its folder for staged bodies, so that a vault does the same. Throws `storage_failed`.
   */
  static async open(folders: readonly string[]): Promise<Spool> {
    let last: unknown;
    for (const parent of folders) {
      const folder = `${parent}/${prefix}${crypto.randomUUID()}`;
      try {
        Deno.mkdirSync(parent, { recursive: true, mode: folderMode });
        await removeLeft(parent);
        const lock = Deno.openSync(folder + lockSuffix, { write: true, create: true, mode: fileMode });
        await lock.lock(true);
        Deno.mkdirSync(folder, { mode: folderMode });
        return new Spool(folder, lock);
      } catch (error) {
        last = error;
      }
    }
    throw new VaultError(
      "storage_failed",
      `Cannot make a folder for temporary files in ${folders.map((one) => `"${one}"`).join(" or ")}: ${
        messageOf(last)
      }; name a folder with --temporary`,
      { cause: last },
    );
  }

  path(name: string): string {
    return `${this.#folder}/${name}`;
  }

  /** Throws `storage_failed` where the disk has no room for so many bytes. */
  checkRoom(bytes: number): void {
    this.#room.check(bytes);
  }

  /** A file of this name that is written in order and read at any place. Closed with the spool. */
  file(name: string): SpoolFile {
    const file = Deno.openSync(this.path(name), { read: true, write: true, create: true, mode: fileMode });
    this.#files.push(file);
    return new SpoolFile(file, this.#room);
  }

  /** Writes a file of this name, which others read by its path once it is finished. */
  sink(name: string): ByteSink {
    const file = this.file(name);
    return { write: (bytes) => file.append(bytes), finish: () => Promise.resolve(file.flush()), abort: () => {} };
  }

  close(): void {
    for (const file of this.#files.splice(0)) file.close();
    removeQuietly(this.#folder);
    removeQuietly(this.#folder + lockSuffix);
    this.#lock.close();
  }
}

/** Removes the folders whose lock nobody has. */
async function removeLeft(parent: string): Promise<void> {
  for (const name of namesIn(parent)) {
    if (!name.startsWith(prefix) || !name.endsWith(lockSuffix)) continue;
    const path = `${parent}/${name}`;
    if (fileOrNull(path) === null) continue;
    using lock = openRegularFile(path, { write: true }).file;
    if (!await tryLock(lock)) continue;
    removeQuietly(path.slice(0, -lockSuffix.length));
    removeQuietly(path);
  }
}

const bufferBytes = 256 * 1024;

export class SpoolFile {
  readonly #file: Deno.FsFile;
  readonly #room: DiskRoom;
  readonly #buffer = new Uint8Array(bufferBytes);
  #filled = 0;
  #written = 0;

  constructor(file: Deno.FsFile, room: DiskRoom) {
    this.#file = file;
    this.#room = room;
  }

  get sizeBytes(): number {
    return this.#written + this.#filled;
  }

  /** Throws `storage_failed` where that would fill the disk. */
  append(bytes: Uint8Array): void {
    this.#room.take(bytes.byteLength);
    if (this.#filled + bytes.byteLength > bufferBytes) this.flush();
    if (bytes.byteLength > bufferBytes) {
      writeAll(this.#file, bytes);
      this.#written += bytes.byteLength;
      return;
    }
    this.#buffer.set(bytes, this.#filled);
    this.#filled += bytes.byteLength;
  }

  /** Fills `bytes` with those from `offset` on, all of which were appended; nothing is appended after that. */
  readInto(bytes: Uint8Array<ArrayBuffer>, offset: number): void {
    this.flush();
    this.#file.seekSync(offset, Deno.SeekMode.Start);
    for (let at = 0; at < bytes.byteLength;) {
      const count = this.#file.readSync(bytes.subarray(at));
      if (count === null) throw new VaultError("storage_failed", "A temporary file has become shorter");
      at += count;
    }
  }

  flush(): void {
    if (this.#filled > 0) writeAll(this.#file, this.#buffer.subarray(0, this.#filled));
    this.#written += this.#filled;
    this.#filled = 0;
  }
}
