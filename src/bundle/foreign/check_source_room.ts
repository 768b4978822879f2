import { createHash } from "node:crypto";
import type { Config } from "../../config/schema.ts";
import { VaultError } from "../../errors.ts";
import { shownBytes } from "../../observe/shown_bytes.ts";
import type { ShelfItem, ShelfRequest } from "../../shelf.ts";
import { DigestSet } from "../../store/digest_set.ts";
import { FsLayout } from "../../store/fs_layout.ts";
import { whatLacks } from "../check_room.ts";
import type { ForeignPart, ForeignSource } from "./recognise.ts";

export interface CheckRoomOptions {
  readonly config: Config;
  /** Yields what a part has, without sending any of its requests. */
  readonly itemsOf: (part: ForeignPart) => AsyncIterable<ShelfItem>;
  readonly isCached: (request: ShelfRequest) => Promise<boolean>;
}

/**
 * Makes sure that the limits of the cache, and its disk, leave room for what a source has and the cache has not. It is
 * looked at closely only where the whole source has no room. Throws `cache_full`, with the figures.
 */
export async function checkSourceRoom(
  source: ForeignSource,
  { config, itemsOf, isCached }: CheckRoomOptions,
): Promise<void> {
  const { cache_dir, cache_max_size: maxBytes = null, cache_min_free: minFreeBytes = null } = config;
  const lacking = (bytes: number) => whatLacks(new FsLayout(cache_dir), { maxBytes, minFreeBytes }, bytes);
  const totalBytes = await source.totalBytes();
  if (totalBytes < Infinity && await lacking(totalBytes) === null) return;
  let newBytes = 0;
  const seen = new DigestSet();
  for (const part of source.parts) {
    for await (const item of itemsOf(part)) {
      if (item.kind !== "request" || !seen.add(nameOf(item)) || await isCached(item.request)) continue;
      newBytes += item.sizeBytes;
    }
  }
  const why = newBytes === 0 ? null : await lacking(newBytes);
  if (why === null) return;
  throw new VaultError(
    "cache_full",
    `Cannot import ${source.description}: what is new in it has ${
      shownBytes(newBytes)
    }, and there is no room for it: ` +
      `${why}. Make room, as with artifact-vault cache prune, or raise the limit`,
  );
}

/** The same for the same body under several names: layers of images have their digest at the end of their paths. */
function nameOf({ request, sizeBytes }: Extract<ShelfItem, { kind: "request" }>): string {
  const last = request.path.slice(request.path.lastIndexOf("/", request.path.length - 2));
  return createHash("sha256").update(`${last} ${sizeBytes}`).digest("hex");
}
