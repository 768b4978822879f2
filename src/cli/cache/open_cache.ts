import { carryingOf } from "../../configuration.ts";
import { runCommand } from "../../cache_commands/run_command.ts";
import { type CommandContext, mostDamagedTold } from "../../cache_commands/contract.ts";
import { isOnline } from "../../config/upstreams.ts";
import type { Config } from "../../config/schema.ts";
import { VaultError } from "../../errors.ts";
import { addPins, readPins, removePins } from "../../inventory/pins.ts";
import { FsLayout } from "../../store/fs_layout.ts";
import { writtenMisses } from "../../store/misses.ts";
import type { Next } from "../../status/next_request.ts";
import type { Entry } from "../../store/store.ts";
import { ownerWarning } from "../cache_dir.ts";
import type { Given } from "../command.ts";
import { directoryOptions } from "../config_options.ts";
import { urlApiOf, urlOptions } from "../control/url_api.ts";
import type { Io } from "../io.ts";
import { loadMakingCacheDir, loadWithCacheDir } from "./load_with_cache_dir.ts";
import { nextToldBy, offlineBackendsOf, serversOn, tellServers } from "./running.ts";
import type { OpenedCache } from "./opened_cache.ts";
import { openServerCache } from "./server_cache.ts";
import { readUsage, usualApi } from "./usage.ts";

/** The options of commands that work on a cache directory, or on the cache of a server. */
export const cacheOptions = { ...directoryOptions, ...urlOptions };

interface OpenOptions {
  /** True where it is about what comes later, so that there need not be a directory yet. False when absent. */
  readonly makesDir?: boolean;
  /** True where something is written or removed. False when absent. */
  readonly writes?: boolean;
}

/** Opens the cache that a command line means. Throws a VaultError. */
export async function openCache(given: Given, io: Io, options: OpenOptions = {}): Promise<OpenedCache> {
  const { makesDir = false, writes = makesDir } = options;
  const api = await urlApiOf(given.values);
  if (api === null) {
    const config = await (makesDir ? loadMakingCacheDir : loadWithCacheDir)(given, io);
    const warning = writes ? ownerWarning(config.cache_dir) : null;
    if (warning !== null) io.stderr(`${warning}\n`);
    return directoryCache(config, given);
  }
  const surplus = ["cache-dir", "offline"].find((name) => given.values[name] !== undefined);
  if (surplus === undefined) return await openServerCache(api);
  throw new VaultError("config_invalid", `--url names a server, which knows that itself: leave out --${surplus}`);
}

function directoryCache(config: Config, { values }: Given): OpenedCache {
  const { cache_dir: dir, cache_max_size: maxBytes = null, backends } = config;
  const context = directoryContext(config, values.offline !== undefined);
  return {
    ...{ dir, maxBytes, configured: backends.map(({ name }) => name) },
    run: (name, input, signal) => runCommand(name, input, { context, signal }),
    async usage() {
      const api = (await serversOn(dir))[0]?.api ?? usualApi(config);
      // None may be running.
      return api === null ? null : await readUsage(api).catch(() => null);
    },
    pins: () => Promise.resolve(readPins(dir)),
    addPins: (patterns) => addPins(dir, patterns),
    removePins: (patterns) => removePins(dir, patterns),
  };
}

/** `isSupposed` where the question is what would be if the vault were offline. */
function directoryContext(config: Config, isSupposed: boolean): CommandContext {
  const { cache_dir: dir, backends } = config;
  const carryings = new Map(backends.map((backend) => [backend.name, carryingOf(backend)]));
  return {
    dir,
    besideClients: false,
    digestOf: (entry) => carryings.get(entry.backend)?.digestOf?.(entry) ?? null,
    nextOf: async (entries) =>
      (isSupposed ? null : await nextToldBy(dir, entries)) ?? await nextByRules(entries, config),
    async *fetchAgain(entries) {
      const { fetchAgain } = await import("./fetch_again.ts");
      for await (const { failure } of fetchAgain(config, entries)) yield failure;
    },
    async offlineBackends() {
      const own = backends.filter((backend) => !isOnline(backend, config)).map(({ name }) => name);
      return [...own, ...await offlineBackendsOf(await serversOn(dir))];
    },
    misses: writtenMisses(new FsLayout(dir)),
    changed: () => tellServers(dir),
    damaged: (bodies) => tellServers(dir, { damagedBodies: Math.min(bodies, mostDamagedTold) }),
  };
}

async function nextByRules(entries: readonly Entry[], config: Config): Promise<readonly Next[]> {
  const [{ openOutlooks }, { nextOf }] = await Promise.all([
    import("../../outlooks.ts"),
    import("../../status/next_request.ts"),
  ]);
  const outlooks = await openOutlooks(config);
  try {
    const next: Next[] = [];
    for (const entry of entries) next.push(nextOf(entry, await outlooks.of(entry), config));
    return next;
  } finally {
    await outlooks.close();
  }
}
