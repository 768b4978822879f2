import type { Backend, CachingPolicy, Freshness } from "./artifact.ts";
import type { HeaderList } from "./http/headers.ts";
import { createHttpBackend, type HttpRule } from "./backends/http.ts";
import type { BackendConfig, Config } from "./config/schema.ts";
import type { Log } from "./observe/log.ts";
import { Metrics } from "./observe/metrics.ts";
import { createHandler } from "./server/handler.ts";
import { createFsStore } from "./store/fs_store.ts";
import { createUpstreamClient, type UpstreamClient } from "./upstream/client.ts";
import type { Credentials } from "./upstream/credentials.ts";
import { delay, systemClock } from "./upstream/clock.ts";
import { createVault } from "./vault/engine.ts";

/** Everything between a configuration and a request handler. */
export interface App {
  handle(request: Request, info: Deno.ServeHandlerInfo): Response | Promise<Response>;
  /** From now on `/readyz` says that this process is going away. */
  beginShutdown(): void;
  /** Waits up to `timeoutMs` for transfers under way, then stops them, keeping their staged bytes. */
  close(timeoutMs: number): Promise<void>;
}

export interface AppDeps {
  readonly log: Log;
  readonly version: string;
}

/** How often in a row a connection may break without a byte of progress before a transfer fails. */
const resumeAttempts = 5;
const backoffMs = { first: 500, most: 15_000 };

/** Puts the program together. Throws `config_invalid` or `permission_missing`. */
export async function createApp(config: Config, { log, version }: AppDeps): Promise<App> {
  const metrics = new Metrics({
    version,
    backends: config.backends.map(({ name }) => name),
    cacheBytes: () => store.usedBytes(),
  });
  const store = createFsStore({
    root: config.cache_dir,
    maxBytes: config.cache_max_size ?? null,
    minFreeBytes: config.cache_min_free,
    memoryBytes: config.memory_cache_size,
    log,
    events: metrics,
  });
  const clients: UpstreamClient[] = [];
  const backends: Backend[] = [];
  for (const backend of config.backends) {
    const client = await openClient(config, backend, { log, version });
    clients.push(client);
    backends.push(createBackend(config, backend, client));
  }
  const limits = new Map(backends.map(({ name, maxTransfers }) => [name, maxTransfers]));
  const vault = createVault({
    store,
    events: metrics,
    log,
    maxTransfersOf: (backend) => limits.get(backend)!,
    revalidateTimeoutMs: config.revalidate_timeout,
    rangeAheadBytes: config.range_ahead,
    maxSegments: config.max_segments,
    resumeAttempts,
    backoff: (attempt, signal) => delay(systemClock, backoffFor(attempt), signal),
  });
  let shuttingDown = false;
  const isShuttingDown = () => shuttingDown;
  const handle = createHandler({ backends, vault, metrics, log, isShuttingDown, probe: () => store.probe() });
  return {
    handle,
    beginShutdown: () => shuttingDown = true,
    async close(timeoutMs) {
      shuttingDown = true;
      await vault.close(timeoutMs);
      await store.close();
      for (const client of clients) client.close();
    },
  };
}

/** Full jitter under a doubling ceiling, so that clients of a broken upstream do not come back all at once. */
function backoffFor(attempt: number): number {
  return Math.random() * Math.min(backoffMs.most, backoffMs.first * 2 ** attempt);
}

async function openClient(config: Config, backend: BackendConfig, { log, version }: AppDeps): Promise<UpstreamClient> {
  const options = backend.config;
  const authorities = [...config.ca ?? [], ...options.ca ?? []];
  const proxy = options.proxy ?? config.proxy;
  return createUpstreamClient({
    timeoutMs: options.timeout,
    retries: options.retries,
    userAgent: options.user_agent ?? `artifact-vault/${version}`,
    credentials: credentialsOf(options),
    headers: Object.entries(options.headers ?? {}) as unknown as HeaderList,
    origins: options.base_url,
    allowPrivateRedirects: options.allow_private_redirects,
    caCerts: await Promise.all(authorities.map((path) => Deno.readTextFile(path))),
    log,
    ...(proxy !== undefined && { proxy }),
  });
}

function credentialsOf({ username, password, token }: BackendConfig["config"]): Credentials {
  if (token !== undefined) return { kind: "bearer", token };
  return username === undefined ? { kind: "none" } : { kind: "basic", username, password: password ?? "" };
}

function createBackend(config: Config, { name, config: options }: BackendConfig, { fetch }: UpstreamClient): Backend {
  return createHttpBackend({
    name,
    prefix: options.prefix,
    baseUrls: options.base_url,
    fetch,
    idleTimeoutMs: options.timeout,
    maxTransfers: options.max_transfers,
    policy: policyOf(config, options),
    freshness: options.ttl === undefined ? { kind: "http" } : { kind: "ttl", ttlMs: options.ttl },
    rules: options.rules.map(ruleOf),
  });
}

function policyOf(config: Config, options: BackendConfig["config"]): CachingPolicy {
  return {
    staleIfErrorMs: options.stale_if_error,
    negativeTtlMs: options.negative_ttl,
    serveDeleted: options.serve_deleted,
    honorClientNoCache: options.honor_client_no_cache,
    abandonedTransfer: options.abandoned_transfer,
    offline: config.offline || options.offline,
  };
}

function ruleOf(rule: BackendConfig["config"]["rules"][number]): HttpRule {
  const freshness: Freshness = rule.ttl === undefined ? { kind: "immutable" } : { kind: "ttl", ttlMs: rule.ttl };
  return { match: rule.match, freshness };
}
