import { eachBlob, isBodyName, lastUse } from "./blob_scan.ts";
import { DigestSet } from "./digest_set.ts";
import { breathe, filesBelow, pause } from "./files.ts";
import type { FsLayout } from "./fs_layout.ts";
import { NumberColumn } from "./number_column.ts";
import { parseEntry } from "./parse_entry.ts";
import { failIfDenied, fileOrNull, readJson } from "./regular_files.ts";
import type { Entry } from "./store.ts";

/** Reading entries pauses after this many, so that requests are answered in between. */
const filesPerSlice = 64;
const clockTickMs = 12;
const lastSecond = 2 ** 32 - 1;

/** The rules by which bodies may be removed. */
export interface RemovalRules {
  /** How long an unused body stays that entries of this backend name: 0 for no time, `Infinity` for ever. */
  keepMsOf(backend: string): number;
  /** The same for a body that no entry names. */
  readonly keepUnnamedMs: number;
  /** True for a body that stays. */
  spares(sha256: string): boolean;
}

export interface RemovableBody {
  /** Its number among all bodies that were looked at. */
  readonly index: number;
  readonly sha256: string;
  readonly sizeBytes: number;
  /** The second of its last use, since the epoch. */
  readonly usedSecond: number;
}

interface EachEntryOptions {
  readonly signal: AbortSignal;
  /** True in a program that serves nobody meanwhile: it need not pause. False when absent. */
  readonly isAlone?: boolean;
}

interface FindOptions extends EachEntryOptions {
  /** Called after each body, and after each entry that was read. */
  readonly visited?: () => void;
}

/**
 * The bodies that some rules let go: of several backends that name a body, the one that keeps it longest decides. Takes
 * some 50 bytes of memory for each body that is not spared, and 8 more while they are gone through.
 */
export class RemovableBodies {
  readonly #digests = new DigestSet();
  readonly #sizes = new NumberColumn();
  readonly #usedSeconds = new NumberColumn();
  /** The longest that a body is kept, and one more; 0 while no entry is known that names it. */
  readonly #keepMs = new NumberColumn();
  #bytes = 0;

  /** Looks at all bodies, and at all entries unless there is nothing to let go. Null when aborted. */
  static async find(layout: FsLayout, rules: RemovalRules, options: FindOptions): Promise<RemovableBodies | null> {
    const { signal, isAlone = false, visited = () => {} } = options;
    const found = new RemovableBodies();
    await eachBlob(layout, (sha256, info) => {
      visited();
      if (isBodyName(sha256) && !rules.spares(sha256)) found.#add(sha256, info);
    }, { signal, isAlone });
    if (found.#digests.size > 0) {
      for await (const { entry } of eachEntry(layout, { signal, isAlone })) {
        visited();
        found.#keep(entry.sha256, rules.keepMsOf(entry.backend));
      }
    }
    return signal.aborted ? null : found.#settle(rules.keepUnnamedMs);
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Yields them by their last use, the one that was not used for longest first. */
  *inOrder(): Generator<RemovableBody> {
    for (const index of this.#byLastUse()) {
      const [sizeBytes, usedSecond] = [this.#sizes.get(index), this.#usedSeconds.get(index)];
      yield { index, sha256: this.#digests.at(index), sizeBytes, usedSecond };
    }
  }

  /** The number of a body among those that were looked at; -1 for others. */
  indexOf(sha256: string): number {
    return this.#digests.indexOf(sha256);
  }

  #add(sha256: string, info: Deno.FileInfo): void {
    const index = this.#digests.size;
    this.#digests.add(sha256);
    this.#sizes.set(index, info.size);
    this.#usedSeconds.set(index, lastUse(info));
  }

  #keep(sha256: string, keepMs: number): void {
    const index = this.#digests.indexOf(sha256);
    if (index >= 0) this.#keepMs.set(index, Math.max(this.#keepMs.get(index), keepMs + 1));
  }

  /** From now on `#keepMs` is 1 for what may go, and 0 for what stays. */
  #settle(keepUnnamedMs: number): this {
    const now = Date.now();
    for (let index = 0; index < this.#digests.size; index++) {
      const named = this.#keepMs.get(index);
      const keepMs = named === 0 ? keepUnnamedMs : named - 1;
      const mayGo = keepMs < Infinity && now - this.#usedSeconds.get(index) * 1000 >= keepMs;
      this.#keepMs.set(index, Number(mayGo));
      if (mayGo) this.#bytes += this.#sizes.get(index);
    }
    return this;
  }

  /** Their indexes, sorted as numbers of 64 bits: a function that compares them would cost two more lists of them. */
  *#byLastUse(): Generator<number> {
    let count = 0;
    for (let index = 0; index < this.#digests.size; index++) count += this.#keepMs.get(index);
    const order = new BigUint64Array(count);
    for (let index = 0; index < this.#digests.size; index++) {
      if (this.#keepMs.get(index) !== 1) continue;
      const second = Math.min(Math.max(this.#usedSeconds.get(index), 0), lastSecond);
      order[--count] = BigInt(second) << 32n | BigInt(index);
    }
    for (const place of order.sort()) yield Number(place & 0xffff_ffffn);
  }
}

/** True where nobody has used a body since it was looked at, so that it may still go. */
export function isStillUnused(layout: FsLayout, { sha256, usedSecond }: RemovableBody): boolean {
  const info = fileOrNull(layout.blob(sha256));
  return info !== null && lastUse(info) <= usedSecond;
}

/**
 * Resolves with a time, in ms since the epoch, that all files written from then on have passed. The clock of a file
 * system ticks every few ms.
 */
export async function markTime(): Promise<number> {
  const now = Date.now();
  await pause(clockTickMs);
  return now;
}

/**
 * The bodies that entries name which were written since a time (`markTime`): whoever chose bodies to remove meanwhile
 * may not have seen these. Reads no other entries. Ends early when aborted.
 */
export async function bodiesNamedSince(
  layout: FsLayout,
  since: number,
  { signal }: Pick<EachEntryOptions, "signal">,
): Promise<DigestSet> {
  const named = new DigestSet({ isBrief: true });
  let files = 0;
  for await (const path of filesBelow(layout.entries)) {
    if (files++ % filesPerSlice === 0) await breathe();
    if (signal.aborted) break;
    if ((fileOrNull(path)?.mtime?.getTime() ?? 0) <= since) continue;
    const entry = parseEntry(readJson(path));
    if (entry !== null) named.add(entry.sha256);
  }
  return named;
}

/**
 * Yields all entries of all backends with their files, in no order, with pauses. Ends early when aborted. Alone, it
 * throws `PermissionDenied` for a file that may not be read: what it names would seem to be needed by nobody.
 */
export async function* eachEntry(
  layout: FsLayout,
  { signal, isAlone = false }: EachEntryOptions,
): AsyncGenerator<{ readonly path: string; readonly entry: Entry }> {
  let files = 0;
  for await (const path of filesBelow(layout.entries)) {
    if (files++ % filesPerSlice === 0) await (isAlone ? breathe() : pause());
    if (signal.aborted) return;
    const entry = parseEntry(readJson(path));
    if (entry !== null) yield { path, entry };
    else if (isAlone) failIfDenied(path);
  }
}
