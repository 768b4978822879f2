import { filesBelow, readableNamesIn } from "../store/files.ts";
import type { FsLayout } from "../store/fs_layout.ts";
import { fileOrNull, openRegularFile, statOrNull } from "../store/regular_files.ts";
import { tryLock } from "../store/try_lock.ts";

/** What an import has left that nobody resumes is kept for so long. */
const keptMs = 7 * 24 * 3_600_000;
const lockSuffix = ".lock";

/** The folders of imports of bundles that have not ended, or are under way. */
export interface UnfinishedImports {
  readonly imports: number;
  /** The bytes of bodies that wait in them. */
  readonly bytes: number;
}

/** True where nobody has written to the folder of an import, or to the journal in it, for a week. */
export function isForgottenImport(folder: string): boolean {
  const times = [folder, `${folder}/journal`].map((path) => statOrNull(path)?.mtime?.getTime() ?? 0);
  return Date.now() - Math.max(...times) >= keptMs;
}

/** Yields the paths of folders that nobody resumes, with their locks, and of locks that are alone. */
export async function* findForgottenImports({ imports }: FsLayout): AsyncGenerator<string> {
  const names = new Set(readableNamesIn(imports));
  for (const name of names) {
    const path = `${imports}/${name}`;
    const isLock = name.endsWith(lockSuffix);
    if (isLock && names.has(name.slice(0, -lockSuffix.length)) || !isForgottenImport(path)) continue;
    const lock = isLock ? path : path + lockSuffix;
    if (statOrNull(lock) !== null && !await isFree(lock)) continue;
    if (!isLock) yield path;
    if (statOrNull(lock) !== null) yield lock;
  }
}

/** Adds up what waits for imports that may still be resumed. */
export async function countUnfinishedImports({ imports }: FsLayout): Promise<UnfinishedImports> {
  const folders = readableNamesIn(imports).map((name) => `${imports}/${name}`)
    .filter((path) => statOrNull(path)?.isDirectory && !isForgottenImport(path));
  let bytes = 0;
  for (const folder of folders) {
    for await (const path of filesBelow(folder)) bytes += fileOrNull(path)?.size ?? 0;
  }
  return { imports: folders.length, bytes };
}

/** True for the lock of a process that has ended. */
export async function isFree(lock: string): Promise<boolean> {
  try {
    using file = openRegularFile(lock, { read: true, write: true }).file;
    return await tryLock(file);
  } catch {
    return false;
  }
}
