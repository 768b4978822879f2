import { VaultError } from "../../errors.ts";
import { misreadings, parsePattern } from "../../inventory/pattern.ts";
import { shownEntries } from "../../observe/shown_count.ts";
import { shownLine } from "../../observe/shown_text.ts";
import { shownDate } from "../../observe/shown_time.ts";
import type { Action, OperandSpec } from "../command.ts";
import { cell, writeTable } from "../table.ts";
import { carryOut } from "./carry_out.ts";
import { cacheOptions, openCache } from "./open_cache.ts";

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
  options: { ...cacheOptions, json: { help: "One JSON object a line, for each pattern" } },
  async run(given, io) {
    const cache = await openCache(given, io, { makesDir: true });
    const asked = [...new Set(given.operands.map((operand) => parsePattern(operand).text))];
    const added = new Set(await cache.addPins(asked));
    const counts = await carryOut(cache, ["count", { patterns: asked }], { io, changes: true });
    asked.forEach((text, at) => {
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

/** Removes pins. */
export const unpin: Action = {
  name: "unpin",
  summary: "Remove pins; what they kept may be evicted again",
  examples: ["artifact-vault cache unpin 'requests-*.whl'"],
  operands: { ...patterns, help: "patterns as artifact-vault cache pins prints them" },
  options: { ...cacheOptions, json: { help: "One JSON object a line, for each pin that was removed" } },
  async run(given, io) {
    const removed = await (await openCache(given, io, { writes: true })).removePins(given.operands);
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
  options: { ...cacheOptions, json: { help: "A list of JSON objects" } },
  async run(given, io) {
    const all = await (await openCache(given, io)).pins();
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
