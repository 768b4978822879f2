import type { Fetch } from "./artifact.ts";
import { BackendSet } from "./app/backend_set.ts";
import { RetiredBackends } from "./app/retired_backends.ts";
import type { Backend } from "./backend.ts";
import type { BackendType } from "./backends/backend_type.ts";
import { Upstreams } from "./backends/opening/upstreams.ts";
import { backendTypes } from "./backends/types.ts";
import { reloadable } from "./config/changes.ts";
import { retentionOf } from "./config/retention.ts";
import type { Config } from "./config/schema.ts";
import { describeWhenAsked } from "./described_config.ts";
import { outlooksOn } from "./entry_outlooks.ts";
import { pinnedDigests } from "./inventory/pins.ts";
import type { Log } from "./observe/log.ts";
import { Metrics } from "./observe/metrics.ts";
import { ownPagesOf } from "./own_pages.ts";
import type { FetchedAhead } from "./reader.ts";
import type { EndedRequest } from "./server/access_line.ts";
import { ownConnection } from "./server/exchange.ts";
import { createHandler, type RequestHandler } from "./server/handler.ts";
import type { OwnPages } from "./server/own_pages.ts";
import { RequestsUnderWay } from "./server/requests_under_way.ts";
import { UpstreamLeaks } from "./server/upstream_leaks.ts";
import { type ConfigurationState, nothingWrong } from "./status/configuration_state.ts";
import type { RunningStatus } from "./status/running_status.ts";
import type { Status } from "./status/status.ts";
import { StatusWatch } from "./status/watch.ts";
import { TrustedProxies } from "./server/trusted_proxies.ts";
import { type ConfigurableStore, createFsStore, type StoreRules } from "./store/fs_store.ts";
import { FsLayout } from "./store/fs_layout.ts";
import { MissList } from "./store/misses.ts";
import { delay, systemClock } from "./upstream/clock.ts";
import { UpstreamHealth } from "./upstream/health.ts";
import { revalidateNow } from "./vault/revalidate_now.ts";
import { createVault, type VaultOptions } from "./vault/engine.ts";
import type { HashThread } from "./vault/hashing/hash_thread.ts";
import { describeTransfers } from "./vault/transfer/status.ts";
import type { Vault } from "./vault/vault.ts";

/** The program between a configuration and the HTTP server. */
export interface App {
  handle(request: Request, info: Deno.ServeHandlerInfo): Response | Promise<Response>;
  /**
   * Answers a request of the program itself as it answers a client's, at a URL whose host is `localhost`. It does not
   * count in `max_requests`.
   */
  ask(request: Request): Promise<Response>;
  /**
   * Has what such a request asks for fetched and stored, behind all downloads that clients wait for. Null where nothing
   * is cached for it, such as a redirect. Rejects with a VaultError.
   */
  fetchAhead(request: Request): Promise<FetchedAhead | null>;
  /** What a server knows of itself; null where it does not watch itself. */
  readonly status: Status | null;
  /** Returns the bytes that are here of bodies on their way. */
  arrivingBytes(): number;
  /** Returns the bytes of bodies in the cache, as far as they are counted yet. */
  cacheBytes(): number;
  /**
   * Reads the certificates for upstreams again, for later requests. Throws where one cannot be read; that one then
   * stays in use as it was.
   */
  renewCertificates(): Promise<void>;
  /**
   * Goes by another configuration from now on, without what needs a restart (`reloadable`). Requests and transfers
   * under way end as they began, and backends that stay the same keep what they know. Throws as `createApp`; then the
   * old configuration stays in use.
   */
  configure(config: Config): Promise<void>;
  /** Counts that the server could not accept a connection. */
  acceptFailed(): void;
  /** Makes `/-/readyz` say from now on that this process is going away. */
  beginShutdown(): void;
  /** Waits up to `timeoutMs` for transfers under way, then stops them; their staged bytes stay for the next start. */
  close(timeoutMs: number): Promise<void>;
}

export interface AppDeps {
  readonly log: Log;
  readonly version: string;
  /** The number of files that this process may have open; the usual 1,024 where absent. */
  readonly openFilesLimit?: number;
  /** Answers every request to an upstream in place of the network, for what is imported. */
  readonly transport?: Fetch;
  /** True for a program that asks for each thing once: nothing but documents is kept in memory. False when absent. */
  readonly asksOnce?: boolean;
  /** True for a server, which keeps an eye on itself and shows it on pages of its own. False when absent. */
  readonly watches?: boolean;
  /** Tells for those pages how it and its configuration get along. */
  readonly configuration?: () => ConfigurationState;
  /** For tests: the time that an interrupted answer of unknown length stands still. */
  readonly silenceMs?: number;
  /** For tests: the types of backend whose schemas the configuration was parsed with; `backendTypes` where absent. */
  readonly types?: readonly BackendType[];
  /** For tests: a thread that is there already, and stays when the app is closed. */
  readonly hashThread?: HashThread;
}

