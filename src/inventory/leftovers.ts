import { filesBelow, readableNamesIn } from "../store/files.ts";
import type { FsLayout } from "../store/fs_layout.ts";
import { fileOrNull, statOrNull } from "../store/regular_files.ts";
import { findForgottenImports, isFree } from "./unfinished_imports.ts";

/** A younger folder or lock may be half-made. */
const halfMadeMs = 3_600_000;
/** Staged bytes that are older are not resumed. */
const resumableMs = 7 * 24 * 3_600_000;
const lockSuffix = ".lock";

/**
 * Yields the paths of what ended processes have left that nobody resumes: staging folders with their locks, temporary
 * folders of imports, and interrupted imports. What a living process uses is left out.
 */
export async function* findLeftovers(layout: FsLayout): AsyncGenerator<string> {
  const names = new Set(readableNamesIn(layout.staging));
  for (const name of names) {
    const path = `${layout.staging}/${name}`;
    if (isYounger(path, halfMadeMs)) continue;
    if (name.endsWith(lockSuffix)) {
      if (!names.has(name.slice(0, -lockSuffix.length))) yield path;
    } else if (!names.has(name + lockSuffix)) yield path;
    else if (await isFree(path + lockSuffix) && !await isResumable(path)) yield* [path, path + lockSuffix];
  }
  yield* findForgottenImports(layout);
}

/** Also for what is gone. */
function isYounger(path: string, ms: number): boolean {
  const info = statOrNull(path);
  return info === null || Date.now() - (info.mtime?.getTime() ?? 0) < ms;
}

/** True for a staging folder with a body that the next process takes over. */
async function isResumable(folder: string): Promise<boolean> {
  for await (const path of filesBelow(folder)) {
    const part = path.endsWith(".part") && isYounger(path, resumableMs) ? path.slice(0, -".part".length) : null;
    if (part !== null && fileOrNull(`${part}.json`) !== null) return true;
  }
  return false;
}
