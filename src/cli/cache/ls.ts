import type { Inputs } from "../../cache_commands/contract.ts";
import { VaultError } from "../../errors.ts";
import { misreadings } from "../../inventory/pattern.ts";
import type { ListedEntry } from "../../inventory/listed_entry.ts";
import { firstEntries, sortedEntries } from "../../inventory/sorted_entries.ts";
import { shownBytes } from "../../observe/shown_bytes.ts";
import { shownCount } from "../../observe/shown_count.ts";
import type { Action } from "../command.ts";
import type { Io } from "../io.ts";
import { countOf, wordOf } from "../option_values.ts";
import { shownLine } from "../../observe/shown_text.ts";
import { shownLength } from "../../observe/shown_time.ts";
import { type Cell, cell, TableWriter } from "../table.ts";
import { filterOf, filterOptions } from "./filter_options.ts";
import { cacheOptions, openCache } from "./open_cache.ts";
import type { OpenedCache } from "./opened_cache.ts";
import { withVisits } from "./visits.ts";

const orders = ["name", "size", "age", "used"] as const;

type Order = typeof orders[number];

/** Lists entries. */
export const ls: Action = {
  name: "ls",
  summary: "List what is in the cache, with sizes and times",
  examples: [
    "artifact-vault cache ls --backend pypi --sort size --limit 20",
    "artifact-vault cache ls --match '*.whl' --unused-for 30d --json",
  ],
  options: {
    ...cacheOptions,
    ...filterOptions,
    sort: {
      value: "ORDER",
      choices: orders,
      help: "name (otherwise), size (largest first), age (oldest first) or used (longest ago first)",
    },
    limit: { value: "NUMBER", help: "List at most so many" },
    json: { help: "One JSON object a line" },
  },
  async run(given, io) {
    const { values, lists } = given;
    const cache = await openCache(given, io);
    const filter = await filterOf(given, cache, io);
    const order = wordOf(values, "sort", orders) ?? "name";
    const limit = countOf(values, "limit") ?? Infinity;
    const unreadable: string[] = [];
    const entries = entriesOf(cache, filter, unreadable);
    let isEmpty = true;
    const write = values.json ? jsonWriter(io) : tableWriter(io);
    await withVisits(io, async ({ visited, hide }) => {
      for await (const entry of inOrder(counted(entries, visited), order, limit)) {
        hide();
        write(entry);
        isEmpty = false;
      }
    });
    const why = isEmpty ? misreadings(lists.match ?? []) : "";
    if (why !== "") io.stderr(`--match ${shownLine(why)}\n`);
    if (unreadable.length === 0) return 0;
    throw new VaultError(
      "storage_failed",
      `${shownCount(unreadable.length, "file")} in the place of entries cannot be read, such as "${unreadable[0]}"; ` +
        "artifact-vault cache verify says what is wrong with them",
    );
  },
};

/** The entries that come, and the paths of what cannot be read at the end. */
async function* entriesOf(
  cache: OpenedCache,
  filter: Inputs["ls"],
  unreadable: string[],
): AsyncGenerator<ListedEntry> {
  for await (const line of cache.run("ls", filter, new AbortController().signal)) {
    if (!("item" in line)) continue;
    if ("unreadable" in line.item) unreadable.push(line.item.unreadable);
    else yield line.item;
  }
}

async function* counted(entries: AsyncIterable<ListedEntry>, visited: () => void): AsyncGenerator<ListedEntry> {
  for await (const entry of entries) {
    visited();
    yield entry;
  }
}

async function* inOrder(entries: AsyncIterable<ListedEntry>, order: Order, limit: number): AsyncGenerator<ListedEntry> {
  if (order !== "name" && limit < Infinity) return yield* await firstEntries(entries, { order, limit });
  let listed = 0;
  for await (const entry of order === "name" ? entries : sortedEntries(entries, order)) {
    if (listed++ === limit) return;
    yield entry;
  }
}

function jsonWriter(io: Io): (entry: ListedEntry) => void {
  return ({ name, sha256, sizeBytes, storedAt, usedAt }) => {
    const json = { name, size: sizeBytes, stored: iso(storedAt), used: usedAt && iso(usedAt), sha256 };
    io.stdout(`${JSON.stringify(json)}\n`);
  };
}

function tableWriter(io: Io): (entry: ListedEntry) => void {
  const table = new TableWriter([
    { title: "SIZE", side: "right", width: 10 },
    { title: "STORED", side: "right", width: 8 },
    { title: "USED", side: "right", width: 8 },
    { title: "NAME" },
  ], io);
  const now = Date.now();
  return ({ name, sizeBytes, storedAt, usedAt }) =>
    table.row([
      { shown: shownBytes(sizeBytes), plain: sizeBytes },
      timeCell(storedAt, now),
      usedAt === null ? { shown: "no body", plain: "" } : timeCell(usedAt, now),
      cell(name),
    ]);
}

function timeCell(at: number, now: number): Cell {
  return { shown: shownLength(now - at), plain: iso(at) };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
