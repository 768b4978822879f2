import { createHash } from "node:crypto";
import { writeAll } from "../archive/byte_sink.ts";
import type { Member } from "../archive/member_source.ts";
import { VaultError } from "../errors.ts";
import { fileMode, folderMode, removeQuietly } from "../store/files.ts";
import type { FsLayout } from "../store/fs_layout.ts";
import { hashBody, restoreLastUse } from "../store/hash_body.ts";
import { fileOrNull } from "../store/regular_files.ts";
import { identityOf } from "../store/verified_files.ts";
import { blobName } from "./blob_name.ts";
import type { Body } from "./body_list.ts";
import { Breather } from "./breather.ts";
import type { ImportFolder } from "./import_folder.ts";

/** So many files, or bytes, are flushed to disk together, while the next ones are written. */
const batchFiles = 200;
const batchBytes = 16 * 1024 * 1024;
const chunkBytes = 1024 * 1024;

/** What is in the place of a body. */
export type Stored =
  | { readonly kind: "missing" }
  /** It has other bytes than its name says, or the disk has an error in it. */
  | { readonly kind: "damaged" }
  /** `info` is that of the file where its bytes were compared with its name; null where it cannot be read. */
  | { readonly kind: "there"; readonly info: Deno.FileInfo | null }
  /** An earlier import of the bundle has compared it, and the one in the bundle as well. */
  | { readonly kind: "settled" };

interface Staged extends Body {
  readonly file: Deno.FsFile;
}

/**
 * Stores bodies that are carried in: each is written to a file of its own, compared with its digest and flushed to disk.
 * There it waits until it is moved to its place, when nothing can turn out to be wrong with the bundle.
 */
export class BodyIntake {
  readonly #layout: FsLayout;
  readonly #folder: ImportFolder;
  readonly #signal: AbortSignal | undefined;
  readonly #breather: Breather;
  /** A stopped import moves bodies as well. */
  readonly #unstopped = new Breather(undefined);
  readonly #made = new Set<string>();
  readonly #chunk = new Uint8Array(chunkBytes);
  #batch: Staged[] = [];
  #batchBytes = 0;
  #flushing: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | null = null;

  constructor(layout: FsLayout, { folder, signal }: { folder: ImportFolder; signal?: AbortSignal | undefined }) {
    this.#layout = layout;
    this.#folder = folder;
    this.#signal = signal;
    this.#breather = new Breather(signal);
  }

  /** Looks at what is in the place of a body, and reads it where nothing is known of its bytes. That is no use of it. */
  async look({ sha256, sizeBytes }: Body): Promise<Stored> {
    const path = this.#layout.blob(sha256);
    const info = fileOrNull(path);
    if (info === null) return { kind: "missing" };
    if (info.size !== sizeBytes) return { kind: "damaged" };
    if (this.#folder.isVerified({ sha256, info })) return { kind: "settled" };
    const signal = this.#signal ?? new AbortController().signal;
    const hashed = await hashBody(path, { buffer: this.#chunk, signal, read: () => {} });
    const after = fileOrNull(path);
    if (after === null) return { kind: "missing" };
    if (after.atime?.getTime() !== info.atime?.getTime()) restoreLastUse(path, info);
    // Who has replaced it meanwhile has looked at its bytes.
    if (hashed.kind === "unread" || identityOf(after) !== identityOf(info)) return { kind: "there", info: null };
    return hashed.kind === "hashed" && hashed.sha256 === sha256 ? { kind: "there", info } : { kind: "damaged" };
  }

  /** Notes that a file in the place of a body has the same bytes as the bundle. */
  settled({ sha256 }: Body, info: Deno.FileInfo): void {
    this.#folder.noteVerified([{ sha256, info }]);
  }

  /** Reads a member and stores it. Throws `bundle_wrong` where its bytes do not fit its name. */
  async store(body: Body, member: Pick<Member, "next">): Promise<void> {
    const path = this.#partialOf(body);
    removeQuietly(path);
    const file = Deno.openSync(path, { write: true, createNew: true, mode: fileMode });
    try {
      await this.check(body, member, (bytes) => writeAll(file, bytes));
    } catch (error) {
      file.close();
      removeQuietly(path);
      throw error;
    }
    this.#batch.push({ ...body, file });
    this.#batchBytes += body.sizeBytes;
    if (this.#batch.length >= batchFiles || this.#batchBytes >= batchBytes) await this.#startFlush();
  }

  /** Reads a member and compares it with its digest. Throws as `store`. */
  async check({ sha256 }: Body, member: Pick<Member, "next">, write?: (bytes: Uint8Array) => void): Promise<void> {
    const hash = createHash("sha256");
    for (let bytes; (bytes = await member.next()) !== null;) {
      hash.update(bytes);
      write?.(bytes);
      await this.#breather.breathe();
    }
    if (hash.digest("hex") === sha256) return;
    throw new VaultError("bundle_wrong", `the bytes of "${blobName(sha256)}" do not fit its name`);
  }

  /** Resolves when all bodies are on the disk. */
  async settle(): Promise<void> {
    await this.#startFlush();
    await this.#flushing;
    this.#throwFailure();
  }

  /** Moves those that wait to their places, also when the import is stopped. */
  async place(bodies: Iterable<Body>): Promise<void> {
    for (const body of bodies) {
      if (this.#folder.holds(body)) this.#place(body);
      await this.#unstopped.breathe();
    }
  }

  /** Removes all bodies that wait. */
  async revert(): Promise<void> {
    await this.#flushing;
    discard(this.#batch.splice(0));
    this.#folder.remove();
  }

  #partialOf({ sha256 }: Body): string {
    return `${this.#folder.pathOf(sha256)}.partial`;
  }

  async #startFlush(): Promise<void> {
    const batch = this.#batch;
    this.#batch = [];
    this.#batchBytes = 0;
    await this.#flushing;
    this.#throwFailure(batch);
    this.#flushing = this.#flush(batch).catch((error) => {
      this.#failure = { error };
      discard(batch);
    });
  }

  async #flush(batch: readonly Staged[]): Promise<void> {
    await Promise.all(batch.map(({ file }) => file.syncData()));
    this.#folder.noteVerified(batch.map(({ file, ...body }) => {
      file.close();
      const path = this.#folder.pathOf(body.sha256);
      Deno.renameSync(this.#partialOf(body), path);
      return { sha256: body.sha256, info: Deno.lstatSync(path) };
    }));
  }

  #place({ sha256 }: Body): void {
    const target = this.#layout.blob(sha256);
    const folder = sha256.slice(0, 2);
    if (!this.#made.has(folder)) {
      Deno.mkdirSync(target.slice(0, target.lastIndexOf("/")), { recursive: true, mode: folderMode });
      this.#made.add(folder);
    }
    Deno.renameSync(this.#folder.pathOf(sha256), target);
  }

  #throwFailure(batch: readonly Staged[] = []): void {
    if (this.#failure === null) return;
    discard(batch);
    throw this.#failure.error;
  }
}

function discard(batch: readonly Staged[]): void {
  for (const { file } of batch) {
    try {
      file.close();
    } catch {
      // It was closed before what failed.
    }
  }
}
