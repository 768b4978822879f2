import { LRUCache } from "lru-cache";
import type { RunningHash } from "./running_hash.ts";

/** The most hashes in memory; bodies that are parked beyond it are hashed again when they are resumed. */
const mostKept = 64;

interface Kept {
  readonly hash: RunningHash;
  readonly bytes: number;
  readonly algorithms: string;
  readonly state: string;
}

interface Extent {
  /** The bytes of the file that were hashed, from its first on. */
  readonly bytes: number;
  readonly algorithms: readonly string[];
}

/**
 * The running hashes of parked bodies, so that a body which is resumed by the process that parked it need not be read
 * and hashed again.
 */
export class KeptHashes {
  readonly #kept = new LRUCache<string, Kept>({
    max: mostKept,
    dispose: ({ hash }, _path, reason) => {
      if (reason !== "delete") hash.close();
    },
  });

  /** Takes over the hash of the file at `path`, which nobody writes to until it is resumed. */
  keep(path: string, hash: RunningHash, { bytes, algorithms }: Extent): void {
    const state = stateOf(path);
    if (state === null) return hash.close();
    hash.rest();
    this.#kept.set(path, { hash, bytes, algorithms: algorithms.join(), state });
  }

  /** Hands the hash over to the caller; null where there is none, or where the file has been written to since. */
  take(path: string, { bytes, algorithms }: Extent): RunningHash | null {
    const kept = this.#kept.get(path);
    if (kept === undefined) return null;
    this.#kept.delete(path);
    if (kept.bytes === bytes && kept.algorithms === algorithms.join() && kept.state === stateOf(path)) return kept.hash;
    kept.hash.close();
    return null;
  }
}

/** Returns a text that differs once somebody else has written to the file; null where the file is gone. */
function stateOf(path: string): string | null {
  try {
    const { size, mtime, ino } = Deno.statSync(path);
    return [size, mtime?.getTime(), ino].join();
  } catch {
    return null;
  }
}
