import type { Log } from "../observe/log.ts";

/** Usually many files have the wrong owner: they are reported at most this often. */
const warnEveryMs = 3_600_000;

/**
 * Reports files of the cache that this user may not read, as after a restore by another user. They count as missing, and
 * nothing else would tell them from files that do not exist.
 */
export class Unreadable {
  readonly #root: string;
  readonly #log: Log;
  #warnedAt = -Infinity;

  constructor(root: string, log: Log) {
    this.#root = root;
    this.#log = log;
  }

  /** Reports a file or folder that could not be opened, if that is for the rights of this user. */
  failed(path: string, error: unknown): void {
    const isDenied = error instanceof Deno.errors.PermissionDenied;
    if (!isDenied || performance.now() - this.#warnedAt < warnEveryMs) return;
    this.#warnedAt = performance.now();
    this.#log.warning(
      `Cannot read "${path}" in the cache: this user may not, so it counts as missing, and others may as well. ` +
        `Everything in the cache directory has to belong to the user of the vault: chown -R USER "${this.#root}"`,
    );
  }

  /** Reports a file that could not be read for an unknown reason, if that is for the rights of this user. */
  check(path: string): void {
    try {
      Deno.openSync(path).close();
    } catch (error) {
      this.failed(path, error);
    }
  }
}
