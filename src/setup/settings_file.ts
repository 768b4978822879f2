import { lchown } from "node:fs/promises";
import { dirname } from "node:path";
import { messageOf, VaultError } from "../errors.ts";

/**
 * Returns the text of a file; null where there is none. Throws `storage_failed` for what is no file, such as a pipe, and
 * no text in UTF-8.
 */
export async function readSettings(path: string): Promise<string | null> {
  const bytes = await withReason(`Cannot read "${path}"`, async () => {
    try {
      const { isFile } = await Deno.stat(path);
      if (!isFile) throw new VaultError("storage_failed", `"${path}" is no file`);
      return await Deno.readFile(path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return null;
      throw error;
    }
  });
  if (bytes === null) return null;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new VaultError("storage_failed", `Cannot change "${path}": it is no text in UTF-8`, { cause: error });
  }
}

/**
 * Throws `storage_failed` where replacing a file would lose something: its owner may not write it, it has a second name
 * that would keep the old text, or it is a link to nothing. Returns where the file is.
 */
export async function checkReplaceable(path: string): Promise<string> {
  const place = await targetOf(path);
  const old = await Deno.stat(place).catch(() => null);
  if (old !== null && old.mode !== null && (old.mode & 0o200) === 0) {
    throw new VaultError("storage_failed", `"${place}" is read-only; what made it so has to change it`);
  }
  if (old !== null && (old.nlink ?? 1) > 1) {
    throw new VaultError(
      "storage_failed",
      `"${place}" has another name (a hard link), which would keep the old text; change it by hand`,
    );
  }
  return place;
}

/**
 * Makes a folder and those above it that do not exist. Like a new file, each belongs to whoever the folder around it
 * belongs to, also where the superuser makes it. Throws `storage_failed` and `permission_missing`.
 */
export async function makeFolder(path: string, mode: number): Promise<void> {
  await withReason(`Cannot make "${path}"`, async () => {
    for (const folder of await missingFolders(path)) {
      await Deno.mkdir(folder, { mode });
      // Whatever the umask is: others have to read the settings of a system.
      await Deno.chmod(folder, mode);
      await takeOver(folder, null);
    }
  });
}

/** Returns the path and what is above it, as far as these folders do not exist, the outermost first. */
export async function missingFolders(path: string): Promise<string[]> {
  const isThere = await Deno.stat(path).then(() => true, () => false);
  return isThere ? [] : [...await missingFolders(dirname(path)), path];
}

/**
 * Replaces a file as a whole; null removes it. What a link leads to is replaced, and the link stays; mode and owner stay
 * as well. Throws `storage_failed` and `permission_missing`, also where `checkReplaceable` does.
 */
export async function writeSettings(path: string, text: string | null, newMode = 0o644): Promise<void> {
  await withReason(`Cannot write "${path}"`, async () => {
    if (text === null) return await Deno.remove(path);
    await makeFolder(dirname(path), 0o755);
    const place = await checkReplaceable(path);
    const old = await Deno.stat(place).catch(() => null);
    const fresh = `${place}.artifact-vault-${crypto.randomUUID().slice(0, 8)}`;
    try {
      await Deno.writeTextFile(fresh, text, { createNew: true, mode: 0o600 });
      await takeOver(fresh, old);
      await Deno.chmod(fresh, (old?.mode ?? newMode) & 0o7777);
      await Deno.rename(fresh, place);
    } catch (error) {
      await Deno.remove(fresh).catch(() => {});
      throw error;
    }
  });
}

async function targetOf(path: string): Promise<string> {
  try {
    return await Deno.realPath(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    const isDangling = await Deno.lstat(path).then(({ isSymlink }) => isSymlink, () => false);
    if (isDangling) throw new VaultError("storage_failed", `"${path}" is a link to a file that does not exist`);
    return path;
  }
}

/** Gives what was made the owner of the file that it replaces, or else of the folder around it. */
async function takeOver(fresh: string, old: Deno.FileInfo | null): Promise<void> {
  const [own, wanted] = [await Deno.lstat(fresh), old ?? await Deno.stat(dirname(fresh))];
  if (wanted.uid === null || wanted.gid === null || wanted.uid === own.uid && wanted.gid === own.gid) return;
  try {
    await lchown(fresh, wanted.uid, wanted.gid);
  } catch (error) {
    // Only the superuser may do that, and what is new is the user's own.
    if (old !== null) throw error;
  }
}

async function withReason<T>(action: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof VaultError) throw error;
    if (error instanceof Deno.errors.NotCapable) {
      const advice = "This executable may only use its cache; use one that was compiled without CACHE_DIR";
      throw new VaultError("permission_missing", `${action}: ${advice}`, { cause: error });
    }
    throw new VaultError("storage_failed", `${action}: ${messageOf(error)}`, { cause: error });
  }
}
