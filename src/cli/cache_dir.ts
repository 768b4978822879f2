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
    return void await Deno.readDir(dir)[Symbol.asyncIterator]().next().catch((error) => fail("read", dir, error));
  }
  await probe(dir).catch((error) => {
    if (codeOf(error) !== "ENOSPC") fail("write to", dir, error);
  });
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
