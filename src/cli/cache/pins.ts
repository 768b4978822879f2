import { addPins, readPins, removePins } from "../../inventory/pins.ts";
import { VaultError } from "../../errors.ts";
import type { Action, OperandSpec } from "../command.ts";
import { configOptions } from "../config_options.ts";
import { cell, writeTable } from "../table.ts";
import { loadWithCacheDir } from "./load_with_cache_dir.ts";

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
    "artifact-vault cache pin 'docker/@default/library/alpine/**'",
    "artifact-vault cache pin 'requests-*.whl'",
  ],
  operands: patterns,
  options: configOptions,
  async run(given, io) {
    const { cache_dir: dir } = await loadWithCacheDir(given, io);
    const added = await addPins(dir, given.operands);
    for (const pattern of added) io.stdout(`Pinned ${pattern}\n`);
    for (const pattern of given.operands.filter((one) => !added.includes(one))) {
      io.stderr(`${pattern} was pinned already\n`);
    }
    return 0;
  },
};

/** Removes pins. */
export const unpin: Action = {
  name: "unpin",
  summary: "Remove pins; what they kept may be evicted again",
  examples: ["artifact-vault cache unpin 'requests-*.whl'"],
  operands: { ...patterns, help: "patterns as artifact-vault cache pins prints them" },
  options: configOptions,
  async run(given, io) {
    const { cache_dir: dir } = await loadWithCacheDir(given, io);
    const removed = await removePins(dir, given.operands);
    for (const pattern of removed) io.stdout(`Unpinned ${pattern}\n`);
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
  options: { ...configOptions, json: { help: "A list of JSON objects" } },
  async run(given, io) {
    const { cache_dir: dir } = await loadWithCacheDir(given, io);
    const all = readPins(dir);
    if (given.values.json) io.stdout(`${JSON.stringify(all, null, 2)}\n`);
    else {
      const rows = all.map(({ pattern, since = "" }) => [cell(pattern), cell(since)]);
      if (rows.length > 0) writeTable([{ title: "PATTERN" }, { title: "SINCE" }], rows, io);
    }
    return 0;
  },
};