/** The number of interruptions in a row, without a byte of progress, after which a transfer fails. */
const resumeAttempts = 5;
const backoffMs = { first: 500, most: 15_000 };

/**
 * The time for which the connection stays open after an answer of unknown length was interrupted, where the client may
 * speak HTTP/1.0. Proxies wait 60 s for more by default (nginx, Apache), and then end their own answer.
 */
const brokenSilenceMs = 75_000;

/** The share of a client's patience after which a host counts as slow, so that the next client need not wait at all. */
const slowShare = 0.75;

/** Puts the program together. Throws `config_invalid` or `permission_missing`. */
export async function createApp(first: Config, deps: AppDeps): Promise<App> {
  const { log, version, transport, openFilesLimit = 1024, silenceMs = brokenSilenceMs, types = backendTypes } = deps;
  let config = first;
  const health = new UpstreamHealth({ log, slowMs: config.revalidate_timeout * slowShare });
  const watch = deps.watches ? new StatusWatch({ config: () => config, health, log }) : null;
  const metrics = new Metrics({
    ...watch !== null && { others: watch.exposed, noticed: watch.noticed },
    version,
    backends: config.backends.map(({ name }) => name),
    cacheBytes: () => store.usedBytes(),
    upstreams: () => health.countedHosts(),
    transfers: () => vault.status(),
  });
  const misses = new MissList(new FsLayout(config.cache_dir), log);
  const evicts = transport === undefined;
  const store = openStore(config, { log, events: metrics, openFilesLimit, evicts, asksOnce: deps.asksOnce ?? false });
  // Each process has another name, so that two vaults never take each other for themselves.
  const viaName = `vault-${crypto.randomUUID().slice(-12)}`;
  const openSet = (config: Config, previous?: BackendSet) => {
    const connect = () => new Upstreams({ config, log, health, version, viaName, transport });
    return BackendSet.open({ config, connect, metrics, log, types }, previous);
  };
  let set = await openSet(config);
  const vaultDeps = { store, events: metrics, log, health, hashThread: deps.hashThread, backends: () => set.backends };
  const vault = openVault(() => config, vaultDeps);
  const retired = new RetiredBackends({ transfers: () => vault.status() });
  const underWay = new RequestsUnderWay(0);
  let shuttingDown = false;
  const closing = new AbortController();
  const answering = {
    ask: (request: Request) => handler.handle(request, ownConnection),
    fetchAhead: (request: Request) => handler.fetchAhead(request),
    arrivingBytes: () => vault.status().reduce((bytes, { receivedBytes }) => bytes + receivedBytes, 0),
  };
  let described = describeWhenAsked(config, types);
  const ownPages: readonly OwnPages[] = watch === null ? [] : ownPagesOf(() => ({
    ...{ config: () => config, version, status: status!, misses },
    ...{ closing: closing.signal, answering },
    actions: {
      revalidate: (artifact) => revalidateNow(vault, artifact),
      lookAnew: () => store.lookAnew(),
      damaged(bodies) {
        for (let at = 0; at < bodies; at++) metrics.bodyDamaged();
      },
    },
    outlooks: outlooksOn({ backends: () => set.backends, store, reader: vault.reader, log }),
    backends: () => set.backends,
  }));
  const createCurrentHandler = () => {
    underWay.limit(config.max_requests ?? Math.floor(openFilesLimit / 2));
    return createHandler({
      ...{ vault, metrics, log, underWay, viaName, silenceMs, isOffline: config.offline, ownPages },
      ...status !== null && {
        ended: (request: EndedRequest) => status.ended(request),
        leaks: new UpstreamLeaks(() => described().hosts),
      },
      backends: set.backends,
      isShuttingDown: () => shuttingDown,
      probe: () => store.probe(),
      // What an import looks for is missed by no client.
      ...transport === undefined && {
        misses: {
          add: (backend: string, line: string) => misses.add(backend, line),
          lines: async () => (await misses.list()).map(({ line }) => line),
        },
      },
      serverNames: config.server_names,
      ...config.trusted_proxies.length > 0 && { trustedProxies: new TrustedProxies(config.trusted_proxies) },
    });
  };
  const status: RunningStatus | null = watch === null ? null : watch.open({
    ...{ version, metrics, configuration: deps.configuration ?? (() => nothingWrong) },
    described: () => described(),
    notReady: () => handler.notReady(),
    requests: underWay,
    cacheBytes: () => store.usedBytes(),
    transfers: () => vault.status(),
  });
  let handler: RequestHandler = createCurrentHandler();
  return {
    status,
    ...answering,
    handle: (request, info) => handler.handle(request, info),
    cacheBytes: () => store.usedBytes(),
    renewCertificates: () => set.renewCertificates(),
    acceptFailed: () => metrics.acceptFailed(),
    async configure(wanted) {
      const next = reloadable(config, wanted);
      const previous = set;
      const opened = await openSet(next, previous);
      metrics.addBackends(next.backends.map(({ name }) => name));
      health.slowMs = next.revalidate_timeout * slowShare;
      [config, set, described] = [next, opened, describeWhenAsked(next, types)];
      handler = createCurrentHandler();
      retired.retire(previous.without(opened));
      await store.configure(storeRulesOf(next, evicts));
    },
    beginShutdown() {
      shuttingDown = true;
      closing.abort();
      const transfers = vault.status();
      if (transfers.length > 0) log.info(`Waiting for transfers under way: ${describeTransfers(transfers)}`);
    },
    async close(timeoutMs) {
      shuttingDown = true;
      closing.abort();
      await vault.close(timeoutMs);
      await watch?.close();
      await misses.close();
      await store.close();
      retired.close();
      set.close();
    },
  };
}

