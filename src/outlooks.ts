import { openVault } from "./app.ts";
import { BackendSet } from "./app/backend_set.ts";
import type { BackendType } from "./backends/backend_type.ts";
import { Upstreams } from "./backends/opening/upstreams.ts";
import { backendTypes } from "./backends/types.ts";
import type { Config } from "./config/schema.ts";
import { type EntryOutlooks, outlooksOn } from "./entry_outlooks.ts";
import { type Log, noLog } from "./observe/log.ts";
import { Metrics } from "./observe/metrics.ts";
import { createFsStore } from "./store/fs_store.ts";
import { UpstreamHealth } from "./upstream/health.ts";

/** Tells what a vault of a configuration would do for the next client. It asks no upstream and writes nothing. */
export interface Outlooks extends EntryOutlooks {
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
  const outlooks = outlooksOn({ backends: () => backends, store, reader: vault.reader, log });
  return {
    ...outlooks,
    async close() {
      await vault.close(0);
      await store.close();
      upstreams.close();
    },
  };
}
