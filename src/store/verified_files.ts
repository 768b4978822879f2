import { LRUCache } from "lru-cache";

/** How many bodies are remembered; of others, their entries tell. */
const rememberedFiles = 20_000;

/**
 * Tells a file from every copy of it and from what it was before somebody wrote to it. Stays the same when it is
 * renamed, read or used. File systems that do not know when a file was made leave that part out.
 */
export function identityOf({ ino, birthtime, mtime }: Deno.FileInfo): string {
  return `${ino ?? ""} ${birthtime?.getTime() ?? ""} ${mtime?.getTime() ?? ""}`;
}

/** Which files of bodies this process has compared with their digest, and how that ended. */
export class VerifiedFiles {
  readonly #sound = new LRUCache<string, string>({ max: rememberedFiles });
  /** Those that could not be removed: offline they stay. */
  readonly #damaged = new LRUCache<string, string>({ max: rememberedFiles });

  /** The file that is known to have the bytes of this digest; undefined for none. */
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
