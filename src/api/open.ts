import type { Config } from "../config/schema.ts";
import type { EntryOutlooks } from "../entry_outlooks.ts";
import type { Administrators } from "../server/administrator.ts";
import type { OwnPages } from "../server/own_pages.ts";
import type { RunningStatus } from "../status/running_status.ts";
import type { Miss } from "../store/misses.ts";
import type { VaultClient, WarmSource } from "../warming.ts";
import { createApi } from "./api.ts";
import type { EntryActions } from "./cache_changes.ts";
import { changingRoutes } from "./changing_routes.ts";
import { describeEntry } from "./entry_details.ts";
import { EventStream } from "./event_stream.ts";
import { Jobs } from "./jobs.ts";
import { readingRoutes, statsOf } from "./reading_routes.ts";
import type { Route, StreamRoute } from "./route.ts";
import * as schemas from "./schemas.ts";
import { WarmLines } from "./warm_lines.ts";

export interface OpenApiDeps {
  /** Returns the configuration that is in force. */
  readonly config: () => Config;
  readonly version: string;
  readonly status: RunningStatus;
  readonly administrators: Administrators;
  readonly outlooks: EntryOutlooks;
  readonly actions: Omit<EntryActions, "artifactOf">;
  /** Answers requests of the program itself. */
  readonly client: VaultClient;
  readonly warmSources: () => readonly WarmSource[];
  readonly listMisses: () => Promise<readonly Miss[]>;
  /** Ends what is under way when the server shuts down. */
  readonly closing: AbortSignal;
}

/** Puts the API of a server together. */
export function openApi(deps: OpenApiDeps): OwnPages {
  const { version, administrators } = deps;
  const routes = [...reading(deps), ...changing(deps), eventRoute(deps)];
  return createApi({ routes, administrators, version });
}

function reading({ config, status, outlooks, listMisses }: OpenApiDeps): readonly Route[] {
  const details = { config, outlooks, inventory: status.inventory };
  const cacheDir = config().cache_dir;
  return readingRoutes({ status, listMisses, cacheDir, describeEntry: (name) => describeEntry(name, details) });
}

function changing({ config, status, outlooks, actions, client, warmSources, closing }: OpenApiDeps): readonly Route[] {
  return changingRoutes({
    cacheDir: config().cache_dir,
    jobs: new Jobs(closing),
    actions: {
      artifactOf: (entry) => outlooks.artifactOf(entry),
      revalidate: (artifact) => actions.revalidate(artifact),
      digestOf: (entry) => actions.digestOf(entry),
      lookAnew: () => actions.lookAnew(),
    },
    offlineBackends() {
      const { offline, backends } = config();
      return backends.filter((backend) => offline || backend.config.offline).map(({ name }) => name);
    },
    inventory: status.inventory,
    warmLines: new WarmLines({ client, sources: warmSources }),
  });
}

function eventRoute({ status, closing }: OpenApiDeps): StreamRoute {
  const stream = new EventStream({
    closing,
    topics: () => ({
      stats: statsOf(status),
      transfers: status.transfers(),
      upstreams: status.upstreams(),
      requests: status.requests().map((request) => ({ ...request, client: "" })),
      problems: status.problems(),
    }),
  });
  return {
    method: "GET",
    path: "/events",
    summary: "Server-sent events: stats, transfers, upstreams, requests and problems, each where it has changed",
    query: schemas.anyQuery,
    answers: { 200: schemas.eventStream },
    answer: () => ({ body: null }),
    stream: (method) => stream.reply(method),
  };
}
