import { VaultError } from "../../errors.ts";
import { startThread, type Thread } from "../../threads/thread.ts";
import type { HashedSoFar } from "./running_hash.ts";
import type { HashReply, HashRequest } from "./worker.ts";

type Reply = PromiseWithResolvers<HashedSoFar>;

/** The thread that hashes large bodies. It starts with the first of them; vaults of one process may share it. */
export class HashThread {
  #thread: Thread | null = null;
  #lastId = 0;
  readonly #asked = new Map<number, Reply[]>();

  /** Returns a number that no other body of this thread has. */
  nextId(): number {
    return ++this.#lastId;
  }

  post(request: HashRequest): void {
    this.#thread ??= this.#start();
    this.#thread.port.postMessage(request);
  }

  /** Returns the digests of all bytes so far. Throws `storage_failed` where the file cannot be read. */
  async digests(id: number): Promise<HashedSoFar> {
    const reply = Promise.withResolvers<HashedSoFar>();
    this.#asked.set(id, [...(this.#asked.get(id) ?? []), reply]);
    this.post({ id, kind: "digests" });
    return await reply.promise;
  }

  /** Closes the file of a body. Where an error is given, those who still wait for its digests get it. */
  forget(id: number, error?: VaultError): void {
    const replies = this.#asked.get(id) ?? [];
    this.#asked.delete(id);
    this.#thread?.port.postMessage({ id, kind: "close" } satisfies HashRequest);
    for (const reply of replies) if (error) reply.reject(error);
  }

  /** Ends the thread. All bodies have been forgotten. */
  stop(): void {
    this.#thread?.close();
    this.#thread = null;
  }

  #fail(reason: string): void {
    this.stop();
    const error = new VaultError("storage_failed", `Cannot hash a download: ${reason}`);
    for (const replies of this.#asked.values()) for (const reply of replies) reply.reject(error);
    this.#asked.clear();
  }

  #start(): Thread {
    const url = new URL("./worker.ts", import.meta.url).href;
    const thread = startThread({ url, onFailed: (reason) => this.#fail(reason), isShared: true });
    thread.port.onmessage = ({ data }: MessageEvent<HashReply>) => {
      const reply = this.#asked.get(data.id)?.shift();
      if (data.error === undefined) reply?.resolve({ bytes: data.bytes, digests: data.digests });
      else reply?.reject(new VaultError("storage_failed", `Cannot hash a download: ${data.error}`));
    };
    return thread;
  }
}
