import { VaultError } from "../errors.ts";
import { replaceFile } from "../store/files.ts";
import { FsLayout } from "../store/fs_layout.ts";
import { failIfDenied, fileOrNull, readJson, statOrNull } from "../store/regular_files.ts";
import { entryName, type NamedEntry } from "./entry_name.ts";
import { chosenEntries } from "./listed_entry.ts";
import { choosersIn, type EntryPattern, parsePattern, patternProblem } from "./pattern.ts";

/** A pattern of entries whose bodies are never removed, also of entries that come later. */
export interface Pin {
  readonly pattern: string;
  /** When it was pinned, in ISO 8601; absent where that is not known. */
  readonly since?: string;
}

/** Every entry is compared with every pin before an eviction. */
const mostPins = 10_000;
/** A larger file would not be read again. */
const maxFileBytes = 4 * 1024 * 1024;

/**
 * The pins of a cache directory, in the order in which they were made; none without a file of pins. Throws
 * `storage_failed` for a file that is no list of pins, and `PermissionDenied` where this user may not read it: what was
 * pinned is then not known, and nothing may be removed.
 */
export function readPins(dir: string): readonly Pin[] {
  const { pins: path } = new FsLayout(dir);
  failIfDenied(path);
  if (statOrNull(path) === null) return [];
  const pins = (readJson(path) as { pins?: unknown } | null)?.pins;
  const problem = problemWith(path, pins);
  if (problem === null) return pins as readonly Pin[];
  throw new VaultError(
    "storage_failed",
    `Cannot read the pins in "${path}": ${problem}. Correct the file, or remove it to begin without pins`,
  );
}

/**
 * Adds pins for patterns, and returns those that are new. Other processes see them at once. Throws `config_invalid` for
 * what is no pattern, and for too many.
 */
export function addPins(dir: string, patterns: readonly string[]): Promise<readonly string[]> {
  const wanted = new Set(patterns.map((pattern) => parsePattern(pattern).text));
  return changePins(dir, (pins) => {
    const known = new Set(pins.map(({ pattern }) => pattern));
    const added = [...wanted].filter((pattern) => !known.has(pattern));
    const since = new Date().toISOString();
    return { pins: [...pins, ...added.map((pattern) => ({ pattern, since }))], result: added };
  });
}

/** Removes the pins of patterns, and returns the patterns that were pins. */
export function removePins(dir: string, patterns: readonly string[]): Promise<readonly string[]> {
  const textOf = (pattern: string) => parsePattern(pattern).text;
  const unwanted = new Set(patterns.map(textOf));
  return changePins(dir, (pins) => {
    const known = new Set(pins.map(({ pattern }) => textOf(pattern)));
    return {
      pins: pins.filter(({ pattern }) => !unwanted.has(textOf(pattern))),
      result: [...new Set(patterns)].filter((pattern) => known.has(textOf(pattern))),
    };
  });
}

interface CountOptions {
  readonly signal: AbortSignal;
  readonly visited: () => void;
  /** As in `CachedEntriesOptions`. */
  readonly besideClients?: boolean;
}

/** How many entries each of some patterns chooses now. */
export async function countChosen(
  dir: string,
  patterns: readonly EntryPattern[],
  { signal, visited, besideClients = false }: CountOptions,
): Promise<readonly number[]> {
  const counts = patterns.map(() => 0);
  if (patterns.length === 0) return counts;
  const choosersOf = choosersIn(patterns);
  for await (const entry of chosenEntries(dir, { patterns, besideClients })) {
    signal.throwIfAborted();
    visited();
    for (const index of choosersOf(entryName(entry))) counts[index]!++;
  }
  return counts;
}

/** The pins that an entry falls under. */
export function pinsOf(entry: NamedEntry, pins: readonly EntryPattern[]): readonly string[] {
  const name = entryName(entry);
  return pins.filter(({ matches }) => matches(name)).map(({ text }) => text);
}

/** The pins of a cache directory as patterns. Throws as `readPins`. */
export function pinPatterns(dir: string): readonly EntryPattern[] {
  return readPins(dir).map(({ pattern }) => parsePattern(pattern));
}

/** Yields the digests of all pinned bodies, some of them several times. Throws as `readPins`. */
export async function* pinnedDigests(dir: string): AsyncGenerator<string> {
  const patterns = pinPatterns(dir);
  if (patterns.length === 0) return;
  for await (const { sha256 } of chosenEntries(dir, { patterns, besideClients: true })) yield sha256;
}

interface Change<Result> {
  readonly pins: readonly Pin[];
  readonly result: Result;
}

/** One process at a time changes the pins. */
async function changePins<Result>(dir: string, change: (pins: readonly Pin[]) => Change<Result>): Promise<Result> {
  const { pins: path } = new FsLayout(dir);
  using lock = Deno.openSync(`${path}.lock`, { write: true, create: true, mode: 0o600 });
  await lock.lock(true);
  const { pins, result } = change(readPins(dir));
  const text = `${JSON.stringify({ pins }, null, 2)}\n`;
  if (pins.length > mostPins || text.length > maxFileBytes / 4) {
    throw new VaultError(
      "config_invalid",
      `There would be ${pins.length} pins: at most ${mostPins} are kept, and ${maxFileBytes / 4} characters of ` +
        'them; pin with patterns, such as "pypi/**"',
    );
  }
  await replaceFile(path, `${path}.${crypto.randomUUID()}.tmp`, text);
  return result;
}

/** Says what is wrong with the value of `pins` in a file; null for a list of pins. */
function problemWith(path: string, pins: unknown): string | null {
  const sizeBytes = fileOrNull(path)?.size ?? 0;
  if (sizeBytes > maxFileBytes) return `it has ${sizeBytes} bytes, and may have ${maxFileBytes}`;
  if (!Array.isArray(pins)) return 'it has to be {"pins": [{"pattern": "pypi/**"}]}';
  if (pins.length > mostPins) return `it has ${pins.length} pins, and may have ${mostPins}`;
  const at = pins.findIndex((pin) => !isPin(pin));
  return at < 0 ? null : `number ${at + 1} of the pins is none: {"pattern": "pypi/**"} is one`;
}

/** Members that this version does not know stay as they are. */
function isPin(value: unknown): value is Pin {
  const { pattern, since } = (value ?? {}) as { pattern?: unknown; since?: unknown };
  return typeof pattern === "string" && patternProblem(pattern) === null &&
    (since === undefined || typeof since === "string");
}
