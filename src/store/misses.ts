import { messageOf } from "../errors.ts";
import type { Log } from "../observe/log.ts";
import { shownLine } from "../observe/shown_text.ts";
import { fileMode, removeQuietly, replaceFile } from "./files.ts";
import type { FsLayout } from "./fs_layout.ts";
import { failIfDenied, openRegularFile, readTextOrNull, statOrNull } from "./regular_files.ts";

/** Something that clients asked for and did not get, since the vault is offline. */
export interface Miss {
  readonly backend: string;
  /** A line of a list for `warm`. */
  readonly line: string;
  readonly count: number;
  /** The times of the first and the last request, in ms since the epoch. */
  readonly first: number;
  readonly last: number;
}

/** The misses of a cache directory, by whoever can list and forget them. */
export interface KnownMisses {
  /** Resolves with all misses; the latest is last. */
  list(): Promise<readonly Miss[]>;
  /** Forgets these, and keeps what was asked for since they were listed. Rejects with what the system says. */
  forget(known: readonly Miss[]): Promise<void>;
}

/** The most that is kept: anybody can ask for names that do not exist. */
const maxBytes = 1024 * 1024;
const maxLineLength = 2048;
/** Misses are written down so long after the first of them, together. */
const writeAfterMs = 200;
/** Where they could not be written down, the next attempt is so much later. */
const retryAfterMs = 60_000;

/**
 * The list of misses of a cache directory, which several processes may write: each appends what it has counted, and
 * whoever reads adds it up. The misses that are longest ago are forgotten first. Where the directory cannot be written
 * to, the list is in memory only.
 */
export class MissList implements KnownMisses {
  readonly #layout: FsLayout;
  readonly #log: Log;
  /** The misses that are not written down yet. */
  #counted = new Tally();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #writing: Promise<void> = Promise.resolve();
  #state: "saved" | "in memory" = "saved";

  constructor(layout: FsLayout, log: Log) {
    this.#layout = layout;
    this.#log = log;
  }

