import { asPermissionMissing } from "../config/permission.ts";
import { messageOf, VaultError } from "../errors.ts";
import type { Log } from "../observe/log.ts";
import { whyUnreadable } from "./why_unreadable.ts";

/** The time for which a file counts as unchanged after a look at it. */
const trustedForMs = 2000;
/** The size limit of a secret: a larger file is no secret. */
const maxBytes = 64 * 1024;

export interface SecretFileOptions {
  readonly log: Log;
  /** Returns milliseconds on a monotonic clock; for tests. */
  readonly now?: () => number;
}

/** A secret in a file. It changes with the file, also where another file takes its place. */
export class SecretFile {
  readonly #path: string;
  readonly #log: Log;
  readonly #now: () => number;
  #secret: string;
  /** The version of the file that the secret was read from. */
  #version: string;
  #lookedAt: number;
  /** The reason why the file cannot be used now, as it was logged; null where it can. */
  #problem: string | null = null;

  /** Reads the file. Throws the errors of `readSecret`. */
  constructor(path: string, { log, now = () => performance.now() }: SecretFileOptions) {
    this.#path = path;
    this.#log = log;
    this.#now = now;
    this.#lookedAt = now();
    this.#version = versionOf(path);
    this.#secret = readSecret(path);
  }

  /**
   * Returns the secret as of the last two seconds. While the file cannot be used, this is the last good secret, and one
   * WARNING says why.
   */
  current(): string {
    if (this.#now() - this.#lookedAt >= trustedForMs) this.#look(false);
    return this.#secret;
  }

  /** Reads the file even where it looks unchanged, and returns the secret. */
  reread(): string {
    this.#look(true);
    return this.#secret;
  }

  #look(readsAnyway: boolean): void {
    this.#lookedAt = this.#now();
    try {
      // The version is taken before the read, so that a write in between shows as another version the next time.
      const version = versionOf(this.#path);
      if (version === this.#version && !readsAnyway) return;
      const secret = readSecret(this.#path);
      if (secret !== this.#secret) this.#log.info(`The secret in "${this.#path}" has changed`);
      this.#secret = secret;
      this.#version = version;
      this.#problem = null;
    } catch (error) {
      this.#warn(messageOf(error));
    }
  }

  #warn(problem: string): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    this.#log.warning(`${problem}; the secret from before stays in use`);
  }
}

/**
 * Reads a secret: the one line of a file, without a byte order mark and its line end. Throws `storage_failed` where the
 * file cannot be read or has no such line, and `permission_missing`; neither message quotes the file.
 */
export function readSecret(path: string): string {
  const info = attempt(path, () => Deno.statSync(path));
  // A pipe can be read once, and a device may never end.
  if (!info.isFile) throw unusable(path, "it is not a regular file");
  if (info.size > maxBytes) throw unusable(path, `it has more than ${maxBytes / 1024} KiB, which no secret has`);
  const secret = attempt(path, () => Deno.readTextFileSync(path)).replace(/^\ufeff|\r?\n$/g, "");
  if (secret === "") throw unusable(path, "it is empty");
  if (/[\r\n]/.test(secret)) throw unusable(path, "it has more than one line; only the secret may stand in it");
  return secret;
}

/**
 * Returns a text that differs when the file was written to, or when another file has its name, as where a symbolic link
 * now points elsewhere.
 */
function versionOf(path: string): string {
  const { dev, ino, size, mtime } = attempt(path, () => Deno.statSync(path));
  return [dev, ino, size, mtime?.getTime()].join(" ");
}

function attempt<T>(path: string, access: () => T): T {
  try {
    return access();
  } catch (error) {
    throw asPermissionMissing(error) ?? unusable(path, whyUnreadable(error), error);
  }
}

function unusable(path: string, reason: string, cause?: unknown): VaultError {
  return new VaultError("storage_failed", `Cannot read a secret from "${path}": ${reason}`, { cause });
}
