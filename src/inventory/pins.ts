import { VaultError } from "../errors.ts";
import { replaceFile } from "../store/files.ts";
import { FsLayout } from "../store/fs_layout.ts";
import { readJson, statOrNull } from "../store/regular_files.ts";
import { entryName, type NamedEntry } from "./entry_name.ts";
import { chosenEntries } from "./listed_entry.ts";
import { type EntryPattern, parsePattern } from "./pattern.ts";

/** A pattern of entries whose bodies are never removed, also of entries that come later. */
export interface Pin {
  readonly pattern: string;
  /** When it was pinned, in ISO 8601; absent where that is not known. */
  readonly since?: string;
}

/**
 * The pins of a cache directory, in the order in which they were made; none without a file of pins. Throws
 * `storage_failed` for a file that is no list of pins: what was pinned is then not known, and nothing may be removed.
 */
export function readPins(dir: string): readonly Pin[] {
  const { pins: path } = new FsLayout(dir);
  if (statOrNull(path) === null) return [];
  const pins = (readJson(path) as { pins?: unknown } | null)?.pins;
  if (Array.isArray(pins) && pins.every(isPin)) return pins;
  throw new VaultError("storage_failed", `Cannot read the pins in "${path}": ${expected}; correct it or remove it`);
}

/** Adds pins for patterns, and returns those that are new. Other processes see them at once. */
export function addPins(dir: string, patterns: readonly string[]): Promise<readonly string[]> {
  return changePins(dir, (pins) => {
    const added = [...new Set(patterns)].filter((pattern) => !pins.some((pin) => pin.pattern === pattern));
    const since = new Date().toISOString();
    return { pins: [...pins, ...added.map((pattern) => ({ pattern, since }))], result: added };
  });
}

/** Removes the pins of patterns, and returns those that there were. */
export function removePins(dir: string, patterns: readonly string[]): Promise<readonly string[]> {
  return changePins(dir, (pins) => ({
    pins: pins.filter(({ pattern }) => !patterns.includes(pattern)),
    result: [...new Set(patterns)].filter((pattern) => pins.some((pin) => pin.pattern === pattern)),
  }));
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
  await replaceFile(path, `${path}.${crypto.randomUUID()}.tmp`, `${JSON.stringify({ pins }, null, 2)}\n`);
  return result;
}

const expected = 'it has to be {"pins": [{"pattern": "docker/**"}]}';

/** Members that this version does not know stay as they are. */
function isPin(value: unknown): value is Pin {
  const { pattern, since } = (value ?? {}) as { pattern?: unknown; since?: unknown };
  return typeof pattern === "string" && pattern !== "" && (since === undefined || typeof since === "string");
}
