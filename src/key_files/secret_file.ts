import { asPermissionMissing } from "../config/permission.ts";
import { messageOf, VaultError } from "../errors.ts";
import type { Log } from "../observe/log.ts";
import { whyUnreadable } from "./why_unreadable.ts";

/** How long a file counts as unchanged after it was looked at. */
const trustedForMs = 2000;
/** More than any token has; what is larger is another file. */
const maxBytes = 64 * 1024;

export interface SecretFileOptions {
  readonly log: Log;
  /** Milliseconds on a clock that never goes back; for tests. */
  readonly now?: () => number;
}

/** A secret that stands in a file, and changes with it: also where another file takes its place. */
export class SecretFile {
  readonly #path: string;
  readonly #log: Log;
  readonly #now: () => number;
  #secret: string;
  /** Which version of the file the secret is from. */
  #version: string;
  #lookedAt: number;
  /** Why the file is not usable now, as it was logged. */
  #problem: string | null = null;

  /** Reads the file. Throws as `readSecret`. */
  constructor(path: string, { log, now = () => performance.now() }: SecretFileOptions) {
    this.#path = path;
    this.#log = log;
    this.#now = now;
    this.#lookedAt = now();
    this.#version = versionOf(path);
    this.#secret = readSecret(path);
  }

  /**
   * What the file said within the last two seconds. While it cannot be used, the last secret that it held; a WARNING
   * then says why, once.
   */
  current(): string {
    if (this.#now() - this.#lookedAt >= trustedForMs) this.#look(false);
    return this.#secret;
  }

  /** What the file says now, read also where it looks unchanged. */
  reread(): string {
    this.#look(true);
    return this.#secret;
  }

  #look(readsAnyway: boolean): void {
    this.#lookedAt = this.#now();
    try {
      // Before the file is read: what is written in between shows as another version the next time.
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
    this.#log.warning(`${problem}; the secret that it held before stays in use`);
  }
}

/**
 * Reads the one line of a file that is a secret, without a byte order mark and its line end. Throws `storage_failed`
 * where the file cannot be read or holds no such line, and `permission_missing`; neither quotes the file.
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

/** Differs when the file was written to, or when another one has its name: as where a symbolic link is turned. */
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
