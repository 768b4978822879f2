import { replaceFile } from "./files.ts";
import type { FsLayout } from "./fs_layout.ts";
import { readTextOrNull, statOrNull } from "./regular_files.ts";

/**
 * Tells the processes that share a cache directory of each other's changes: whoever has added or removed bodies
 * replaces a small file, and whoever sees another one there counts again.
 */
export class SharedChanges {
  readonly #path: string;
  readonly #temporary: () => string;
  #seen: string | null;

  constructor(layout: FsLayout, temporary: () => string) {
    this.#path = layout.changes;
    this.#temporary = temporary;
    this.#seen = identityAt(this.#path);
  }

  /** True if another process has announced a change since the last look. */
  take(): boolean {
    const now = identityAt(this.#path);
    const hasChanged = now !== null && now !== this.#seen;
    this.#seen = now;
    return hasChanged;
  }

  /** Announces a change of this process's. Throws where nothing can be written. */
  async announce(): Promise<void> {
    const unseen = identityAt(this.#path) !== this.#seen;
    const text = `${new Date().toISOString()} ${crypto.randomUUID()}\n`;
    await replaceFile(this.#path, this.#temporary(), text);
    const announced = identityAt(this.#path);
    // What others have announced before, or since, is still to be seen.
    if (!unseen && readTextOrNull(this.#path, text.length) === text) this.#seen = announced;
  }
}

/** Announces a change of a process that has no store: the servers on this cache directory count again soon. */
export async function announceChange(layout: FsLayout): Promise<void> {
  await new SharedChanges(layout, () => `${layout.changes}.${crypto.randomUUID()}.tmp`).announce();
}

function identityAt(path: string): string | null {
  const info = statOrNull(path);
  return info && `${info.ino} ${info.mtime?.getTime()} ${info.size}`;
}
