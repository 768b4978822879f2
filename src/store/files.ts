import { dirname } from "node:path";
import { setImmediate } from "node:timers";
import { messageOf, VaultError } from "../errors.ts";

/** Cached files may be private: folders and files are readable by this user alone, whatever the umask. */
export const folderMode = 0o700;
export const fileMode = 0o600;

/** A sweep may remove an empty folder just before a file is made in it; it does not so often in a row. */
const folderAttempts = 5;

/** Runs `action`, and runs it again after making the folder of `path` if that was missing. */
export async function withFolder<T>(path: string, action: () => T | Promise<T>): Promise<T> {
  for (let attempt = 0;; attempt++) {
    try {
      if (attempt > 0) await Deno.mkdir(dirname(path), { recursive: true, mode: folderMode });
      return await action();
    } catch (error) {
      const removed = error instanceof Deno.errors.NotFound || error instanceof Deno.errors.AlreadyExists;
      if (!removed || attempt === folderAttempts) throw error;
    }
  }
}

/**
 * Replaces a small file in one step: readers see the old text or the new one. Runs off this thread, since a busy disk
 * makes it slow.
 */
export async function replaceFile(path: string, temporary: string, text: string): Promise<void> {
  try {
    await withFolder(temporary, () => Deno.writeTextFile(temporary, text, { mode: fileMode }));
    await withFolder(path, () => Deno.rename(temporary, path));
  } catch (error) {
    removeQuietly(temporary);
    throw error;
  }
}

/** Yields the paths of all files below a folder; none where it is missing or is removed meanwhile. */
export async function* filesBelow(folder: string): AsyncIterable<string> {
  try {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      if (isDirectory) yield* filesBelow(`${folder}/${name}`);
      else yield `${folder}/${name}`;
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Removes a file or folder, which may be gone already; false where it could not be removed. */
export function removeQuietly(path: string): boolean {
  try {
    Deno.removeSync(path, { recursive: true });
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return error instanceof Deno.errors.NotFound;
  }
}

/** As `removeQuietly`, off this thread, for large files and folders. */
export async function removeOffThread(path: string): Promise<boolean> {
  try {
    await Deno.remove(path, { recursive: true });
    return true;
  } catch (error) {
    return error instanceof Deno.errors.NotFound;
  }
}

/** Resolves after `ms` milliseconds; everything that waits for this thread runs in between. */
export function pause(ms = 0): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A collection takes about a fortieth of that. */
const collectEveryMs = 1_000;
let collectedAt = performance.now();

/**
 * Collects all garbage at times, where V8 was started with `--expose-gc`. Each hash of `node:crypto` leaves up to 200
 * bytes outside the heap until then, of which V8 knows nothing: a million bodies would leave 200 MB.
 */
function collectGarbage(): void {
  if (performance.now() - collectedAt < collectEveryMs) return;
  (globalThis as { readonly gc?: () => void }).gc?.();
  collectedAt = performance.now();
}

/**
 * Lets what waits for this thread run, such as signals, and goes on at once: for programs that serve nobody. On a busy
 * machine each `pause` costs as long as other programs like.
 */
export function breathe(): Promise<void> {
  collectGarbage();
  return new Promise((resolve) => setImmediate(resolve));
}

/** The names in a folder; none where it is missing or cannot be read. */
export function namesIn(folder: string): string[] {
  try {
    return readableNamesIn(folder);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return [];
  }
}

/** As `namesIn`, but throws `PermissionDenied` where this user may not read the folder. */
export function readableNamesIn(folder: string): string[] {
  try {
    return Array.from(Deno.readDirSync(folder), (item) => item.name);
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable) throw error;
    return [];
  }
}

/** The `storage_failed` error for an action that failed, such as "keep a download in the cache". */
export function storageFailed(action: string, cause: unknown): VaultError {
  return new VaultError("storage_failed", `Cannot ${action}: ${messageOf(cause)}`, { cause });
}
