import { parseEntry } from "../store/parse_entry.ts";
import { eachBlob, isBodyName } from "../store/blob_scan.ts";
import { DigestSet } from "../store/digest_set.ts";
import { breathe, filesBelow } from "../store/files.ts";
import { FsLayout } from "../store/fs_layout.ts";
import { hashBody, restoreLastUse } from "../store/hash_body.ts";
import { failIfDenied, fileOrNull, readJson, statOrNull } from "../store/regular_files.ts";
import type { Entry } from "../store/store.ts";
import { identityOf } from "../store/verified_files.ts";
import { BodyTable } from "./body_table.ts";
import { findLeftovers } from "./leftovers.ts";
import { countUnfinishedImports, type UnfinishedImports } from "./unfinished_imports.ts";

/** A file of the cache directory that is wrong. */
export interface Damage {
  readonly path: string;
  /** The file that was looked at (`identityOf`): another one may come into its place. */
  readonly identity: string;
  readonly what:
    /** Its bytes are not those that its name says. */
    | "damaged_body"
    /** The disk has an error in it. */
    | "broken_body"
    /** This user may not read it. */
    | "unreadable_body"
    /** A file in the place of a body, whose name is no digest. */
    | "stray_file"
    /** A file in the place of an entry that has no entry in it. */
    | "garbage_entry"
    /** This user may not read it. */
    | "unreadable_entry"
    /** An entry in the place of another one. */
    | "misplaced_entry"
    /** An entry whose key says another digest than its body has. */
    | "other_digest"
    /** An entry with another size than its body has, which is sound. */
    | "wrong_entry"
    /** What a process has left that no other one takes over. */
    | "staged_leftover";
}

export interface VerifyOptions {
  /** Called for each damage, and waited for. */
  readonly found: (damage: Damage) => void | Promise<void>;
  /** Called for each entry whose body is damaged. */
  readonly lost: (entry: Entry) => void;
  readonly progressed: (progress: VerifyProgress) => void;
  /** The SHA-256 in hex that the key of an entry says its body has; null where it says none. */
  readonly digestOf: (entry: Entry) => string | null;
  readonly signal: AbortSignal;
}

export interface VerifyProgress {
  readonly bodies: number;
  readonly totalBodies: number;
  readonly bytes: number;
  readonly totalBytes: number;
}

export interface Verified {
  readonly bodies: number;
  readonly bytes: number;
  readonly entries: number;
  /** Entries whose bodies were evicted, or have not come yet. They are no damage. */
  readonly withoutBody: number;
  readonly unfinished: UnfinishedImports;
}

const kinds = { hashed: "damaged_body", broken: "broken_body", unread: "unreadable_body" } as const;
const sliceBytes = 1024 * 1024;
const filesPerSlice = 64;

/**
 * Compares every body with its name, one after the other, and every entry with its body and its path. Changes nothing,
 * not even the times of last use. Throws when aborted.
 */
export async function verifyCache(dir: string, options: VerifyOptions): Promise<Verified> {
  const layout = new FsLayout(dir);
  const table = await BodyTable.read(dir, { signal: options.signal });
  const damaged = await verifyBodies(layout, table, options);
  for await (const path of findLeftovers(layout)) {
    const info = statOrNull(path);
    if (info !== null) await options.found({ path, identity: identityOf(info), what: "staged_leftover" });
  }
  const { entries, withoutBody } = await verifyEntries(layout, { table, damaged }, options);
  options.signal.throwIfAborted();
  const unfinished = await countUnfinishedImports(layout);
  return { bodies: table.size, bytes: table.bytes, entries, withoutBody, unfinished };
}

async function verifyBodies(layout: FsLayout, table: BodyTable, options: VerifyOptions): Promise<DigestSet> {
  const { found, progressed, signal } = options;
  const damaged = new DigestSet({ isBrief: true });
  const buffer = new Uint8Array(sliceBytes);
  let [bodies, bytes] = [0, 0];
  const show = () => progressed({ bodies, bytes, totalBodies: table.size, totalBytes: table.bytes });
  await eachBlob(layout, async (name, info) => {
    const path = layout.blob(name);
    const identity = identityOf(info);
    if (!isBodyName(name)) return found({ path, identity, what: "stray_file" });
    const hashed = await hashBody(path, { buffer, signal, read: (count) => void (bytes += count, show()) });
    const after = fileOrNull(path);
    bodies += 1;
    show();
    // It was replaced or removed meanwhile: what is there now was verified by whoever put it there.
    if (signal.aborted || after === null || identityOf(after) !== identity) return;
    if (after.atime?.getTime() !== info.atime?.getTime()) restoreLastUse(path, info);
    if (hashed.kind === "hashed" && hashed.sha256 === name) return;
    if (hashed.kind !== "unread") damaged.add(name);
    await found({ path, identity, what: kinds[hashed.kind] });
  }, { signal, isAlone: true });
  signal.throwIfAborted();
  return damaged;
}

interface KnownBodies {
  readonly table: BodyTable;
  readonly damaged: DigestSet;
}

async function verifyEntries(
  layout: FsLayout,
  bodies: KnownBodies,
  { found, lost, digestOf, signal }: VerifyOptions,
): Promise<Pick<Verified, "entries" | "withoutBody">> {
  let [entries, withoutBody, files] = [0, 0, 0];
  for await (const path of filesBelow(layout.entries)) {
    if (files++ % filesPerSlice === 0) await breathe();
    signal.throwIfAborted();
    const before = statOrNull(path);
    const entry = parseEntry(readJson(path));
    if (entry === null && isDenied(path)) {
      await found({ path, identity: "", what: "unreadable_entry" });
      continue;
    }
    const what = entry === null ? "garbage_entry" : wrongIn(layout, { path, entry }, { ...bodies, digestOf });
    const after = statOrNull(path);
    // A server has written it anew between two looks, or removed it.
    if (before === null || after === null || identityOf(before) !== identityOf(after)) continue;
    if (what !== null) await found({ path, identity: identityOf(after), what });
    if (what !== null || entry === null) continue;
    entries += 1;
    if (bodies.damaged.has(entry.sha256)) lost(entry);
    else if (bodies.table.find(entry.sha256) === null) withoutBody += 1;
  }
  return { entries, withoutBody };
}

function isDenied(path: string): boolean {
  try {
    failIfDenied(path);
    return false;
  } catch {
    return true;
  }
}

/** Null for an entry in its place. */
function wrongIn(
  layout: FsLayout,
  { path, entry }: { readonly path: string; readonly entry: Entry },
  { table, damaged, digestOf }: KnownBodies & Pick<VerifyOptions, "digestOf">,
): "misplaced_entry" | "other_digest" | "wrong_entry" | null {
  const variant = /~([0-9a-f]*)\.json$/.exec(path)?.[1];
  if (variant === undefined || layout.entry(entry.backend, entry.key, variant) !== path) return "misplaced_entry";
  if ((digestOf(entry) ?? entry.sha256) !== entry.sha256) return "other_digest";
  if (entry.claimed || damaged.has(entry.sha256)) return null;
  const body = table.find(entry.sha256);
  return body !== null && body.sizeBytes !== entry.sizeBytes ? "wrong_entry" : null;
}
