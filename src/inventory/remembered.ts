import { dirname } from "node:path";
import { forgetAbsences, readAbsences } from "../store/absences.ts";
import { breathe, filesBelow, namesIn, removeQuietly } from "../store/files.ts";
import { type FsLayout, unescapeSegment } from "../store/fs_layout.ts";
import { fileOrNull, readJson } from "../store/regular_files.ts";
import type { Absence, ResumeRecord } from "../store/store.ts";
import { entryName, type NamedEntry } from "./entry_name.ts";
import { isFree } from "./unfinished_imports.ts";

/** What upstream answered with 404 or 410. */
export interface RememberedAbsence extends NamedEntry {
  readonly absence: Absence;
}

/** The bytes that an interrupted transfer has left, and the next one resumes. */
export interface ParkedTransfer extends NamedEntry {
  /** The path of its files without their suffixes. */
  readonly base: string;
  readonly storedBytes: number;
}

/** What is forgotten of names, or would be. */
export interface Forgotten {
  absences: number;
  transfers: number;
  transferBytes: number;
}

/** Yields what is remembered as absent, in no order. */
export function* eachAbsence(layout: FsLayout): Generator<RememberedAbsence> {
  for (const name of namesIn(layout.absencesFolder)) {
    const backend = name.endsWith(".jsonl") ? unescapeSegment(name.slice(0, -".jsonl".length)) : null;
    if (backend === null || layout.absences(backend) !== `${layout.absencesFolder}/${name}`) continue;
    for (const [key, absence] of readAbsences(layout, backend)) yield { backend, key, absence };
  }
}

/** Yields the interrupted transfers, in no order. */
export async function* eachParkedTransfer({ staging }: FsLayout): AsyncGenerator<ParkedTransfer> {
  for await (const path of filesBelow(staging)) {
    const base = path.endsWith(".json") ? path.slice(0, -".json".length) : null;
    if (base === null || fileOrNull(`${base}.part`) === null) continue;
    const { backend, key, storedBytes } = (readJson(path) ?? {}) as Partial<ResumeRecord>;
    if (typeof backend !== "string" || typeof key !== "string" || !Number.isSafeInteger(storedBytes)) continue;
    yield { backend, key, base, storedBytes: storedBytes! };
  }
}

export interface ForgetOptions {
  readonly matches: (name: string) => boolean;
  /** True forgets nothing, and counts what would be forgotten. */
  readonly dryRun: boolean;
}

/**
 * Forgets which of some names upstreams did not have, and what interrupted transfers have left of them. Servers follow
 * once they hear of changes (`announceChange`). Throws what the system says.
 */
export async function forget(layout: FsLayout, { matches, dryRun }: ForgetOptions): Promise<Forgotten> {
  const forgotten: Forgotten = { absences: 0, transfers: 0, transferBytes: 0 };
  const keys = new Map<string, string[]>();
  for (const absent of eachAbsence(layout)) {
    if (!matches(entryName(absent))) continue;
    forgotten.absences++;
    const own = keys.get(absent.backend);
    if (own === undefined) keys.set(absent.backend, [absent.key]);
    else own.push(absent.key);
  }
  if (!dryRun) { for (const [backend, own] of keys) forgetAbsences(layout, backend, own); }
  for await (const parked of eachParkedTransfer(layout)) {
    await breathe();
    if (!matches(entryName(parked))) continue;
    forgotten.transfers++;
    forgotten.transferBytes += parked.storedBytes;
    if (!dryRun) await removeParked(parked);
  }
  return forgotten;
}

/** A living process may be writing to it: without the record it will not be resumed, and that process removes it. */
async function removeParked({ base }: ParkedTransfer): Promise<void> {
  removeQuietly(`${base}.json`);
  if (await isFree(`${dirname(base)}.lock`)) removeQuietly(`${base}.part`);
}
