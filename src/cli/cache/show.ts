import type { Shown } from "../../cache_commands/contract.ts";
import { VaultError } from "../../errors.ts";
import type { Remembered } from "../../inventory/entry_details.ts";
import { entryName, withoutLeadingSlashes } from "../../inventory/entry_name.ts";
import { escapedPattern, hasWildcards } from "../../inventory/pattern.ts";
import { shownBytes } from "../../observe/shown_bytes.ts";
import { shownDate, shownLength } from "../../observe/shown_time.ts";
import type { Action } from "../command.ts";
import { offlineOption } from "../config_options.ts";
import type { Io } from "../io.ts";
import { type Cell, cell, writeTable } from "../table.ts";
import { carryOut } from "./carry_out.ts";
import { cacheOptions, openCache } from "./open_cache.ts";

/** Shows everything about one entry. */
export const show: Action = {
  name: "show",
  summary:
    "Show everything about one entry: where from, when, how fresh, what the next client gets, who has the same bytes",
  examples: ["artifact-vault cache show pypi/simple/requests/ --config config.yml"],
  operands: { usage: "NAME", help: "the name of an entry, as artifact-vault cache ls prints it", least: 1, most: 1 },
  options: { ...cacheOptions, ...offlineOption, json: { help: "A list of JSON objects, one for each variant" } },
  async run(given, io) {
    const cache = await openCache(given, io);
    const name = withoutLeadingSlashes(given.operands[0] ?? "");
    const { variants, remembered } = await carryOut(cache, ["show", { name }], { io });
    if (variants.length === 0) throw notCached(name, cache.dir, remembered);
    if (given.values.json) {
      io.stdout(`${JSON.stringify(variants.map((one) => asJson(one, remembered)), null, 2)}\n`);
    } else variants.forEach((one) => report(one, remembered, io));
    return 0;
  },
};

type Variant = Shown["variants"][number];

function notCached(name: string, dir: string, { absence, parkedBytes }: Remembered): VaultError {
  const notes = [
    ...absence === null ? [] : [`upstream had none at ${shownDate(absence.at)}: ${absence.message}`],
    ...parkedBytes === 0 ? [] : [`an interrupted transfer has left ${shownBytes(parkedBytes)}`],
  ];
  const advice = notes.length > 0
    ? `${notes.join("; ")}. artifact-vault cache purge forgets that`
    : hasWildcards(name)
    ? `artifact-vault cache ls --match "${name}" lists names by a pattern`
    : `artifact-vault cache ls --match "*${escapedPattern(lastWord(name))}*" lists names that are like it`;
  return new VaultError("not_found", `"${name}" is not in the cache "${dir}"; ${advice}`);
}

function lastWord(name: string): string {
  return name.split("/").filter((word) => word !== "").at(-1) ?? "";
}

function report({ entry, body, bodyPath, pins, sameBytes, next }: Variant, remembered: Remembered, io: Io): void {
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

function asJson({ entry, body, bodyPath, pins, sameBytes, next }: Variant, remembered: Remembered) {
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
