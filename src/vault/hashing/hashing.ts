import type { DigestAlgorithm } from "../../digest.ts";
import { VaultError } from "../../errors.ts";
import { InlineHash } from "./inline_hash.ts";
import { KeptHashes } from "./kept_hashes.ts";
import type { HashedSoFar, RunningHash } from "./running_hash.ts";
import type { HashReply, HashRequest } from "./worker.ts";

/** The largest body that is hashed as it passes; larger ones are hashed on the worker's thread, from the file. */
export const inlineHashBytes = 1024 * 1024;

/** Creates running hashes. It owns the worker, which starts with the first large body. */
export class Hashing {
  #worker: Worker | null = null;
  #closed = false;
  #nextId = 1;
  /** The running hashes of parked bodies. */
  readonly kept = new KeptHashes();
  readonly #asked = new Map<number, PromiseWithResolvers<HashedSoFar>[]>();

  /** Creates a hash that is handed the bytes. */
  inline(algorithms: DigestAlgorithm[]): RunningHash {
    return new InlineHash(algorithms, null);
  }

  /** Creates a hash of the growing file at `path`; `sizeBytes` is null where it is not known yet. */
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

  /** Stops the worker: all that is being hashed fails. */
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
