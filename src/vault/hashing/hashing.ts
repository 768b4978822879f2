import type { DigestAlgorithm } from "../../digest.ts";
import { VaultError } from "../../errors.ts";
import { HashThread } from "./hash_thread.ts";
import { InlineHash } from "./inline_hash.ts";
import { KeptHashes } from "./kept_hashes.ts";
import type { RunningHash } from "./running_hash.ts";
import type { HashRequest } from "./worker.ts";

/** The largest body that is hashed as it passes; larger ones are hashed on a thread, from the file. */
export const inlineHashBytes = 1024 * 1024;

/** Creates the running hashes of one vault. */
export class Hashing {
  readonly #thread: HashThread;
  readonly #isShared: boolean;
  #closed = false;
  /** The bodies that are hashed on the thread. */
  readonly #onThread = new Set<number>();
  /** The running hashes of parked bodies. */
  readonly kept = new KeptHashes();

  /** `shared` is a thread that outlives this; where it is null, there is one that ends with this. */
  constructor(shared: HashThread | null = null) {
    this.#thread = shared ?? new HashThread();
    this.#isShared = shared !== null;
  }

  /** Creates a hash that is handed the bytes. */
  inline(algorithms: DigestAlgorithm[]): RunningHash {
    return new InlineHash(algorithms, null);
  }

  /** Creates a hash of the growing file at `path`; `sizeBytes` is null where it is not known yet. */
  follow(path: string, sizeBytes: number | null, algorithms: DigestAlgorithm[]): RunningHash {
    if (sizeBytes !== null && sizeBytes <= inlineHashBytes) return new InlineHash(algorithms, path);
    const id = this.#thread.nextId();
    this.#onThread.add(id);
    this.#post({ id, kind: "open", path, algorithms });
    return {
      inline: false,
      update: (chunk) => this.#post({ id, kind: "update", chunk }),
      advance: (toBytes) => this.#post({ id, kind: "advance", toBytes }),
      digests: async () => {
        if (this.#closed) throw closingError();
        return await this.#thread.digests(id);
      },
      rest: () => this.#post({ id, kind: "rest" }),
      close: () => {
        if (this.#onThread.delete(id)) this.#thread.forget(id);
      },
    };
  }

  close(): void {
    this.#closed = true;
    for (const id of this.#onThread) this.#thread.forget(id, closingError());
    this.#onThread.clear();
    if (!this.#isShared) this.#thread.stop();
  }

  #post(request: HashRequest): void {
    if (!this.#closed) this.#thread.post(request);
  }
}

function closingError(): VaultError {
  return new VaultError("storage_failed", "Cannot hash a download: the vault is shutting down");
}
