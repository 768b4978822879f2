import { DigestSet } from "../store/digest_set.ts";
import { FsLayout } from "../store/fs_layout.ts";
import { fileOrNull } from "../store/regular_files.ts";
import { bodiesNamedSince, eachEntry, markTime } from "../store/removable.ts";
import { announceChange } from "../store/shared_changes.ts";
import { entryName } from "./entry_name.ts";
import { anyOf, type EntryPattern } from "./pattern.ts";
import { pinPatterns } from "./pins.ts";
import { eachAbsence, forget, type Forgotten } from "./remembered.ts";
import { nothingRemoved, removeBody, type Removed, removeEntryFile } from "./remove_files.ts";

export interface PurgeOptions {
  /** At least one. */
  readonly patterns: readonly EntryPattern[];
  /** True purges pinned entries as well. */
  readonly pinned: boolean;
  /** True removes nothing, and counts what would be removed. */
  readonly dryRun: boolean;
  /** Called with the name of each entry, and of what was absent, once it is removed, or would be; waited for. */
  readonly named: (name: string) => void | Promise<void>;
  /** Called before anything is removed, where every entry is chosen and these have several names; false removes nothing. */
  readonly confirmsAll: (entries: number) => boolean;
  readonly signal: AbortSignal;
  /** Called after each entry that was looked at. */
  readonly visited?: () => void;
  /** True in a server, which answers clients meanwhile. False when absent. */
  readonly besideClients?: boolean;
}

/** The result of a purge: pinned entries keep it from removing anything, and so does `confirmsAll`. */
export type Purged =
  | { readonly kind: "purged"; readonly removed: Removed; readonly forgotten: Forgotten }
  | { readonly kind: "unconfirmed" }
  | PurgeRefusal;

export interface PurgeRefusal {
  readonly kind: "pinned";
  readonly entries: number;
  /** One of them, and the pattern by which it is pinned. */
  readonly example: string;
  readonly pin: string;
}

/**
 * Removes the entries that patterns choose, all their variants, and the bodies that no other entry names; also what is
 * remembered of such names besides. A server beside it asks upstream again from the next request on, and where it knows
 * that something is absent, once it hears of changes. Throws as `readPins` and `forget`, and when aborted.
 */
export async function purge(dir: string, options: PurgeOptions): Promise<Purged> {
  const { patterns, dryRun, named, confirmsAll, signal, visited = () => {}, besideClients = false } = options;
  const layout = new FsLayout(dir);
  const { matches } = anyOf(patterns);
  const startedAt = await markTime();
  const bodies = await chooseBodies(layout, options);
  if ("kind" in bodies) return bodies;
  if (!dryRun && bodies.isAll && !confirmsAll(bodies.entries)) return { kind: "unconfirmed" };
  const removed = nothingRemoved();
  const absent = new Set(eachAbsence(layout).map(entryName).filter(matches));
  for await (const { path, entry } of eachEntry(layout, { signal, isAlone: !besideClients })) {
    visited();
    const name = entryName(entry);
    if (!matches(name)) continue;
    absent.delete(name);
    if (dryRun) removed.entries += 1;
    else if (!await removeEntryFile(layout, path, removed)) continue;
    if (path.endsWith("~.json")) await named(name);
  }
  const late = dryRun ? null : await bodiesNamedSince(layout, startedAt, { signal });
  signal.throwIfAborted();
  await removeBodies(layout, bodies, { removed, dryRun, late });
  const forgotten = await forget(layout, { matches, dryRun });
  for (const name of absent) await named(name);
  if (removed.bodies + forgotten.absences > 0 && !dryRun) await announceChange(layout);
  return { kind: "purged", removed, forgotten };
}

interface ChosenBodies {
  readonly chosen: DigestSet;
  /** The bodies that other entries name. */
  readonly needed: DigestSet;
  /** How many entries are chosen. */
  readonly entries: number;
  /** True where no entry is left, and the chosen ones have several names. */
  readonly isAll: boolean;
}

/** The bodies of the chosen entries; a refusal where one of these is pinned. */
async function chooseBodies(layout: FsLayout, options: PurgeOptions): Promise<ChosenBodies | PurgeRefusal> {
  const { patterns, pinned, signal, visited = () => {}, besideClients = false } = options;
  const { matches } = anyOf(patterns);
  const pins = pinned ? [] : pinPatterns(layout.root);
  const isPinned = pins.length === 0 ? () => false : anyOf(pins).matches;
  const [chosen, needed] = [new DigestSet(), new DigestSet({ isBrief: true })];
  const [names, pinnedNames] = [new NameCount(), new NameCount()];
  let isAll = true;
  for await (const { entry } of eachEntry(layout, { signal, isAlone: !besideClients })) {
    visited();
    const name = entryName(entry);
    const isChosen = matches(name);
    (isChosen ? chosen : needed).add(entry.sha256);
    if (!isChosen) isAll = false;
    else names.add(name);
    if (isChosen && isPinned(name)) pinnedNames.add(name);
  }
  signal.throwIfAborted();
  const { entries, first: example } = pinnedNames;
  if (example === null) return { chosen, needed, entries: names.entries, isAll: isAll && names.areSeveral };
  return { kind: "pinned", entries, example, pin: pins.find(({ matches }) => matches(example))!.text };
}

/** Counts entries by their names, of which variants have the same. */
class NameCount {
  entries = 0;
  first: string | null = null;
  areSeveral = false;

  add(name: string): void {
    this.entries += 1;
    this.first ??= name;
    this.areSeveral ||= name !== this.first;
  }
}

interface RemoveOptions {
  readonly removed: Removed;
  readonly dryRun: boolean;
  /** The bodies of entries that have come meanwhile. */
  readonly late: DigestSet | null;
}

async function removeBodies(
  layout: FsLayout,
  { chosen, needed }: Pick<ChosenBodies, "chosen" | "needed">,
  { removed, dryRun, late }: RemoveOptions,
) {
  for (const sha256 of chosen) {
    const isNeeded = needed.has(sha256) || late?.has(sha256) === true;
    const info = isNeeded ? null : fileOrNull(layout.blob(sha256));
    if (info === null) continue;
    if (!dryRun) await removeBody(layout, sha256, removed);
    else {
      removed.bodies += 1;
      removed.bytes += info.size;
    }
  }
}
