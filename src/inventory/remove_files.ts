import { dirname } from "node:path";
import { removeOffThread } from "../store/files.ts";
import type { FsLayout } from "../store/fs_layout.ts";
import { fileOrNull } from "../store/regular_files.ts";

/** What was removed, or would be. */
export interface Removed {
  bodies: number;
  bytes: number;
  entries: number;
  /** Files that could not be removed, such as on a read-only medium. */
  failed: number;
}

export function nothingRemoved(): Removed {
  return { bodies: 0, bytes: 0, entries: 0, failed: 0 };
}

/** Removes a body, and counts it in `removed`. A server that has it open goes on reading it. */
export async function removeBody(layout: FsLayout, sha256: string, removed: Removed): Promise<void> {
  const path = layout.blob(sha256);
  const info = fileOrNull(path);
  if (info === null) return;
  if (!await removeOffThread(path)) return void (removed.failed += 1);
  removed.bodies += 1;
  removed.bytes += info.size;
}

/**
 * Removes the file of an entry and the folders that this leaves empty, and counts it in `removed`. False where that
 * cannot be done.
 */
export async function removeEntryFile(layout: FsLayout, path: string, removed: Removed): Promise<boolean> {
  if (!await removeOffThread(path)) {
    removed.failed += 1;
    return false;
  }
  removed.entries += 1;
  // A writer makes a folder again that is gone.
  for (let folder = dirname(path); folder.startsWith(`${layout.entries}/`); folder = dirname(folder)) {
    try {
      await Deno.remove(folder);
    } catch {
      break;
    }
  }
  return true;
}
