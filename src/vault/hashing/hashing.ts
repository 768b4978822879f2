import { type DigestAlgorithm, Hasher } from "../../digest.ts";
import { VaultError } from "../../errors.ts";
import type { HashReply, HashRequest } from "./worker.ts";
import { KeptHashes } from "./kept_hashes.ts";

/** Bodies up to this size are hashed as they pass; larger ones on the worker's thread, from the file. */
export const inlineHashBytes = 1024 * 1024;

export interface HashedSoFar {
  readonly bytes: number;
  readonly digests: Partial<Record<DigestAlgorithm, string>>;
}

/** The digests of a body while it grows, from its first byte on. */
export interface RunningHash {
  /** Whether bytes are to be handed over with `update` as they come, rather than told of with `advance`. */
  readonly inline: boolean;
  /** The next bytes. The memory of `chunk` may be used again. */
  update(chunk: Uint8Array): void;
  /** The file holds all bytes up to `toBytes`: hash them from there. */
  advance(toBytes: number): void;
  /** The digests of all that has been handed over. Throws `storage_failed` where the file cannot be read. */
  digests(): Promise<HashedSoFar>;
  /** Holds no file open until more is to be hashed. */
  rest(): void;
  close(): void;
}

/** Makes running hashes; owns the worker, which starts with the first large body. */
export class Hashing {
  #worker: Worker | null = null;
  #closed = false;
  #nextId = 1;
  /** Of bodies that are parked. */
  readonly kept = new KeptHashes();
  readonly #asked = new Map<number, PromiseWithResolvers<HashedSoFar>[]>();

  /** Hashes by being handed the bytes. */
  inline(algorithms: DigestAlgorithm[]): RunningHash {
    return new InlineHash(algorithms, null);
  }

  /** Hashes the growing file at `path`; `sizeBytes` is null where it is not known yet. */
  follow(path: string, sizeBytes: number | null, algorithms: DigestAlgorithm[]): RunningHash {
    if (sizeBytes !== null && sizeBytes <= inlineHashBytes) return new InlineHash(algorithms, path);
    const id = this.#nextId++;
    this.#post({ id, kind: "open", path, algorithms });
    return {
      inline: false,
      update: (chunk) => this.#post({ id, kind: "update", chunk }),
      advance: (toBytes) => this.#post({ id, kind: "advance", toBytes }),
      digests: () => this.#ask(id),
      rest: () => this.#post({ id, kind: "rest" }),
      close: () => {
        this.#asked.delete(id);
        this.#post({ id, kind: "close" });
      },
    };
  }

  close(): void {
    this.#closed = true;
    this.#stopWorker("the vault is shutting down");
  }

  /** What is being hashed fails. */
  #stopWorker(reason: string): void {
    this.#worker?.terminate();
    this.#worker = null;
    const error = new VaultError("storage_failed", `Cannot hash a download: ${reason}`);
    for (const replies of this.#asked.values()) for (const reply of replies) reply.reject(error);
    this.#asked.clear();
  }

  async #ask(id: number): Promise<HashedSoFar> {
    if (this.#closed) throw new VaultError("storage_failed", "Cannot hash a download: the vault is shutting down");
    const reply = Promise.withResolvers<HashedSoFar>();
    this.#asked.set(id, [...(this.#asked.get(id) ?? []), reply]);
    this.#post({ id, kind: "digests" });
    return await reply.promise;
  }

  #post(request: HashRequest): void {
    if (this.#closed) return;
    this.#worker ??= this.#startWorker();
    this.#worker.postMessage(request);
  }

  #startWorker(): Worker {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<HashReply>) => {
      const reply = this.#asked.get(data.id)?.shift();
      if (data.error === undefined) reply?.resolve({ bytes: data.bytes, digests: data.digests });
      else reply?.reject(new VaultError("storage_failed", `Cannot hash a download: ${data.error}`));
    };
    worker.onerror = (event) => {
      event.preventDefault();
      this.#stopWorker(event.message);
    };
    return worker;
  }
}

class InlineHash implements RunningHash {
  readonly inline = true;
  readonly #hasher: Hasher;
  readonly #path: string | null;
  #toBytes = 0;
  /** Steps that wait for bytes to be read from the file. */
  #waiting = 0;
  #lastStep: Promise<void> = Promise.resolve();

  constructor(algorithms: DigestAlgorithm[], path: string | null) {
    this.#hasher = new Hasher(algorithms);
    this.#path = path;
  }

  update(chunk: Uint8Array): void {
    if (this.#isUpToDate) return this.#hasher.update(chunk);
    const own = chunk.slice();
    // Where reading fails, too few bytes have been hashed, and the check says so.
    this.#inOrder(() => this.#hasher.update(own)).catch(() => {});
  }

  advance(toBytes: number): void {
    this.#toBytes = Math.max(this.#toBytes, toBytes);
  }

  async digests(): Promise<HashedSoFar> {
    const now = () => ({ bytes: this.#hasher.bytes, digests: this.#hasher.digests() });
    return this.#isUpToDate ? now() : await this.#inOrder(now);
  }

  rest(): void {}

  close(): void {}

  get #isUpToDate(): boolean {
    return this.#waiting === 0 && this.#hasher.bytes >= this.#toBytes;
  }

  /** Hashes what was not handed over because it came out of order, and then takes `step`; one step after the other. */
  #inOrder<T>(step: () => T): Promise<T> {
    const toBytes = this.#toBytes;
    this.#waiting++;
    const done = this.#lastStep.then(() => this.#readOn(toBytes)).then(step).finally(() => this.#waiting--);
    this.#lastStep = done.then(() => {}, () => {});
    return done;
  }

  async #readOn(toBytes: number): Promise<void> {
    if (this.#hasher.bytes >= toBytes) return;
    if (this.#path === null) throw new VaultError("storage_failed", "Cannot hash a download that is not on disk");
    using file = await Deno.open(this.#path);
    await file.seek(this.#hasher.bytes, Deno.SeekMode.Start);
    const buffer = new Uint8Array(64 * 1024);
    while (this.#hasher.bytes < toBytes) {
      const read = await file.read(buffer.subarray(0, Math.min(buffer.byteLength, toBytes - this.#hasher.bytes)));
      if (read === null) throw new VaultError("storage_failed", "Cannot hash a download: the staged file is too short");
      this.#hasher.update(buffer.subarray(0, read));
    }
  }
}
