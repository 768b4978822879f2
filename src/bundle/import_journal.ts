import { Buffer } from "node:buffer";
import { DigestSet } from "../store/digest_set.ts";
import { fileMode, folderMode, removeQuietly } from "../store/files.ts";
import { fileOrNull, openRegularFile } from "../store/regular_files.ts";
import { writeAll } from "../archive/byte_sink.ts";

const digestBytes = 32;
const digestsAtOnce = 8192;

/**
 * The bodies that imports of one bundle have stored, in a file that outlives them: the next import of the bundle need
 * not read those again. Closed by the caller.
 */
export class ImportJournal {
  readonly #path: string;
  readonly #file: Deno.FsFile;
  /** The bytes that earlier imports have written. */
  readonly #start: number;

  constructor(cacheDir: string, indexSha256: string) {
    const folder = `${cacheDir}/imports`;
    this.#path = `${folder}/${indexSha256}.journal`;
    Deno.mkdirSync(folder, { recursive: true, mode: folderMode });
    const size = fileOrNull(this.#path)?.size ?? 0;
    // A killed import may have written half a digest.
    this.#start = size - size % digestBytes;
    const options = { read: true, write: true };
    this.#file = size === 0
      ? Deno.openSync(this.#path, { ...options, create: true, mode: fileMode })
      : openRegularFile(this.#path, options).file;
    this.#file.truncateSync(this.#start);
    this.#file.seekSync(0, Deno.SeekMode.End);
  }

  /** The bodies of earlier imports. */
  earlier(): DigestSet {
    const digests = new DigestSet();
    for (const sha256 of this.#digests(0, this.#start)) digests.add(sha256);
    return digests;
  }

  add(digests: readonly string[]): void {
    writeAll(this.#file, Buffer.from(digests.join(""), "hex"));
  }

  /** The bodies of this import. */
  added(): Generator<string> {
    return this.#digests(this.#start, this.#file.statSync().size);
  }

  /** Forgets the bodies of this import. */
  revert(): void {
    this.#file.truncateSync(this.#start);
    this.#file.close();
    if (this.#start === 0) removeQuietly(this.#path);
  }

  /** Ends an import that is to be resumed. */
  close(): void {
    const isEmpty = this.#file.statSync().size === 0;
    this.#file.close();
    if (isEmpty) removeQuietly(this.#path);
  }

  /** Ends an import that is whole. */
  remove(): void {
    this.#file.close();
    removeQuietly(this.#path);
  }

  *#digests(from: number, to: number): Generator<string> {
    for (let at = from; at < to;) {
      const bytes = Buffer.alloc(Math.min(digestsAtOnce * digestBytes, to - at));
      this.#file.seekSync(at, Deno.SeekMode.Start);
      const count = this.#file.readSync(bytes) ?? 0;
      for (let one = 0; one + digestBytes <= count; one += digestBytes) {
        yield bytes.toString("hex", one, one + digestBytes);
      }
      at += count - count % digestBytes;
      if (count < digestBytes) break;
    }
    this.#file.seekSync(0, Deno.SeekMode.End);
  }
}
