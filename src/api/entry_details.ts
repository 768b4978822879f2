import type { Config } from "../config/schema.ts";
import type { EntryOutlooks } from "../entry_outlooks.ts";
import { bodyFile } from "../inventory/body_table.ts";
import { entriesNamed, readRemembered } from "../inventory/entry_details.ts";
import { entryName, withoutLeadingSlashes } from "../inventory/entry_name.ts";
import { pinPatterns, pinsOf } from "../inventory/pins.ts";
import type { Inventory } from "../status/inventory.ts";
import { nextOf } from "../status/next_request.ts";
import { FsLayout } from "../store/fs_layout.ts";
import type { Entry } from "../store/store.ts";

export interface EntryDetailsDeps {
  /** Returns the configuration that is in force. */
  readonly config: () => Pick<Config, "backends" | "cache_dir">;
  readonly outlooks: EntryOutlooks;
  readonly inventory: Pick<Inventory, "sameBytes">;
}

/** Everything about one variant of an entry. */
export type EntryDetails = Awaited<ReturnType<typeof detailsOf>>;

/** Everything about the variants of a name; none where it is not cached. Resolves with `entryDetails` of schemas.ts. */
export async function describeEntry(given: string, deps: EntryDetailsDeps): Promise<readonly EntryDetails[]> {
  const name = withoutLeadingSlashes(given);
  const details: EntryDetails[] = [];
  for (const entry of await entriesNamed(deps.config().cache_dir, name)) details.push(await detailsOf(entry, deps));
  return details;
}

async function detailsOf(entry: Entry, { config, outlooks, inventory }: EntryDetailsDeps) {
  const { cache_dir: dir } = config();
  const name = entryName(entry);
  const { backend, key, url, location, sizeBytes, sha256, storedAt, validatedAt, headers, selectedBy } = entry;
  const next = nextOf(entry, await outlooks.of(entry), config());
  const body = bodyFile(new FsLayout(dir), sha256);
  const { absence, parkedBytes } = await readRemembered(dir, name);
  return {
    ...{ name, backend, key, url, ...location !== undefined && { location }, sizeBytes, sha256, storedAt, validatedAt },
    ...{ isStored: body !== null, usedAt: body?.usedAt ?? null },
    ...{ freshness: next.freshness, decision: next.decision, next: next.answer, headers, variesBy: selectedBy },
    pins: pinsOf(entry, pinPatterns(dir)),
    sameBytes: await inventory.sameBytes(name, sha256),
    parkedBytes,
    absent: absence && { status: absence.status, at: absence.at, message: absence.message },
  };
}
