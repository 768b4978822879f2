import { VaultError } from "../errors.ts";
import { shownBytes } from "../observe/shown_bytes.ts";
import { eachBlob } from "../store/blob_scan.ts";
import { CacheLimits, type SpaceLimits } from "../store/cache_limits.ts";
import type { FsLayout } from "../store/fs_layout.ts";
import { diskOf } from "./disk_room.ts";

/**
 * Makes sure that the limits of the cache, and its disk, leave room for `bytes` more: nothing is evicted for what is
 * carried in. Throws `cache_full`, with the figures.
 */
export async function checkRoom(layout: FsLayout, limits: SpaceLimits, bytes: number): Promise<void> {
  if (bytes === 0) return;
  const lacking = await whatLacks(layout, limits, bytes);
  if (lacking === null) return;
  throw new VaultError(
    "cache_full",
    `its new bodies take ${shownBytes(bytes)}, and there is no room for them: ${lacking}. Make room, as with ` +
      "artifact-vault cache prune, or raise the limit",
  );
}

/** Names the limit that leaves no room for `bytes` more, with the figures; null where there is room. */
export async function whatLacks(layout: FsLayout, limits: SpaceLimits, bytes: number): Promise<string | null> {
  const room = new CacheLimits(layout.root, limits);
  let used = 0;
  if (limits.maxBytes !== null) {
    await eachBlob(layout, (_, info) => void (used += info.size), { signal: new AbortController().signal });
  }
  const counted = { used, promised: 0 };
  if (room.lacking(counted, bytes) > 0) return room.describe(counted, bytes);
  const { free } = diskOf(layout.root);
  return bytes <= free ? null : `the disk has ${shownBytes(free)} free`;
}
