import { createHash } from "node:crypto";
import { writeAll } from "../archive/byte_sink.ts";
import type { Member } from "../archive/member_source.ts";
import { VaultError } from "../errors.ts";
import { fileMode, folderMode, removeQuietly } from "../store/files.ts";
import type { FsLayout } from "../store/fs_layout.ts";
import { fileOrNull } from "../store/regular_files.ts";
import { blobName } from "./blob_name.ts";
import type { Body } from "./body_list.ts";
import type { ImportJournal } from "./import_journal.ts";

/** So many files, or bytes, are flushed to disk together, while the next ones are written. */
const batchFiles = 200;
const batchBytes = 16 * 1024 * 1024;

interface Staged extends Body {
  readonly path: string;
  readonly file: Deno.FsFile;
}

interface IntakeOptions {
  readonly journal: ImportJournal;
  /** A path for a file that is about to be renamed into place. */
  readonly temporary: () => string;
}

/**
 * Stores bodies that are carried in: each is written to a file of its own, compared with its digest, flushed to disk and
 * only then renamed to its place.
 */
export class BodyIntake {
  readonly #layout: FsLayout;
  readonly #options: IntakeOptions;
  readonly #folders = new Set<string>();
  #batch: Staged[] = [];
  #batchBytes = 0;
  #flushing: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | null = null;

  constructor(layout: FsLayout, options: IntakeOptions) {
    this.#layout = layout;
    this.#options = options;
  }

  isStored({ sha256, sizeBytes }: Body): boolean {
    return fileOrNull(this.#layout.blob(sha256))?.size === sizeBytes;
  }

  /** Reads a member and stores it. Throws `bundle_wrong` where its bytes do not fit its name. */
  async store(body: Body, member: Pick<Member, "next">): Promise<void> {
    const path = this.#options.temporary();
    const file = Deno.openSync(path, { write: true, createNew: true, mode: fileMode });
    try {
      await this.check(body, member, (bytes) => writeAll(file, bytes));
    } catch (error) {
      file.close();
      removeQuietly(path);
      throw error;
    }
    this.#batch.push({ ...body, path, file });
    this.#batchBytes += body.sizeBytes;
    if (this.#batch.length >= batchFiles || this.#batchBytes >= batchBytes) await this.#startFlush();
  }

  /** Reads a member and compares it with its digest. Throws as `store`. */
  async check({ sha256 }: Body, member: Pick<Member, "next">, write?: (bytes: Uint8Array) => void): Promise<void> {
    const hash = createHash("sha256");
    for (let bytes; (bytes = await member.next()) !== null;) {
      hash.update(bytes);
      write?.(bytes);
    }
    if (hash.digest("hex") === sha256) return;
    throw new VaultError("bundle_wrong", `the bytes of "${blobName(sha256)}" do not fit its name`);
  }

  /** Resolves when all bodies are in their places. */
  async settle(): Promise<void> {
    await this.#startFlush();
    await this.#flushing;
    this.#throwFailure();
  }

  /** Removes all bodies that this import has stored. */
  async revert(): Promise<void> {
    const { journal } = this.#options;
    await this.#flushing;
    for (const { file, path } of this.#batch.splice(0)) {
      file.close();
      removeQuietly(path);
    }
    for (const sha256 of journal.added()) removeQuietly(this.#layout.blob(sha256));
    journal.revert();
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
    for (const { file, path, sha256 } of batch) {
      file.close();
      this.#place(path, sha256);
    }
    this.#options.journal.add(batch.map(({ sha256 }) => sha256));
  }

  #place(path: string, sha256: string): void {
    const target = this.#layout.blob(sha256);
    const folder = sha256.slice(0, 2);
    if (!this.#folders.has(folder)) {
      Deno.mkdirSync(target.slice(0, target.lastIndexOf("/")), { recursive: true, mode: folderMode });
      this.#folders.add(folder);
    }
    Deno.renameSync(path, target);
  }

  #throwFailure(batch: readonly Staged[] = []): void {
    if (this.#failure === null) return;
    discard(batch);
    throw this.#failure.error;
  }
}

function discard(batch: readonly Staged[]): void {
  for (const { file, path } of batch) {
    try {
      file.close();
    } catch {
      // It was closed before what failed.
    }
    removeQuietly(path);
  }
}
