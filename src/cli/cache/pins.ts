import { type EntryPattern, misreadings, parsePattern } from "../../inventory/pattern.ts";
import { addPins, countChosen, readPins, removePins } from "../../inventory/pins.ts";
import { VaultError } from "../../errors.ts";
import { shownEntries } from "../../observe/shown_count.ts";
import { shownLine } from "../../observe/shown_text.ts";
import { shownDate } from "../../observe/shown_time.ts";
import type { Action, OperandSpec } from "../command.ts";
import { directoryOptions } from "../config_options.ts";
import type { Io } from "../io.ts";
import { cell, writeTable } from "../table.ts";
import { interruptible } from "./interruptible.ts";
import { loadMakingCacheDir, loadWithCacheDir } from "./load_with_cache_dir.ts";
import { withVisits } from "./visits.ts";

const patterns: OperandSpec = {
  usage: "PATTERN...",
  help: "names of entries, also of those that come later; * within a segment, ** across",
  least: 1,
  most: Infinity,
};

/** Keeps bodies from being removed. */
export const pin: Action = {
  name: "pin",
  summary: "Keep what has such a name for ever: it is neither evicted nor pruned, also what comes later",
  examples: [
    "artifact-vault cache pin 'dockerhub/@default/library/alpine/**'",
    "artifact-vault cache pin 'requests-*.whl'",
  ],
  operands: patterns,
  options: { ...directoryOptions, json: { help: "One JSON object a line, for each pattern" } },
  async run(given, io) {
    const { cache_dir: dir } = await loadMakingCacheDir(given, io);
    const added = new Set(await addPins(dir, given.operands));
    const asked = [...new Map(given.operands.map(parsePattern).map((pattern) => [pattern.text, pattern])).values()];
    const counts = await countWithProgress(dir, asked, io);
    asked.forEach(({ text }, at) => {
      const [isNew, entries] = [added.has(text), counts[at]!];
      if (given.values.json) io.stdout(`${JSON.stringify({ pattern: text, new: isNew, entries })}\n`);
      else if (isNew) io.stdout(`Pinned ${shownLine(text)}: ${shownUse(entries)}\n`);
      else io.stderr(`${shownLine(text)} was pinned already: ${shownUse(entries)}\n`);
      const why = entries === 0 ? misreadings([text]) : "";
      if (why !== "") io.stderr(`${shownLine(why)}\n`);
    });
    return 0;
  },
};

function shownUse(entries: number): string {
  if (entries === 0) return "no entry has such a name now; those that come later are kept";
  return `${shownEntries(entries)} ${entries === 1 ? "has" : "have"} such a name now`;
}

function countWithProgress(dir: string, patterns: readonly EntryPattern[], io: Io): Promise<readonly number[]> {
  return withVisits(io, ({ visited }) => interruptible((signal) => countChosen(dir, patterns, { signal, visited })));
}

/** Removes pins. */
export const unpin: Action = {
  name: "unpin",
  summary: "Remove pins; what they kept may be evicted again",
  examples: ["artifact-vault cache unpin 'requests-*.whl'"],
  operands: { ...patterns, help: "patterns as artifact-vault cache pins prints them" },
  options: { ...directoryOptions, json: { help: "One JSON object a line, for each pin that was removed" } },
  async run(given, io) {
    const { cache_dir: dir } = await loadWithCacheDir(given, io);
    const removed = await removePins(dir, given.operands);
    for (const pattern of removed) {
      io.stdout(given.values.json ? `${JSON.stringify({ pattern })}\n` : `Unpinned ${shownLine(pattern)}\n`);
    }
    const unknown = given.operands.filter((pattern) => !removed.includes(pattern));
    if (unknown.length === 0) return 0;
    throw new VaultError(
      "not_found",
      `There is no pin ${unknown.map((pattern) => `"${pattern}"`).join(", ")}; artifact-vault cache pins lists them`,
    );
  },
};

/** Lists pins. */
export const pins: Action = {
  name: "pins",
  summary: "List the pins",
  examples: ["artifact-vault cache pins"],
  options: { ...directoryOptions, json: { help: "A list of JSON objects" } },
  async run(given, io) {
    const { cache_dir: dir } = await loadWithCacheDir(given, io);
    const all = readPins(dir);
    if (given.values.json) io.stdout(`${JSON.stringify(all, null, 2)}\n`);
    else {
      const rows = all.map(({ pattern, since = "" }) => [
        cell(pattern),
        { shown: since === "" ? "" : shownDate(since), plain: since },
      ]);
      if (rows.length > 0) writeTable([{ title: "PATTERN" }, { title: "SINCE" }], rows, io);
    }
    return 0;
  },
};
