import type { TransferStatus } from "../vault/vault.ts";
import type { OpenedBackend } from "./backend_set.ts";

interface RetiredBackendsDeps {
  /** Returns the transfers under way. */
  readonly transfers: () => readonly TransferStatus[];
  /** For tests: calls back after so many milliseconds, unless the returned function was called. */
  readonly after?: (ms: number, callback: () => void) => () => void;
}

/** A request that has found such a backend has started its transfer by then. */
const graceMs = 60_000;
const lookEveryMs = 10_000;

/** Backends that are no longer configured. Their connections stay open until their transfers have ended. */
export class RetiredBackends {
  readonly #deps: RetiredBackendsDeps;
  readonly #waiting = new Map<OpenedBackend, () => void>();

  constructor(deps: RetiredBackendsDeps) {
    this.#deps = deps;
  }

  /** The number of backends whose connections are still open. */
  get count(): number {
    return this.#waiting.size;
  }

  /** Closes the connections of these backends once nobody can need them any more. */
  retire(backends: readonly OpenedBackend[]): void {
    const until = Date.now() + graceMs;
    for (const backend of backends) this.#look(backend, { inMs: graceMs, until });
  }

  /** Closes all connections, and so interrupts what is under way. */
  close(): void {
    for (const [{ upstreams }, cancel] of this.#waiting) {
      cancel();
      upstreams.close();
    }
    this.#waiting.clear();
  }

  #look(retired: OpenedBackend, { inMs, until }: { inMs: number; until: number }): void {
    const { after = unreferenced } = this.#deps;
    const look = () => {
      if (this.#isUsed(retired, until)) return this.#look(retired, { inMs: lookEveryMs, until });
      this.#waiting.delete(retired);
      retired.upstreams.close();
    };
    this.#waiting.set(retired, after(inMs, look));
  }

  /** Another backend may have the name by now: later transfers are its own. */
  #isUsed({ backend: { name } }: OpenedBackend, until: number): boolean {
    return this.#deps.transfers().some(({ backend, since }) => backend === name && since <= until);
  }
}

function unreferenced(ms: number, callback: () => void): () => void {
  const timer = setTimeout(callback, ms);
  Deno.unrefTimer(Number(timer));
  return () => clearTimeout(timer);
}
