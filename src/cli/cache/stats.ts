import type { Config } from "../../config/schema.ts";
import { type Amount, type BackendStats, type CacheStats, measureCache } from "../../inventory/cache_stats.ts";
import { shownBytes } from "../../observe/shown_bytes.ts";
import { shownBodies } from "../../observe/shown_count.ts";
import type { Action } from "../command.ts";
import { addressOptions, directoryOptions } from "../config_options.ts";
import type { Io } from "../io.ts";
import { serverUrlOf, urlApi } from "../control/url_api.ts";
import { textOf } from "../option_values.ts";
import { shownLength } from "../../observe/shown_time.ts";
import { type Cell, cell, writeTable } from "../table.ts";
import { loadWithCacheDir } from "./load_with_cache_dir.ts";
import { serversOn } from "./running.ts";
import { readUsage, type Usage, usualUrl } from "./usage.ts";
import { withVisits } from "./visits.ts";

/** Counts what is in the cache. */
export const stats: Action = {
  name: "stats",
  summary: "Count what is in the cache by backend, and ask a running vault for its hit rate",
  examples: [
    "artifact-vault cache stats --config config.yml",
    "artifact-vault cache stats --url http://127.0.0.1:8080",
  ],
  options: {
    ...directoryOptions,
    ...addressOptions,
    url: {
      value: "URL",
      help: "A running vault that tells its hit rate; else the address of the configuration is tried",
    },
    json: { help: "One JSON object" },
  },
  async run(given, io) {
    const config = await loadWithCacheDir(given, io);
    const [counted, usage] = await Promise.all([
      withVisits(io, ({ visited }) => measureCache(config.cache_dir, { visited })),
      usageOf(config, textOf(given.values, "url")),
    ]);
    if (given.values.json) io.stdout(`${JSON.stringify(asJson(counted, config, usage), null, 2)}\n`);
    else report(counted, { config, usage, io });
    return 0;
  },
};

/**
 * Without `url`, that of the first server on the directory, or else of whoever answers at the configured address. One
 * that does not answer is no failure then: none may be running.
 */
async function usageOf(config: Config, url: string | undefined): Promise<Usage | null> {
  if (url !== undefined) return await readUsage(urlApi(serverUrlOf(url)));
  const [server] = await serversOn(config.cache_dir);
  const usual = usualUrl(config);
  const api = server?.api ?? (usual === null ? null : urlApi(usual));
  return api === null ? null : await readUsage(api).catch(() => null);
}

interface ReportOptions {
  readonly config: Config;
  readonly usage: Usage | null;
  readonly io: Io;
}

function report(counted: CacheStats, { config, usage, io }: ReportOptions): void {
  const limit = config.cache_max_size === undefined ? "" : ` (cache_max_size is ${shownBytes(config.cache_max_size)})`;
  const line = (name: string, shown: string, plain: Cell["plain"] = shown): Cell[] => [cell(name), { shown, plain }];
  const amount = (name: string, { bodies, bytes }: Amount) =>
    line(name, `${shownBytes(bytes)} in ${shownBodies(bodies)}`, [bytes, bodies]);
  const rows = [
    line("directory", config.cache_dir),
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
  reportBackends(counted.backends, config, io);
}

function reportBackends(backends: readonly BackendStats[], config: Config, io: Io): void {
  const columns = ["ENTRIES", "BODIES", "BYTES", "OLDEST", "NEWEST", "USED", "NEVER USED AGAIN"];
  const now = Date.now();
  const age = (at: number | null): Cell =>
    at === null ? { shown: "-", plain: "" } : { shown: shownLength(now - at), plain: new Date(at).toISOString() };
  const rows = backends.map((backend) => [
    { shown: isConfigured(backend, config) ? backend.name : `${backend.name} (not configured)`, plain: backend.name },
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

function isConfigured({ name }: BackendStats, { backends }: Config): boolean {
  return backends.some((backend) => backend.name === name);
}

function hitRateOf({ url, hitRate, uptimeSeconds }: Usage): string {
  return `${(hitRate * 100).toFixed(1)} % in ${shownLength(uptimeSeconds * 1000)} (${url})`;
}

function asJson({ backends, ...totals }: CacheStats, config: Config, usage: Usage | null) {
  const iso = (at: number | null) => at === null ? null : new Date(at).toISOString();
  return {
    directory: config.cache_dir,
    ...totals,
    hit_rate: usage === null ? null : usage.hitRate,
    backends: backends.map(({ name, entries, bodies, bytes, oldest, newest, usedAt, unused, withoutBody }) => ({
      ...{ name, entries, bodies, bytes, without_body: withoutBody, unused },
      ...{ oldest: iso(oldest), newest: iso(newest), used: iso(usedAt) },
    })),
  };
}
