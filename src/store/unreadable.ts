import type { Log } from "../observe/log.ts";

/** Usually many files have the wrong owner: they are reported at most this often. */
const warnEveryMs = 3_600_000;

/**
 * Reports files of the cache that this user may not read, as after a restore by another user. They count as missing,
 * and nothing else would tell them from files that do not exist.
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
        `Everything in the cache directory ${ownerRemedy(this.#root)}`,
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

/**
 * Says that files in a cache directory belong to another user, as after a restore; null where none seem to. It looks
 * into the first folder in each folder, and at the first file: `look` lists a folder, or opens a file.
 */
export async function foreignFilesWarning(dir: string, look = listOrOpen): Promise<string | null> {
  for (const folder of ["staging", "entries", "blobs"]) {
    for (let path: string | null = `${dir}/${folder}`; path !== null;) {
      try {
        const child: string | null = await look(path);
        path = child && `${path}/${child}`;
      } catch (error) {
        if (error instanceof Deno.errors.PermissionDenied) return foreign(path!, dir);
        path = null;
      }
    }
  }
  return null;
}

function foreign(path: string, dir: string): string {
  return `This user may not read "${path}", which counts as missing, and so may much else in the cache directory. ` +
    `Everything there ${ownerRemedy(dir)}`;
}

function ownerRemedy(dir: string): string {
  return `has to belong to the user of the vault: chown -R USER "${dir}"`;
}

/** The first name in a folder; null for an empty one, and for a file that can be opened. */
async function listOrOpen(path: string): Promise<string | null> {
  const { isDirectory, isFile } = await Deno.stat(path);
  // Opening a pipe would never end.
  if (isFile) (await Deno.open(path)).close();
  if (isDirectory) { for await (const { name } of Deno.readDir(path)) return name; }
  return null;
}
