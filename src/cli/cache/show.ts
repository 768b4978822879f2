import type { Config } from "../../config/schema.ts";
import { VaultError } from "../../errors.ts";
import { entriesNamed, type EntryDetails, readDetails, readRemembered } from "../../inventory/entry_details.ts";
import { entryName, withoutLeadingSlashes } from "../../inventory/entry_name.ts";
import { escapedPattern, hasWildcards } from "../../inventory/pattern.ts";
import { shownBytes } from "../../observe/shown_bytes.ts";
import type { Entry } from "../../store/store.ts";
import type { Action } from "../command.ts";
import { directoryOptions, offlineOption } from "../config_options.ts";
import type { Io } from "../io.ts";
import { Progress } from "../progress.ts";
import { shownDate, shownLength } from "../../observe/shown_time.ts";
import { type Cell, cell, writeTable } from "../table.ts";
import { loadWithCacheDir } from "./load_with_cache_dir.ts";
import { askServer, serversOn } from "./running.ts";
import { type Next, nextOf } from "../../status/next_request.ts";

/** Shows everything about one entry. */
export const show: Action = {
  name: "show",
  summary:
    "Show everything about one entry: where from, when, how fresh, what the next client gets, who has the same bytes",
  examples: ["artifact-vault cache show pypi/simple/requests/ --config config.yml"],
  operands: { usage: "NAME", help: "the name of an entry, as artifact-vault cache ls prints it", least: 1, most: 1 },
  options: { ...directoryOptions, ...offlineOption, json: { help: "A list of JSON objects, one for each variant" } },
  async run(given, io) {
    const config = await loadWithCacheDir(given, io);
    const name = withoutLeadingSlashes(given.operands[0] ?? "");
    const entries = await entriesNamed(config.cache_dir, name);
    if (entries.length === 0) throw await notCached(name, config);
    const isSupposed = given.values.offline !== undefined;
    const next = isSupposed ? await nextByRules(entries, config) : await nextOfAll(entries, config, name);
    const details = await detailsOf(entries, config, io);
    if (given.values.json) io.stdout(`${JSON.stringify(details.map((one, at) => asJson(one, next[at]!)), null, 2)}\n`);
    else details.forEach((one, at) => report(one, next[at]!, io));
    return 0;
  },
};

async function notCached(name: string, { cache_dir }: Config): Promise<VaultError> {
  const { absence, parkedBytes } = await readRemembered(cache_dir, name);
  const notes = [
    ...absence === null ? [] : [`upstream had none at ${shownDate(absence.at)}: ${absence.message}`],
    ...parkedBytes === 0 ? [] : [`an interrupted transfer has left ${shownBytes(parkedBytes)}`],
  ];
  const advice = notes.length > 0
    ? `${notes.join("; ")}. artifact-vault cache purge forgets that`
    : hasWildcards(name)
    ? `artifact-vault cache ls --match "${name}" lists names by a pattern`
    : `artifact-vault cache ls --match "*${escapedPattern(lastWord(name))}*" lists names that are like it`;
  return new VaultError("not_found", `"${name}" is not in the cache "${cache_dir}"; ${advice}`);
}

function lastWord(name: string): string {
  return name.split("/").filter((word) => word !== "").at(-1) ?? "";
}

/** A server that runs knows best, since it is the one that will be asked; without one, its rules are applied here. */
async function nextOfAll(entries: readonly Entry[], config: Config, name: string): Promise<readonly Next[]> {
  const [server] = await serversOn(config.cache_dir);
  const told = server === undefined
    ? null
    : nextToldOf(await askServer(server, `/-/api/v1/entries/${encodeURIComponent(name)}`), entries);
  return told ?? await nextByRules(entries, config);
}

/** Null where a server speaks of other entries than these. */
function nextToldOf(answer: unknown, entries: readonly Entry[]): readonly Next[] | null {
  const told = Array.isArray(answer) ? answer as readonly Told[] : [];
  const isSame = told.length === entries.length &&
    told.every(({ sha256, next, freshness }, at) =>
      sha256 === entries[at]!.sha256 && typeof next === "string" && typeof freshness === "string"
    );
  return isSame ? told.map(({ decision, next: answer, freshness }) => ({ decision, answer, freshness })) : null;
}

