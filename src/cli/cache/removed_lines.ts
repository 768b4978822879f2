import { VaultError } from "../../errors.ts";
import type { Removed } from "../../inventory/remove_files.ts";
import { shownBytes } from "../../observe/shown_bytes.ts";
import { shownBodies, shownCount, shownEntries } from "../../observe/shown_count.ts";

/** Says what was removed, or what a dry run would remove: `Removed 3 bodies, 1.5 KiB, and 4 entries`. */
export function describeRemoved({ bodies, bytes, entries }: Removed, dryRun: boolean): string {
  const verb = dryRun ? "Would remove" : "Removed";
  return `${verb} ${shownBodies(bodies)}, ${shownBytes(bytes)}, and ${shownEntries(entries)}`;
}

/** Throws `storage_failed` where files could not be removed. */
export function checkRemoved({ failed }: Removed, dir: string): void {
  if (failed === 0) return;
  throw new VaultError(
    "storage_failed",
    `Cannot remove ${shownCount(failed, "file")} in the cache directory "${dir}": this user may not, or it is on a ` +
      "read-only medium",
  );
}