/** The two caches in memory, of small bodies and of parsed documents, share `memory_cache_size`. */
function memoryBytesOf(config: Config): number {
  return Math.floor(config.memory_cache_size / 2);
}

interface StoreDeps {
  readonly log: Log;
  readonly events: Metrics;
  readonly openFilesLimit: number;
  /** False where nothing that is cached makes room for what is imported. */
  readonly evicts: boolean;
  readonly asksOnce: boolean;
}

function openStore(config: Config, { log, events, openFilesLimit, evicts, asksOnce }: StoreDeps): ConfigurableStore {
  return createFsStore({
    ...storeRulesOf(config, evicts),
    ...{ root: config.cache_dir, offline: config.offline, evicts, log, events },
    pinned: () => pinnedDigests(config.cache_dir),
    memoryBytes: asksOnce ? 0 : memoryBytesOf(config),
    maxOpenFiles: Math.floor(openFilesLimit / 8),
  });
}

function storeRulesOf(config: Config, evicts: boolean): StoreRules {
  const { every, rate } = config.verify;
  return {
    maxBytes: config.cache_max_size ?? null,
    minFreeBytes: config.cache_min_free ?? null,
    backends: config.backends.map(({ name, config: { offline } }) => ({ name, offline: offline || !evicts })),
    retention: retentionOf(config),
    scrub: rate > 0 ? { everyMs: every, bytesPerSecond: rate } : null,
  };
}

type VaultDeps = Pick<VaultOptions, "store" | "events" | "log" | "health"> & {
  /** Returns the backends as they are configured now. */
  readonly backends: () => readonly Backend[];
  readonly hashThread?: HashThread | undefined;
};

/** The most transfers at once of a backend that is no longer configured, of which some may still be under way. */
const mostOfUnknown = 8;

/** Opens the vault of a configuration that may change while it is open. */
export function openVault(config: () => Config, { backends, hashThread, ...deps }: VaultDeps): Vault {
  return createVault({
    ...deps,
    ...hashThread && { hashThread },
    maxTransfersOf: (backend) => backends().find(({ name }) => name === backend)?.maxTransfers ?? mostOfUnknown,
    memoryBytes: memoryBytesOf(config()),
    resumeAttempts,
    backoff: (attempt, signal) => delay(systemClock, backoffFor(attempt), signal),
    get revalidateTimeoutMs() {
      return config().revalidate_timeout;
    },
    get rangeAheadBytes() {
      return config().range_ahead;
    },
    get maxSegments() {
      return config().max_segments;
    },
  });
}

/**
 * Returns a pause with full jitter under a doubling ceiling, so that clients of a broken upstream do not come back all
 * at once.
 */
function backoffFor(attempt: number): number {
  return Math.random() * Math.min(backoffMs.most, backoffMs.first * 2 ** attempt);
}
