import { asPermissionMissing } from "../config/permission.ts";
import { messageOf, VaultError } from "../errors.ts";

/** The rights of all who are not the owner. */
const othersMode = 0o077;

/**
 * Creates the cache directory where it is missing, for this user alone, and makes sure that files can be kept in it;
 * offline, that it can be read. Throws `storage_failed` or `permission_missing`.
 */
export async function prepareCacheDir(dir: string, { offline = false } = {}): Promise<void> {
  await Deno.mkdir(dir, { recursive: true, mode: 0o700 }).catch((error) => fail("create", dir, error));
  if (offline) {
    await list(dir).catch((error) => fail("read", dir, error));
  } else {
    await probe(dir).catch((error) => {
      if (codeOf(error) !== "ENOSPC") fail("write to", dir, error);
    });
  }
}

/**
 * What is to be said of files in a cache directory that this user may not use, as after a restore by another user; null
 * where there seem to be none. It looks into the first folder in each folder, and at the first file: `look` lists a
 * folder, or opens a file.
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
    `Everything there has to belong to the user of the vault: chown -R USER "${dir}"`;
}

/** The first name in a folder; null for an empty one, and for a file that can be opened. */
async function listOrOpen(path: string): Promise<string | null> {
  const { isDirectory, isFile } = await Deno.stat(path);
  if (isDirectory) return await list(path);
  // Opening a pipe would never end.
  if (isFile) (await Deno.open(path)).close();
  return null;
}

async function list(folder: string): Promise<string | null> {
  for await (const { name } of Deno.readDir(folder)) return name;
  return null;
}

/** What is to be said of a cache directory that other users may read or write; null where all is well. */
export function cacheDirWarning(dir: string): string | null {
  const mode = (Deno.statSync(dir).mode ?? 0) & 0o777;
  if ((mode & othersMode) === 0 || Deno.build.os === "windows") return null;
  return `Other users of this machine may enter the cache directory "${dir}" (mode 0${mode.toString(8)}), where ` +
    `private files may be; unless that is meant: chmod -R go= "${dir}"`;
}

/** A full disk is no reason not to start: what is held can be served, and evicted. */
async function probe(dir: string): Promise<void> {
  const path = `${dir}/.probe-${crypto.randomUUID()}`;
  await Deno.writeTextFile(path, "", { mode: 0o600 });
  await Deno.remove(path);
}

function fail(verb: string, dir: string, error: unknown): never {
  const message = `Cannot ${verb} the cache directory "${dir}": ${reasonOf(error)}`;
  throw asPermissionMissing(error) ?? new VaultError("storage_failed", message, { cause: error });
}

function codeOf(error: unknown): string | undefined {
  return (error as { code?: string }).code;
}

function reasonOf(error: unknown): string {
  const elsewhere = "name another directory with --cache-dir or cache_dir";
  if (error instanceof Deno.errors.AlreadyExists || error instanceof Deno.errors.NotADirectory) {
    return `there is a file in its place or on the way to it; remove it, or ${elsewhere}`;
  }
  if (error instanceof Deno.errors.PermissionDenied) return `this user may not; give it the right to, or ${elsewhere}`;
  if (codeOf(error) === "EROFS") return `the file system is read-only; ${elsewhere}`;
  return `${messageOf(error)}; ${elsewhere}`;
}
