import { dirname } from "node:path";
import { messageOf, VaultError } from "../errors.ts";

/** Returns the text of a file; null where there is none. Throws `storage_failed` for what is no text in UTF-8. */
export async function readSettings(path: string): Promise<string | null> {
  const bytes = await withReason(`Cannot read "${path}"`, async () => {
    try {
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
 * Replaces a file as a whole; null removes it. What a link leads to is replaced, and the link stays; mode and owner stay
 * as well. Throws `storage_failed` and `permission_missing`; a file that its owner may not write is refused.
 */
export async function writeSettings(path: string, text: string | null, newMode = 0o644): Promise<void> {
  await withReason(`Cannot write "${path}"`, async () => {
    if (text === null) return await Deno.remove(path);
    await Deno.mkdir(dirname(path), { recursive: true });
    const place = await targetOf(path);
    const old = await Deno.stat(place).catch(() => null);
    if (old?.mode !== null && old?.mode !== undefined && (old.mode & 0o200) === 0) {
      throw new VaultError("storage_failed", `"${place}" is read-only; what made it so has to change it`);
    }
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

async function takeOver(fresh: string, old: Deno.FileInfo | null): Promise<void> {
  const { uid, gid } = await Deno.stat(fresh);
  if (old === null || old.uid === uid && old.gid === gid) return;
  await Deno.chown(fresh, old.uid, old.gid);
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
