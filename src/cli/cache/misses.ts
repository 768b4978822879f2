import { VaultError } from "../../errors.ts";
import type { Miss } from "../../store/misses.ts";
import type { Action } from "../command.ts";
import type { Io } from "../io.ts";
import { durationOf } from "../option_values.ts";
import { shownLength } from "../../observe/shown_time.ts";
import { cell, writeTable } from "../table.ts";
import { carryOut } from "./carry_out.ts";
import { cacheOptions, openCache } from "./open_cache.ts";

/** Lists what clients missed while the vault was offline. */
export const misses: Action = {
  name: "misses",
  summary: "List what clients asked for and did not get, since the vault is offline: the next list for warm",
  examples: [
    "artifact-vault cache misses --config config.yml > wanted.txt",
    "artifact-vault cache misses --since 7d --json",
    "artifact-vault cache misses --clear > wanted.txt",
  ],
  options: {
    ...cacheOptions,
    since: { value: "AGE", help: "Only what was asked for in so long: 12h, 7d" },
    json: { help: "One JSON object per line, with counts and times" },
    clear: { help: "Forget the list once it is written: the next one begins empty" },
  },
  async run(given, io) {
    const { values } = given;
    const sinceMs = durationOf(values, "since");
    if (values.clear && sinceMs !== undefined) {
      throw new VaultError("config_invalid", "--clear forgets the whole list: leave out --since");
    }
    const cache = await openCache(given, io, { writes: values.clear !== undefined });
    const found: Miss[] = [];
    await carryOut(cache, ["misses", { sinceMs }], { io, item: (miss) => found.push(miss) });
    if (values.json) { for (const miss of found) io.stdout(`${JSON.stringify(asJson(miss))}\n`); }
    else report(found, io, Date.now());
    if (values.clear) await carryOut(cache, ["forget", { until: found.at(-1)?.last ?? 0 }], { io, changes: true });
    return 0;
  },
};

/** On a terminal a table; elsewhere each line once, whatever the backend, for `warm`. */
function report(found: readonly Miss[], io: Io, now: number): void {
  if (!io.stdoutIsTerminal) {
    return io.stdout([...new Set(found.map(({ line }) => line))].map((line) => `${line}\n`).join(""));
  }
  if (found.length === 0) return io.stdout("Nothing was missed\n");
  const columns = [
    { title: "MISSED" },
    { title: "BACKEND" },
    { title: "TIMES", side: "right" },
    { title: "LAST", side: "right" },
  ] as const;
  const rows = found.map(({ backend, line, count, last }) => [
    cell(line),
    cell(backend),
    cell(count),
    cell(`${shownLength(now - last)} ago`),
  ]);
  writeTable(columns, rows, io);
}

function asJson({ backend, line, count, first, last }: Miss) {
  return { line, backend, count, first: new Date(first).toISOString(), last: new Date(last).toISOString() };
}
