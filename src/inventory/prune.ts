import { eachBlob, isBodyName } from "../store/blob_scan.ts";
import { DigestSet } from "../store/digest_set.ts";
import { FsLayout } from "../store/fs_layout.ts";
import { NumberColumn } from "../store/number_column.ts";
import {
  bodiesNamedSince,
  eachEntry,
  isStillUnused,
  markTime,
  RemovableBodies,
  type RemovableBody,
  type RemovalRules,
} from "../store/removable.ts";
import { announceChange } from "../store/shared_changes.ts";
import { BodyTable } from "./body_table.ts";
import { pinnedDigests } from "./pins.ts";
import { nothingRemoved, removeBody, type Removed, removeEntryFile } from "./remove_files.ts";

/** What is removed: enough for the bytes that are left to be no more than `toBytes`, or what was unused for so long. */
export type PruneAim = { readonly toBytes: number } | { readonly unusedForMs: number };

export interface PruneOptions {
  readonly aim: PruneAim;
  /** Only bodies that no other backend has; absent for all bodies. */
  readonly backends?: readonly string[] | undefined;
  /** The backends whose bodies stay, unless `backends` names them: they could not be fetched again. */
  readonly offline: readonly string[];
  /** True removes nothing, and counts what would be removed. */
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
  /** Called after each file that was looked at. */
  readonly visited?: () => void;
  /** True in a server, which answers clients meanwhile. False when absent. */
  readonly besideClients?: boolean;
}

export interface Pruned extends Removed {
  /** The bytes that are left, of the cache or of `backends`. */
  readonly leftBytes: number;
}

/**
 * Removes bodies that were not used for longest, with their entries. Pinned ones stay. A server beside it fetches again
 * what its clients still want. Throws as `readPins`, and when aborted.
 */
export async function prune(dir: string, options: PruneOptions): Promise<Pruned> {
  const { aim, dryRun, signal, visited, besideClients = false } = options;
  const isAlone = !besideClients;
  const layout = new FsLayout(dir);
  const startedAt = await markTime();
  const spared = await sparedBodies(layout, dir, options);
  const totalBytes = await bytesOf(layout, options);
  const found = await RemovableBodies.find(layout, { ...rulesOf(options), spares: (sha256) => spared.has(sha256) }, {
    ...{ signal, isAlone },
    ...visited && { visited },
  });
  signal.throwIfAborted();
  const late = dryRun ? null : await bodiesNamedSince(layout, startedAt, { signal });
  signal.throwIfAborted();
  const removed = nothingRemoved();
  const gone = new NumberColumn();
  const wantedBytes = "toBytes" in aim ? totalBytes - aim.toBytes : Infinity;
  for (const body of found!.inOrder()) {
    if (removed.bytes >= wantedBytes || signal.aborted) break;
    if (late?.has(body.sha256)) continue;
    if (await removeUnused(layout, body, { removed, dryRun })) gone.set(body.index, 1);
  }
  const wasRemoved = (sha256: string) => gone.get(found!.indexOf(sha256)) === 1;
  if (removed.bodies > 0) await removeEntriesOf(layout, wasRemoved, { removed, dryRun, signal, isAlone });
  if (removed.bodies > 0 && !dryRun) await announceChange(layout);
  return { ...removed, leftBytes: totalBytes - removed.bytes };
}

function rulesOf({ aim, backends }: PruneOptions): Omit<RemovalRules, "spares"> {
  const keepMs = "toBytes" in aim ? 0 : aim.unusedForMs;
  if (backends === undefined) return { keepMsOf: () => keepMs, keepUnnamedMs: keepMs };
  return { keepMsOf: (backend) => backends.includes(backend) ? keepMs : Infinity, keepUnnamedMs: Infinity };
}

async function sparedBodies(
  layout: FsLayout,
  dir: string,
  { backends = [], offline, signal, besideClients = false }: PruneOptions,
) {
  const spared = new DigestSet({ isBrief: true });
  for await (const sha256 of pinnedDigests(dir)) spared.add(sha256);
  const kept = offline.filter((name) => !backends.includes(name));
  if (kept.length === 0) return spared;
  for await (const { entry } of eachEntry(layout, { signal, isAlone: !besideClients })) {
    if (kept.includes(entry.backend)) spared.add(entry.sha256);
  }
  return spared;
}

/** The bytes of all bodies, or of those that some backends name. */
async function bytesOf({ root }: FsLayout, { backends, signal, besideClients = false }: PruneOptions): Promise<number> {
  const isAlone = !besideClients;
  if (backends === undefined) return await bytesOfBodies(new FsLayout(root), { signal, isAlone });
  const bodies = await BodyTable.read(root, { signal });
  const counted = new DigestSet({ isBrief: true });
  let bytes = 0;
  for await (const { entry: { backend, sha256 } } of eachEntry(new FsLayout(root), { signal, isAlone })) {
    if (backends.includes(backend) && counted.add(sha256)) bytes += bodies.find(sha256)?.sizeBytes ?? 0;
  }
  return bytes;
}

/** Files with other names than digests are no bodies. */
async function bytesOfBodies(layout: FsLayout, { signal, isAlone }: WalkOptions): Promise<number> {
  let bytes = 0;
  await eachBlob(layout, (name, { size }) => void (bytes += isBodyName(name) ? size : 0), { signal, isAlone });
  signal.throwIfAborted();
  return bytes;
}

interface WalkOptions {
  readonly signal: AbortSignal;
  readonly isAlone: boolean;
}

interface RemoveOptions {
  readonly removed: Removed;
  readonly dryRun: boolean;
}

async function removeUnused(layout: FsLayout, body: RemovableBody, { removed, dryRun }: RemoveOptions) {
  if (!isStillUnused(layout, body)) return false;
  const before = removed.bodies;
  if (!dryRun) await removeBody(layout, body.sha256, removed);
  else {
    removed.bodies += 1;
    removed.bytes += body.sizeBytes;
  }
  return removed.bodies > before;
}

/** Removes the entries of bodies that are gone. One whose body has come again meanwhile stays. */
async function removeEntriesOf(
  layout: FsLayout,
  wasRemoved: (sha256: string) => boolean,
  { removed, dryRun, signal, isAlone }: RemoveOptions & WalkOptions,
): Promise<void> {
  for await (const { path, entry } of eachEntry(layout, { signal, isAlone })) {
    if (!wasRemoved(entry.sha256)) continue;
    if (dryRun) removed.entries += 1;
    else if (isGone(layout, entry.sha256)) await removeEntryFile(layout, path, removed);
  }
}

function isGone(layout: FsLayout, sha256: string): boolean {
  try {
    Deno.lstatSync(layout.blob(sha256));
    return false;
  } catch (error) {
    return error instanceof Deno.errors.NotFound;
  }
}
