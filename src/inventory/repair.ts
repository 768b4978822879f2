import { removeOffThread } from "../store/files.ts";
import { FsLayout } from "../store/fs_layout.ts";
import { statOrNull } from "../store/regular_files.ts";
import { announceChange } from "../store/shared_changes.ts";
import { identityOf } from "../store/verified_files.ts";
import type { Damage } from "./verify.ts";

/** How many damages are gone, and how many files of them this has removed. */
export interface Repaired {
  readonly gone: number;
  readonly removed: number;
}

/**
 * Removes damaged files. What this user may not read stays: it may be sound. What has come into the place of a damaged
 * file meanwhile stays as well, and the damage is gone.
 */
export async function removeDamaged(dir: string, damages: readonly Damage[]): Promise<Repaired> {
  let [gone, removed] = [0, 0];
  for (const { path, identity, what } of damages) {
    if (what === "unreadable_body" || what === "unreadable_entry") continue;
    const info = statOrNull(path);
    const isThere = info !== null && identityOf(info) === identity;
    if (isThere && !await removeOffThread(path)) continue;
    gone += 1;
    if (isThere) removed += 1;
  }
  if (removed > 0) await announceChange(new FsLayout(dir));
  return { gone, removed };
}
