import { dirname } from "node:path";
import { VaultError } from "../errors.ts";
import type { Edit } from "./edit/edit.ts";
import { edited } from "./edit/edit.ts";
import { withoutChange } from "./edit/line_diff.ts";
import { forget, keep, type KeptChange, readKept } from "./kept_change.ts";
import { noteFolders } from "./made_folders.ts";
import { checkReplaceable, missingFolders, readSettings, writeSettings } from "./settings_file.ts";

/** What is to become of a file. Null stands for no file. */
export interface Plan {
  readonly path: string;
  readonly current: string | null;
  readonly next: string | null;
  /** The folder in which the change is kept. */
  readonly folder: string;
  /** What is kept then; null where nothing is. */
  readonly kept: KeptChange | null;
}

/** Whose change it is, and where it is kept. */
export interface ChangeOwner {
  readonly folder: string;
  readonly client: string;
}

/**
 * Says what to write where the edit is to be in a file. An earlier change by the vault is taken out first, so that a
 * second one with another URL leaves nothing of it. Throws `storage_failed` where that cannot be done without a loss.
 */
export async function planChange(path: string, edit: Edit, { folder, client }: ChangeOwner): Promise<Plan> {
  const { current, original, kept } = await readBoth(path, folder);
  if (edit.kind === "own" && kept === null && current !== null && current !== edit.text) {
    throw new VaultError(
      "storage_failed",
      `"${path}" is there already, and is not the vault's. Move it away, or put this in it: ${edit.text.trim()}`,
    );
  }
  return await orRefused(path, async () => {
    const next = edited(original ?? "", edit);
    if (next !== current) await checkReplaceable(path);
    const clients = [...new Set([...kept?.clients ?? [], client])].sort();
    return { path, current, next, folder, kept: next === original ? null : { before: original, after: next, clients } };
  });
}

/** Throws `storage_failed` where a file that a client reads besides is one with which it cannot be pointed at a vault. */
export async function checkSettings(path: string, edit: Edit): Promise<void> {
  const text = await readSettings(path) ?? "";
  await orRefused(path, () => edited(text, edit));
}

/** Throws `storage_failed` where there is a file that a client reads in place of the one at `path`. */
export async function refuseShadow(path: string, shadow: string): Promise<void> {
  const real = await Deno.realPath(shadow).catch(() => null);
  if (real === null || real === await Deno.realPath(path).catch(() => null)) return;
  throw new VaultError(
    "storage_failed",
    `"${shadow}" is there, and is read in place of "${path}". Give it that name, or remove it`,
  );
}

async function orRefused<T>(path: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof VaultError)) throw error;
    throw new VaultError("storage_failed", `Cannot change "${path}", which stays as it is. ${error.message}`, {
      cause: error,
    });
  }
}

/**
 * Says what to write where a file is to be without the vault's part; null where the vault has changed nothing for this
 * client. A file that was changed for other clients as well stays.
 */
export async function planUndo(path: string, { folder, client }: ChangeOwner): Promise<Plan | null> {
  const kept = await readKept(folder);
  if (kept === null || kept.clients.length > 0 && !kept.clients.includes(client)) return null;
  const clients = kept.clients.filter((name) => name !== client);
  if (clients.length > 0) {
    const current = await readSettings(path);
    return { path, current, next: current, folder, kept: { ...kept, clients } };
  }
  const { current, original } = await readBoth(path, folder);
  if (original !== null && original !== current) await checkReplaceable(path);
  return { path, current, next: original, folder, kept: null };
}

/** Carries a plan out. */
export async function carryOut({ path, current, next, folder, kept }: Plan): Promise<void> {
  const earlier = await readKept(folder);
  if (kept !== null) {
    // It is kept first: a file that was changed can then always be restored.
    const state = dirname(folder);
    const made = [...await missingFolders(state), ...next === null ? [] : await missingFolders(dirname(path))];
    await keep(folder, kept);
    await noteFolders(state, [...new Set(made)]);
  }
  try {
    if (current !== next) await writeSettings(path, next);
  } catch (error) {
    if (kept !== null) await (earlier === null ? forget(folder) : keep(folder, earlier));
    throw error;
  }
  if (kept === null && earlier !== null) await forget(folder);
}

interface Both {
  readonly current: string | null;
  /** The file without the vault's part. */
  readonly original: string | null;
  readonly kept: KeptChange | null;
}

async function readBoth(path: string, folder: string): Promise<Both> {
  const [current, kept] = [await readSettings(path), await readKept(folder)];
  if (kept === null || current === null) return { current, original: current, kept };
  if (current === kept.after || current === kept.before) return { current, original: kept.before, kept };
  const original = withoutChange(current, kept.before ?? "", kept.after);
  if (original !== null) return { current, original: original === "" && kept.before === null ? null : original, kept };
  throw new VaultError(
    "storage_failed",
    `"${path}" was changed since in the lines that the vault had changed. Set it by hand; what it was is in "${folder}"`,
  );
}
