import { asPermissionMissing } from "../config/permission.ts";
import { VaultError } from "../errors.ts";
import { tryFolder, whyUnusable } from "../store/probe.ts";

/** The rights of all who are not the owner. */
const othersMode = 0o077;

/**
 * Creates the cache directory where it is missing, for this user alone, and makes sure that files can be kept in it;
 * offline, that it can be read. Throws `storage_failed` or `permission_missing`.
 */
export async function prepareCacheDir(dir: string, { offline = false } = {}): Promise<void> {
  await Deno.mkdir(dir, { recursive: true, mode: 0o700 }).catch((error) => fail("create", dir, error));
  try {
    tryFolder(dir, { offline });
  } catch (error) {
    // A full disk is no reason not to start: what is cached can be served, and evicted.
    if (codeOf(error) !== "ENOSPC") fail(offline ? "read" : "write to", dir, error);
  }
}

/** Says that other users may read or write in a cache directory; null where they may not. */
export function cacheDirWarning(dir: string): string | null {
  const mode = (Deno.statSync(dir).mode ?? 0) & 0o777;
  if ((mode & othersMode) === 0 || Deno.build.os === "windows") return null;
  return `Other users of this machine may enter the cache directory "${dir}" (mode 0${mode.toString(8)}), where ` +
    `private files may be; unless that is meant: chmod -R go= "${dir}"`;
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
  const remedy = error instanceof Deno.errors.PermissionDenied ? `give it the right to, or ${elsewhere}` : elsewhere;
  return `${whyUnusable(error)}; ${remedy}`;
}
