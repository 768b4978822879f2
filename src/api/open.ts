import type { Config } from "../config/schema.ts";
import type { EntryOutlooks } from "../entry_outlooks.ts";
import type { Administrators } from "../server/administrator.ts";
import type { OwnPages } from "../server/own_pages.ts";
import type { RunningStatus } from "../status/running_status.ts";
import type { KnownMisses } from "../store/misses.ts";
import type { VaultClient, WarmSource } from "../warming.ts";
import type { CommandContext } from "../cache_commands/contract.ts";
import { notAskedFor } from "../cache_commands/not_asked_for.ts";
import { messageOf } from "../errors.ts";
import { redact } from "../observe/redact.ts";
import { type Next, nextOf } from "../status/next_request.ts";
import type { Entry } from "../store/store.ts";
import { createApi } from "./api.ts";
import { cacheRoute } from "./cache_route.ts";
import type { EntryActions } from "./cache_changes.ts";
import { type ChangingDeps, changingRoutes } from "./changing_routes.ts";
import { describeEntry } from "./entry_details.ts";
import { EventStream } from "./event_stream.ts";
import { Jobs } from "./jobs.ts";
import { readingRoutes, statsOf } from "./reading_routes.ts";
import type { ReplyRoute, Route } from "./route.ts";
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
  readonly misses: KnownMisses;
  /** Ends what is under way when the server shuts down. */
  readonly closing: AbortSignal;
}

/** Puts the API of a server together. */
export function openApi(deps: OpenApiDeps): OwnPages {
  const { version, administrators } = deps;
  const actions = actionsOf(deps);
  const context = commandContext(deps, actions);
  const routes = [
    ...reading(deps),
    ...changing(deps, { actions, context }),
    cacheRoute(context, deps.closing),
    eventRoute(deps),
  ];
  return createApi({ routes, administrators, version });
}

function reading({ config, status, outlooks, misses }: OpenApiDeps): readonly Route[] {
  const details = { config, outlooks, inventory: status.inventory };
  const cacheDir = config().cache_dir;
  return readingRoutes({ status, misses, cacheDir, describeEntry: (name) => describeEntry(name, details) });
}

function changing(
  { client, warmSources, closing }: OpenApiDeps,
  { actions, context }: Pick<ChangingDeps, "actions" | "context">,
): readonly Route[] {
  return changingRoutes({
    ...{ actions, context },
    jobs: new Jobs(closing),
    warmLines: new WarmLines({ client, sources: warmSources }),
  });
}

/** What was changed from outside is new to the inventory, too. */
function actionsOf({ status, outlooks, actions }: OpenApiDeps): EntryActions {
  return {
    artifactOf: (entry) => outlooks.artifactOf(entry),
    revalidate: (artifact) => actions.revalidate(artifact),
    digestOf: (entry) => actions.digestOf(entry),
    damaged: (bodies) => actions.damaged(bodies),
    lookAnew() {
      actions.lookAnew();
      status.inventory.changed();
    },
  };
}

/** What commands need of a server that works for them. */
function commandContext({ config, outlooks, misses }: OpenApiDeps, actions: EntryActions): CommandContext {
  return {
    dir: config().cache_dir,
    besideClients: true,
    digestOf: (entry) => actions.digestOf(entry),
    async nextOf(entries) {
      const next: Next[] = [];
      for (const entry of entries) next.push(nextOf(entry, await outlooks.of(entry), config()));
      return next;
    },
    async *fetchAgain(entries) {
      for (const entry of entries) yield await fetchAgain(entry, actions);
    },
    offlineBackends: () => Promise.resolve(offlineBackendsOf(config())),
    misses,
    changed() {
      actions.lookAnew();
      return Promise.resolve();
    },
    damaged(bodies) {
      actions.damaged(bodies);
      return Promise.resolve();
    },
  };
}

/** Why the body of an entry has not come; null where it has. */
async function fetchAgain(entry: Entry, actions: EntryActions): Promise<string | null> {
  const artifact = await actions.artifactOf(entry);
  if (artifact === null) return notAskedFor;
  return await actions.revalidate(artifact).then(() => null, (error) => redact(messageOf(error)));
}

function offlineBackendsOf({ offline, backends }: Config): readonly string[] {
  return backends.filter((backend) => offline || backend.config.offline).map(({ name }) => name);
}

function eventRoute({ status, closing }: OpenApiDeps): ReplyRoute {
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
    reply: (_asked, method) => stream.reply(method),
  };
}
