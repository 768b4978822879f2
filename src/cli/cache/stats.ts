import type { Amount, BackendStats, CacheStats } from "../../inventory/cache_stats.ts";
import { shownBytes } from "../../observe/shown_bytes.ts";
import { shownBodies } from "../../observe/shown_count.ts";
import { shownLength } from "../../observe/shown_time.ts";
import type { Action } from "../command.ts";
import { addressOptions } from "../config_options.ts";
import type { Io } from "../io.ts";
import { type Cell, cell, writeTable } from "../table.ts";
import { carryOut } from "./carry_out.ts";
import { cacheOptions, openCache } from "./open_cache.ts";
import type { OpenedCache } from "./opened_cache.ts";
import type { Usage } from "./usage.ts";

/** Counts what is in the cache. */
export const stats: Action = {
  name: "stats",
  summary: "Count what is in the cache by backend, and ask a running vault for its hit rate",
  examples: [
    "artifact-vault cache stats --config config.yml",
    "artifact-vault cache stats --url http://127.0.0.1:8080",
  ],
  options: {
    ...cacheOptions,
    ...addressOptions,
    json: { help: "One JSON object" },
  },
  async run(given, io) {
    const cache = await openCache(given, io);
    const [counted, usage] = await Promise.all([carryOut(cache, ["stats", {}], { io }), cache.usage()]);
    if (given.values.json) io.stdout(`${JSON.stringify(asJson(counted, cache, usage), null, 2)}\n`);
    else report(counted, { cache, usage, io });
    return 0;
  },
};

interface ReportOptions {
  readonly cache: OpenedCache;
  readonly usage: Usage | null;
  readonly io: Io;
}

function report(counted: CacheStats, { cache, usage, io }: ReportOptions): void {
  const limit = cache.maxBytes === null ? "" : ` (cache_max_size is ${shownBytes(cache.maxBytes)})`;
  const line = (name: string, shown: string, plain: Cell["plain"] = shown): Cell[] => [cell(name), { shown, plain }];
  const amount = (name: string, { bodies, bytes }: Amount) =>
    line(name, `${shownBytes(bytes)} in ${shownBodies(bodies)}`, [bytes, bodies]);
  const rows = [
    line("directory", cache.dir),
    line(
      "bodies",
      `${shownBytes(counted.bytes)} in ${shownBodies(counted.bodies)}${limit}`,
      [counted.bytes, counted.bodies],
    ),
    line("entries", String(counted.entries)),
    amount("shared by backends", counted.shared),
    amount("without an entry", counted.unnamed),
    amount("arriving or interrupted", counted.staged),
    ...counted.unreadable === 0
      ? []
      : [line("unreadable files", `${counted.unreadable}; see artifact-vault cache verify`, counted.unreadable)],
    ...usage === null ? [] : [line("hit rate", hitRateOf(usage), usage.hitRate)],
  ];
  writeTable([{ title: "CACHE" }, { title: "" }], rows, io);
  io.stdout("\n");
  reportBackends(counted.backends, cache, io);
}

function reportBackends(backends: readonly BackendStats[], { configured }: OpenedCache, io: Io): void {
  const columns = ["ENTRIES", "BODIES", "BYTES", "OLDEST", "NEWEST", "USED", "NEVER USED AGAIN"];
  const now = Date.now();
  const age = (at: number | null): Cell =>
    at === null ? { shown: "-", plain: "" } : { shown: shownLength(now - at), plain: new Date(at).toISOString() };
  const rows = backends.map((backend) => [
    {
      shown: configured.includes(backend.name) ? backend.name : `${backend.name} (not configured)`,
      plain: backend.name,
    },
    cell(backend.entries),
    cell(backend.bodies),
    { shown: shownBytes(backend.bytes), plain: backend.bytes },
    age(backend.oldest),
    age(backend.newest),
    age(backend.usedAt),
    { shown: shownBytes(backend.unused.bytes), plain: backend.unused.bytes },
  ]);
  writeTable([{ title: "BACKEND" }, ...columns.map((title) => ({ title, side: "right" } as const))], rows, io);
}

function hitRateOf({ url, hitRate, uptimeSeconds }: Usage): string {
  return `${(hitRate * 100).toFixed(1)} % in ${shownLength(uptimeSeconds * 1000)} (${url})`;
}

function asJson({ backends, ...totals }: CacheStats, { dir }: OpenedCache, usage: Usage | null) {
  const iso = (at: number | null) => at === null ? null : new Date(at).toISOString();
  return {
    directory: dir,
    ...totals,
    hit_rate: usage === null ? null : usage.hitRate,
    backends: backends.map(({ name, entries, bodies, bytes, oldest, newest, usedAt, unused, withoutBody }) => ({
      ...{ name, entries, bodies, bytes, without_body: withoutBody, unused },
      ...{ oldest: iso(oldest), newest: iso(newest), used: iso(usedAt) },
    })),
  };
}
