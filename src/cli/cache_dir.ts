import { asPermissionMissing } from "../config/permission.ts";
import { VaultError } from "../errors.ts";
import { removeQuietly } from "../store/files.ts";
import { FsLayout } from "../store/fs_layout.ts";
import { tryFolder, whyUnusable } from "../store/probe.ts";
import { statOrNull } from "../store/regular_files.ts";

/** The rights of all who are not the owner. */
const othersMode = 0o077;

/**
 * Creates the cache directory where it is missing, for this user alone, and makes sure that files can be kept in it;
 * offline, that it can be read. Throws as `refuseLinks`, and `storage_failed` or `permission_missing`.
 */
export async function prepareCacheDir(dir: string, { offline = false } = {}): Promise<void> {
  await Deno.mkdir(dir, { recursive: true, mode: 0o700 }).catch((error) => fail("create", dir, error));
  refuseLinks(dir);
  try {
    tryFolder(dir, { offline });
  } catch (error) {
    // A full disk is no reason not to start: what is cached can be served, and evicted.
    if (codeOf(error) !== "ENOSPC") fail(offline ? "read" : "write to", dir, error);
  }
}

/**
 * Makes sure that no folder in a cache directory is a link: the directory may come from elsewhere, and what is in such a
 * folder is listed, and removed where it is of no use any more. Throws `storage_failed` or `permission_missing`.
 */
export function refuseLinks(dir: string): void {
  const linked = new FsLayout(dir).folders.find((folder) => isLink(folder, dir));
  if (linked === undefined) return;
  throw new VaultError(
    "storage_failed",
    `Cannot use the cache directory "${dir}": "${linked}" is a link, and files elsewhere could be removed through it; ` +
      "put a directory in its place, or let the whole cache directory be a link",
  );
}

function isLink(path: string, dir: string): boolean {
  try {
    return statOrNull(path)?.isSymlink ?? false;
  } catch (error) {
    return fail("read", dir, error);
  }
}

/** Says that other users may read or write in a cache directory; null where they may not. */
export function cacheDirWarning(dir: string): string | null {
  const mode = (Deno.statSync(dir).mode ?? 0) & 0o777;
  if ((mode & othersMode) === 0 || Deno.build.os === "windows") return null;
  return `Other users of this machine may enter the cache directory "${dir}" (mode 0${mode.toString(8)}), where ` +
    `private files may be; unless that is meant: chmod -R go= "${dir}"`;
}

/**
 * Says that a cache directory belongs to another user, whose server cannot read what this process writes into it; null
 * where it does not, or where nothing can be written.
 */
export function ownerWarning(dir: string): string | null {
  const { uid, gid } = Deno.statSync(dir);
  const path = `${dir}/.owner-${crypto.randomUUID()}`;
  try {
    Deno.writeTextFileSync(path, "", { mode: 0o600, createNew: true });
    if (Deno.lstatSync(path).uid === uid) return null;
  } catch {
    return null;
  } finally {
    removeQuietly(path);
  }
  return `The cache directory "${dir}" belongs to another user, whose server cannot read what this command writes. ` +
    `Run it as that user, or give that user all of it afterwards: chown -R ${uid}:${gid} "${dir}/"`;
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