  /** Counts a miss. Returns at once, and never throws. */
  add(backend: string, line: string): void {
    if (!isPlain(line)) return;
    const now = Date.now();
    this.#counted.add({ backend, line, count: 1, first: now, last: now });
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => this.#write(), this.#state === "saved" ? writeAfterMs : retryAfterMs);
    Deno.unrefTimer(Number(this.#timer));
  }

  /** Resolves with all misses; the latest is last. */
  async list(): Promise<readonly Miss[]> {
    await this.#writing;
    return merged(readMisses(this.#layout.misses), this.#counted.misses);
  }

  async forget(known: readonly Miss[]): Promise<void> {
    await this.close();
    this.#counted = new Tally(missedSince(known, this.#counted.misses));
    await forgetMisses(this.#layout, known);
  }

  /** Writes down what is counted, and resolves when that is done. */
  async close(): Promise<void> {
    this.#write();
    await this.#writing;
  }

  #write(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing = this.#writing.then(() => this.#append());
  }

  async #append(): Promise<void> {
    const counted = this.#counted;
    if (counted.misses.length === 0) return;
    this.#counted = new Tally();
    try {
      await append(this.#layout.misses, counted.misses);
      this.#state = "saved";
    } catch (error) {
      this.#counted = new Tally(merged(counted.misses, this.#counted.misses));
      if (this.#state === "saved") {
        this.#log.info(`The list of what was missed is kept in memory for now: ${messageOf(error)}`);
      }
      this.#state = "in memory";
    }
  }
}

/** The misses that the processes of a cache directory have written down. */
export function writtenMisses(layout: FsLayout): KnownMisses {
  return {
    // deno-lint-ignore require-await -- what it throws is a rejection
    list: async () => readMissList(layout),
    forget: (known) => forgetMisses(layout, known),
  };
}

/**
 * Reads the misses of a cache directory; the latest is last. None where nothing was missed. Throws `PermissionDenied`
 * where this user may not read them.
 */
export function readMissList(layout: FsLayout): readonly Miss[] {
  failIfDenied(layout.misses);
  return merged(readMisses(layout.misses), []);
}

/**
 * Forgets these misses of a cache directory, and keeps what was asked for since they were read. Throws what the system
 * says where that is not permitted.
 */
export async function forgetMisses(layout: FsLayout, known: readonly Miss[]): Promise<void> {
  const aside = `${layout.misses}.${crypto.randomUUID()}.tmp`;
  try {
    await Deno.rename(layout.misses, aside);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  const since = missedSince(known, merged(readMisses(aside), []));
  if (since.length > 0) await append(layout.misses, since);
  removeQuietly(aside);
}

function missedSince(known: readonly Miss[], misses: readonly Miss[]): readonly Miss[] {
  const seen = new Map(known.map((miss) => [nameOf(miss), miss]));
  return misses.filter((miss) => miss.last > (seen.get(nameOf(miss))?.last ?? -1));
}

function nameOf({ backend, line }: Miss): string {
  return `${backend}\0${line}`;
}

/** Misses by backend and line, in bounded memory. */
class Tally {
  readonly #misses = new Map<string, Miss>();
  #bytes = 0;

  constructor(misses: readonly Miss[] = []) {
    for (const miss of misses) this.add(miss);
  }

  /** In the order of their last requests, as far as they were added so. */
  get misses(): readonly Miss[] {
    return [...this.#misses.values()];
  }

  add(miss: Miss): void {
    const name = nameOf(miss);
    const known = this.#misses.get(name);
    if (known === undefined) this.#bytes += bytesOf(miss);
    else this.#misses.delete(name);
    this.#misses.set(
      name,
      known === undefined ? miss : {
        ...miss,
        count: known.count + miss.count,
        first: Math.min(known.first, miss.first),
        last: Math.max(known.last, miss.last),
      },
    );
    for (const [oldest, { backend, line }] of this.#misses) {
      if (this.#bytes <= maxBytes) break;
      this.#misses.delete(oldest);
      this.#bytes -= bytesOf({ backend, line });
    }
  }
}

/** The bytes that a miss takes in the file, about. */
function bytesOf({ backend, line }: Pick<Miss, "backend" | "line">): number {
  return backend.length + line.length + 50;
}

function merged(...lists: readonly (readonly Miss[])[]): readonly Miss[] {
  return new Tally(lists.flat().toSorted((a, b) => a.last - b.last)).misses;
}

/** Appends to the file, and writes it anew once it has grown: a count of another process may get lost then. */
async function append(path: string, misses: readonly Miss[]): Promise<void> {
  const text = textOf(misses);
  const info = statOrNull(path);
  // A link or a pipe in a directory from elsewhere is not ours: nothing may be written through it.
  if (info !== null && !info.isFile) removeQuietly(path);
  if ((info?.size ?? 0) + text.length <= 2 * maxBytes) return await appendTo(path, text);
  await replaceFile(path, `${path}.${crypto.randomUUID()}.tmp`, textOf(merged(readMisses(path), misses)));
}

async function appendTo(path: string, text: string): Promise<void> {
  using file = openToAppend(path);
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.byteLength;) at += await file.write(bytes.subarray(at));
}

function openToAppend(path: string): Deno.FsFile {
  try {
    return Deno.openSync(path, { append: true, createNew: true, mode: fileMode });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    return openRegularFile(path, { append: true }).file;
  }
}

function textOf(misses: readonly Miss[]): string {
  // The line end comes first, so that a line that a crash has cut spoils no other.
  return misses.map(({ backend, line, count, first, last }) =>
    `\n${JSON.stringify([backend, line, count, first, last])}`
  ).join("");
}

/** Whoever reads the list, or hands it to `warm`, must find each line as it is. */
function isPlain(line: string): boolean {
  return line.length <= maxLineLength && shownLine(line) === line;
}

function readMisses(path: string): readonly Miss[] {
  return readTextOrNull(path, 4 * maxBytes)?.split("\n").flatMap((line) => parseMiss(line) ?? []) ?? [];
}

/** Null for a line that a crash has cut short or that the vault did not write. */
function parseMiss(text: string): Miss | null {
  try {
    const [backend, line, count, first, last] = JSON.parse(text);
    const isSound = [backend, line].every((one) => typeof one === "string") && isPlain(line) &&
      [count, first, last].every((one) => Number.isSafeInteger(one) && one >= 0);
    return isSound ? { backend, line, count, first, last } : null;
  } catch {
    return null;
  }
}
