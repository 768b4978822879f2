import type { Log } from "../observe/log.ts";

/** Files of a wrong owner are many as a rule: they are reported this often. */
const warnEveryMs = 3_600_000;

/**
 * Files of the cache that this user may not read, as after a restore by another user, count as missing. The log says so
 * once an hour at most, since nothing else would tell them from files that are not there.
 */
export class Unreadable {
  readonly #root: string;
  readonly #log: Log;
  #warnedAt = -Infinity;

  constructor(root: string, log: Log) {
    this.#root = root;
    this.#log = log;
  }

  /** Notified of a file that could not be opened. Every other reason than the rights of this user is ignored. */
  failed(path: string, error: unknown): void {
    const isDenied = error instanceof Deno.errors.PermissionDenied;
    if (!isDenied || performance.now() - this.#warnedAt < warnEveryMs) return;
    this.#warnedAt = performance.now();
    this.#log.warning(
      `Cannot read "${path}" in the cache: this user may not, so it counts as missing, and others may as well. ` +
        `Everything in the cache directory has to belong to the user of the vault: chown -R USER "${this.#root}"`,
    );
  }

  /** The same for a file that is there and could not be read for a reason that is not known. */
  check(path: string): void {
    try {
      Deno.openSync(path).close();
    } catch (error) {
      this.failed(path, error);
    }
  }
}
