import { removeOffThread } from "../store/files.ts";
import { FsLayout } from "../store/fs_layout.ts";
import { announceChange } from "../store/shared_changes.ts";
import type { Damage } from "./verify.ts";

/** Removes damaged files, and returns how many are gone. What this user may not read stays: it may be sound. */
export async function removeDamaged(dir: string, damages: readonly Damage[]): Promise<number> {
  let removed = 0;
  for (const { path, what } of damages) if (what !== "unreadable_body" && await removeOffThread(path)) removed += 1;
  if (removed > 0) await announceChange(new FsLayout(dir));
  return removed;
}
