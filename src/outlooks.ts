import { openVault } from "./app.ts";
import { BackendSet } from "./app/backend_set.ts";
import type { Artifact } from "./artifact.ts";
import type { Backend } from "./backend.ts";
import type { BackendType } from "./backends/backend_type.ts";
import { Upstreams } from "./backends/opening/upstreams.ts";
import { backendTypes } from "./backends/types.ts";
import type { Config } from "./config/schema.ts";
import { findArtifact } from "./inventory/find_artifact.ts";
import { type Log, noLog } from "./observe/log.ts";
import { Metrics } from "./observe/metrics.ts";
import type { VaultReader } from "./reader.ts";
import { createFsStore } from "./store/fs_store.ts";
import type { Entry, Store } from "./store/store.ts";
import { UpstreamHealth } from "./upstream/health.ts";
import { type Outlook, outlookOf } from "./vault/outlook.ts";

/** A request for an entry, as a client would send it to a vault. */
export interface EntryRequest {
  /** The path with the query. */
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** Tells what a vault of a configuration would do for the next client. It asks no upstream and writes nothing. */
export interface Outlooks {
  /** Null for an entry that no request leads to by itself, or whose backend is not configured. */
  of(entry: Entry): Promise<Outlook | null>;
  /** The request that leads to an entry; null as for `of`. */
  requestFor(entry: Entry): Promise<EntryRequest | null>;
  close(): Promise<void>;
}

export interface OutlooksDeps {
  readonly log?: Log;
  /** For tests, as in `AppDeps`. */
  readonly types?: readonly BackendType[];
}

/** Opens a vault for looking only, on the cache directory of a configuration. Throws as `createApp`. */
export async function openOutlooks(config: Config, deps: OutlooksDeps = {}): Promise<Outlooks> {
  const { log = noLog, types = backendTypes } = deps;
  const health = new UpstreamHealth({ log, slowMs: config.revalidate_timeout });
  const metrics = new Metrics({
    ...{ version: "", backends: [], cacheBytes: () => 0, upstreams: () => [], transfers: () => [] },
  });
  const store = createFsStore({
    ...{ root: config.cache_dir, maxBytes: null, minFreeBytes: 0, offline: true, isLooking: true },
    ...{ memoryBytes: 0, log, events: metrics },
  });
  const upstreams = new Upstreams({ config, log, health, version: "", viaName: "looking" });
  const { backends } = await BackendSet.open({ config, connect: () => upstreams, metrics, log, types });
  const vault = openVault(() => config, { store, events: metrics, log, health, backends: () => backends });
  const reader = offlineReader(vault.reader);
  const find = (entry: Entry) => findAmong(backends, entry, reader);
  return {
    async of(entry) {
      const found = await find(entry);
      return found && await outlookOf(found.artifact, { store: seenAs(entry, store), log });
    },
    async requestFor(entry) {
      const found = await find(entry);
      if (found === null) return null;
      const { prefix } = found.backend;
      return { target: (prefix === "/" ? "" : prefix) + found.request.target, headers: found.request.headers ?? [] };
    },
    async close() {
      await vault.close(0);
      await store.close();
      upstreams.close();
    },
  };
}

/** The first backend of the entry's name that a request leads to it in: one may have several doors. */
async function findAmong(backends: readonly Backend[], entry: Entry, reader: VaultReader) {
  for (const backend of backends.filter(({ name }) => name === entry.backend)) {
    const found = await findArtifact(backend, entry, reader);
    if (found !== null) return { ...found, backend };
  }
  return null;
}

/** The store in which this very entry, which may be one of several variants, is found. */
function seenAs(entry: Entry, store: Store): Pick<Store, "find" | "hasBody"> {
  return { find: () => entry, hasBody: (one) => store.hasBody(one) };
}

/** Reads stored documents, however old. */
function offlineReader(reader: VaultReader): VaultReader {
  const offline = (artifact: Artifact): Artifact => ({ ...artifact, policy: { ...artifact.policy, offline: true } });
  return {
    read: (artifact, parser) => reader.read(offline(artifact), parser),
    head: (artifact) => reader.head(offline(artifact)),
    holds: (artifact) => reader.holds(artifact),
    fetch: (artifact) => reader.fetch(offline(artifact)),
    fetchAhead: (artifact) => reader.fetchAhead(offline(artifact)),
    copy: (from, to) => reader.copy(from, to),
    entries: (backend, prefix) => reader.entries(backend, prefix),
  };
}
