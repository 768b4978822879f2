import type { Fetch } from "./artifact.ts";
import type { Backend } from "./backend.ts";
import type { BackendType, Opening } from "./backends/backend_type.ts";
import { Upstreams } from "./backends/opening/upstreams.ts";
import { backendTypes, typeOf } from "./backends/types.ts";
import { retentionOf } from "./config/retention.ts";
import type { Config } from "./config/schema.ts";
import { pinnedDigests } from "./inventory/pins.ts";
import type { Log } from "./observe/log.ts";
import { Metrics } from "./observe/metrics.ts";
import type { FetchedAhead } from "./reader.ts";
import { ownConnection } from "./server/exchange.ts";
import { createHandler } from "./server/handler.ts";
import { createFsStore } from "./store/fs_store.ts";
import { FsLayout } from "./store/fs_layout.ts";
import { MissList } from "./store/misses.ts";
import type { Store } from "./store/store.ts";
import { delay, systemClock } from "./upstream/clock.ts";
import { UpstreamHealth } from "./upstream/health.ts";
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
  /** Returns the bytes that are here of bodies on their way. */
  arrivingBytes(): number;
  /** Returns the bytes of bodies in the cache, as far as they are counted yet. */
  cacheBytes(): number;
  /**
   * Reads the certificates for upstreams again, for later requests. Throws where one cannot be read; that one then
   * stays in use as it was.
   */
  renewCertificates(): Promise<void>;
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
export async function createApp(config: Config, deps: AppDeps): Promise<App> {
  const { log, version, transport, openFilesLimit = 1024, silenceMs = brokenSilenceMs, types = backendTypes } = deps;
  const health = new UpstreamHealth({ log, slowMs: config.revalidate_timeout * slowShare });
  const metrics = new Metrics({
    version,
    backends: config.backends.map(({ name }) => name),
    cacheBytes: () => store.usedBytes(),
    upstreams: () => health.hosts(),
    transfers: () => vault.status(),
  });
  const misses = new MissList(new FsLayout(config.cache_dir), log);
  const evicts = transport === undefined;
  const store = openStore(config, { log, events: metrics, openFilesLimit, evicts, asksOnce: deps.asksOnce ?? false });
  // Each process has another name, so that two vaults never take each other for themselves.
  const viaName = `vault-${crypto.randomUUID().slice(-12)}`;
  const upstreams = new Upstreams({ config, log, health, version, viaName, transport });
  const backends = await openBackends({ config, upstreams, metrics, log }, types);
  const vault = openVault(config, { store, events: metrics, log, health, backends, hashThread: deps.hashThread });
  let shuttingDown = false;
  const isShuttingDown = () => shuttingDown;
  const { handle, fetchAhead } = createHandler({
    backends,
    vault,
    metrics,
    log,
    isShuttingDown,
    isOffline: config.offline,
    probe: () => store.probe(),
    // What an import looks for is missed by no client.
    ...transport === undefined && {
      misses: {
        add: (backend: string, line: string) => misses.add(backend, line),
        lines: async () => (await misses.list()).map(({ line }) => line),
      },
    },
    viaName,
    silenceMs,
    serverNames: config.server_names,
    maxRequests: config.max_requests ?? Math.floor(openFilesLimit / 2),
  });
  return {
    handle,
    ask: (request) => handle(request, ownConnection),
    fetchAhead,
    arrivingBytes: () => vault.status().reduce((bytes, { receivedBytes }) => bytes + receivedBytes, 0),
    cacheBytes: () => store.usedBytes(),
    renewCertificates: () => upstreams.renewCertificates(),
    beginShutdown() {
      shuttingDown = true;
      const transfers = vault.status();
      if (transfers.length > 0) log.info(`Waiting for transfers under way: ${describeTransfers(transfers)}`);
    },
    async close(timeoutMs) {
      shuttingDown = true;
      await vault.close(timeoutMs);
      await misses.close();
      await store.close();
      upstreams.close();
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

function openStore(config: Config, { log, events, openFilesLimit, evicts, asksOnce }: StoreDeps): Store {
  const { every, rate } = config.verify;
  return createFsStore({
    root: config.cache_dir,
    maxBytes: config.cache_max_size ?? null,
    minFreeBytes: config.cache_min_free ?? null,
    offline: config.offline,
    evicts,
    backends: config.backends.map(({ name, config: { offline } }) => ({ name, offline: offline || !evicts })),
    pinned: () => pinnedDigests(config.cache_dir),
    retention: retentionOf(config),
    scrub: rate > 0 ? { everyMs: every, bytesPerSecond: rate } : null,
    memoryBytes: asksOnce ? 0 : memoryBytesOf(config),
    maxOpenFiles: Math.floor(openFilesLimit / 8),
    log,
    events,
  });
}

type VaultDeps = Pick<VaultOptions, "store" | "events" | "log" | "health"> & {
  readonly backends: readonly Backend[];
  readonly hashThread?: HashThread | undefined;
};

export function openVault(config: Config, { backends, hashThread, ...deps }: VaultDeps): Vault {
  const limits = new Map(backends.map(({ name, maxTransfers }) => [name, maxTransfers]));
  return createVault({
    ...deps,
    ...hashThread && { hashThread },
    maxTransfersOf: (backend) => limits.get(backend)!,
    revalidateTimeoutMs: config.revalidate_timeout,
    memoryBytes: memoryBytesOf(config),
    rangeAheadBytes: config.range_ahead,
    maxSegments: config.max_segments,
    resumeAttempts,
    backoff: (attempt, signal) => delay(systemClock, backoffFor(attempt), signal),
  });
}

/**
 * Returns a pause with full jitter under a doubling ceiling, so that clients of a broken upstream do not come back all
 * at once.
 */
function backoffFor(attempt: number): number {
  return Math.random() * Math.min(backoffMs.most, backoffMs.first * 2 ** attempt);
}

/** Opens all backends of a configuration, in its order, and puts those of one type together. */
export async function openBackends(opening: Opening, types: readonly BackendType[]): Promise<Backend[]> {
  const opened: { readonly type: BackendType; readonly backend: Backend }[] = [];
  for (const backend of opening.config.backends) {
    const type = typeOf(backend, types);
    opened.push({ type, backend: await type.open(backend, opening) });
  }
  return types.flatMap((type) => {
    const own = opened.filter((one) => one.type === type).map(({ backend }) => backend);
    const others = opened.filter((one) => one.type !== type).map(({ backend }) => backend);
    return type.together?.(own, others) ?? own;
  });
}
