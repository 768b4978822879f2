import { LRUCache } from "lru-cache";
import { atMost } from "../lru_limit.ts";

/** So many bodies are remembered; for others their entries are read. */
const rememberedFiles = 20_000;

/**
 * Identifies a file among all its copies, and changes when its content is written. It stays the same when the file is
 * renamed or read. The creation time is left out on file systems that do not have it.
 */
export function identityOf({ ino, birthtime, mtime }: Deno.FileInfo): string {
  return `${ino ?? ""} ${birthtime?.getTime() ?? ""} ${mtime?.getTime() ?? ""}`;
}

/** Remembers which files of bodies this process has compared with their digests, and the results. */
export class VerifiedFiles {
  readonly #sound = new LRUCache<string, string>(atMost(rememberedFiles));
  /** Damaged files that could not be removed: offline they stay. */
  readonly #damaged = new LRUCache<string, string>(atMost(rememberedFiles));

  /** The identity of the file that has the bytes of this digest; undefined where none is known. */
  soundFile(sha256: string): string | undefined {
    return this.#sound.get(sha256);
  }

  isDamaged(sha256: string, info: Deno.FileInfo): boolean {
    return this.#damaged.size > 0 && this.#damaged.get(sha256) === identityOf(info);
  }

  setSound(sha256: string, identity: string): void {
    this.#sound.set(sha256, identity);
  }

  setDamaged(sha256: string, identity: string): void {
    this.#sound.delete(sha256);
    this.#damaged.set(sha256, identity);
  }
}