interface Told extends Omit<Next, "answer"> {
  readonly sha256: string;
  readonly next: string;
}

async function nextByRules(entries: readonly Entry[], config: Config): Promise<readonly Next[]> {
  const { openOutlooks } = await import("../../outlooks.ts");
  const outlooks = await openOutlooks(config);
  try {
    const next: Next[] = [];
    for (const entry of entries) next.push(nextOf(entry, await outlooks.of(entry), config));
    return next;
  } finally {
    await outlooks.close();
  }
}

async function detailsOf(entries: readonly Entry[], { cache_dir }: Config, io: Io): Promise<readonly EntryDetails[]> {
  const progress = new Progress(io);
  let done = 0;
  const visited = () =>
    progress.show({
      unit: ["entry compared", "entries compared"],
      done: ++done,
      total: null,
      bytes: 0,
      totalBytes: null,
    });
  return await readDetails(cache_dir, entries, { visited }).finally(() => progress.end());
}

function report({ entry, body, bodyPath, pins, sameBytes, remembered }: EntryDetails, next: Next, io: Io): void {
  const { absence, parkedBytes } = remembered;
  const { location, headers, selectedBy } = entry;
  const now = Date.now();
  const rows: [string, string | number][] = [
    ["name", entryName(entry)],
    ["from", entry.url],
    ...location === undefined ? [] : [["redirected to", location] as [string, string]],
    ["size", entry.sizeBytes],
    ["sha256", entry.sha256],
    ["body", body === null ? "not cached" : bodyPath],
    ["stored", entry.storedAt],
    ["validated", entry.validatedAt],
    ["used", body?.usedAt ?? "never"],
    ["freshness", next.freshness],
    ["next client", next.answer],
    ...selectedBy.map(([name, value]) => ["varies by", `${name}: ${value}`] as [string, string]),
    ...headers.map(([name, value]) => ["header", `${name}: ${value}`] as [string, string]),
    ...pins.map((pattern) => ["pinned by", pattern] as [string, string]),
    ...sameBytes.map((name) => ["same bytes", name] as [string, string]),
    ...absence === null
      ? []
      : [["upstream", `had none at ${shownDate(absence.at)}: ${absence.message}`] as [string, string]],
    ...parkedBytes === 0 ? [] : [["parked bytes", parkedBytes] as [string, number]],
  ];
  writeTable(
    [{ title: "ENTRY" }, { title: "" }],
    rows.map(([name, value]) => [cell(name), shown(name, value, now)]),
    io,
  );
}

function shown(name: string, value: string | number, now: number): Cell {
  if (typeof value === "string") return cell(value);
  if (name === "size" || name === "parked bytes") return { shown: `${shownBytes(value)} (${value})`, plain: value };
  return { shown: `${shownDate(value)} (${shownLength(now - value)} ago)`, plain: new Date(value).toISOString() };
}

function asJson({ entry, body, bodyPath, pins, sameBytes, remembered }: EntryDetails, next: Next) {
  const { absence, parkedBytes } = remembered;
  const iso = (at: number) => new Date(at).toISOString();
  return {
    ...{ name: entryName(entry), backend: entry.backend, key: entry.key, url: entry.url, location: entry.location },
    ...{ size: entry.sizeBytes, sha256: entry.sha256, body: body === null ? null : bodyPath },
    ...{ stored: iso(entry.storedAt), validated: iso(entry.validatedAt), used: body && iso(body.usedAt) },
    ...{ freshness: next.freshness, decision: next.decision, next: next.answer },
    ...{ headers: entry.headers, varies_by: entry.selectedBy, pins, same_bytes: sameBytes, parked_bytes: parkedBytes },
    absent: absence && { status: absence.status, at: iso(absence.at), message: absence.message },
  };
}
