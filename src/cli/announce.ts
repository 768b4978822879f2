import type { Config } from "../config/schema.ts";
import { upstreamsOf } from "../config/upstreams.ts";
import { clientHostsOf, configSchema, sharedRoutesOf } from "../configuration.ts";
import { messageOf } from "../errors.ts";
import { countEntries } from "../inventory/entry_counts.ts";
import type { Log } from "../observe/log.ts";
import { shownBytes } from "../observe/shown_bytes.ts";
import { shownEntries } from "../observe/shown_count.ts";
import type { Io } from "./io.ts";
import { version } from "./version.ts";
import { isLoopback } from "./loopback.ts";

export interface Announced {
  readonly config: Config;
  readonly log: Log;
  readonly io: Io;
  /** The origin of the configuration, for people. */
  readonly source: string;
  readonly cacheBytes: number;
}

/** Writes to the log, and to the terminal if that is another place, what is served from where and in which mode. */
export function announce(url: string, { config, log, io, source, cacheBytes }: Announced): void {
  const title = `Artifact Vault ${version} listening on ${url}`;
  const lines = [...factsOf(config, { source, cacheBytes }), ...routesOf(config)];
  for (const line of [title, ...lines]) log.info(line);
  if (!showsLog(config)) io.stdout([title, ...lines.map((line) => `  ${line}`), ""].join("\n"));
}

/** Writes to the log how much is cached: offline, that is all there is. Resolves when it is counted, or at `signal`. */
export async function announceEntries(config: Config, log: Log, signal: AbortSignal): Promise<void> {
  try {
    const counts = (await countEntries(config.cache_dir, signal)).filter(({ entries }) => entries > 0);
    if (signal.aborted) return;
    const sum = counts.reduce((sum, { entries }) => sum + entries, 0);
    const each = counts.map(({ backend, entries }) => `${backend} ${entries}`).join(", ");
    if (sum > 0) log.info(`Offline, ${shownEntries(sum)} can be served: ${each}`);
    else log.warning(`Offline, and "${config.cache_dir}" has no entries: nothing can be served`);
  } catch (error) {
    log.warning(`Cannot count the entries in the cache: ${messageOf(error)}`);
  }
}

function factsOf(config: Config, { source, cacheBytes }: Pick<Announced, "source" | "cacheBytes">): string[] {
  const held = cacheBytes === 0 ? "nothing in it, or not counted yet" : `${shownBytes(cacheBytes)}, as last known`;
  const facts = [`Configuration: ${source}`, `Cache: ${config.cache_dir} (${held})`];
  if (isLoopback(config.http_host)) facts.push("Only this machine can reach it; --host 0.0.0.0 opens it to others");
  if (config.offline) {
    facts.push(
      "Offline: no upstream is ever asked; what is not in the cache is refused at once, and listed: /-/misses",
    );
  }
  return facts;
}

function routesOf(config: Config): string[] {
  const routes = config.backends.map((backend) => {
    const chosen = clientHostsOf(backend).map(({ inWords }) => inWords);
    const upstreams = [...upstreamsOf(backend, configSchema), ...chosen];
    const isOffline = backend.config.offline && !config.offline;
    return `${backend.config.prefix} -> ${upstreams.join(", ")}${isOffline ? " (offline: never asked)" : ""}`;
  });
  return [...routes, ...sharedRoutesOf(config)];
}

/** Says whether the log's lines at start are on the terminal already, or a program there reads JSON. */
function showsLog({ log_file, log_format, log_level }: Config): boolean {
  return log_file === undefined && (log_format === "json" || log_level === "DEBUG" || log_level === "INFO");
}
