import { events } from "./api/paths.ts";
import type { EntryActions } from "./api/cache_changes.ts";
import type { Config } from "./config/schema.ts";
import type { EntryOutlooks } from "./entry_outlooks.ts";
import { Administrators } from "./server/administrator.ts";
import { type OwnPages, pagesWhenAsked } from "./server/own_pages.ts";
import type { RunningStatus } from "./status/running_status.ts";
import type { Miss } from "./store/misses.ts";
import type { Answering } from "./warm/client_in_process.ts";

/** What the pages of a server's own need of it. */
export interface OwnPagesDeps {
  /** Returns the configuration that is in force. */
  readonly config: () => Config;
  readonly version: string;
  readonly status: RunningStatus;
  readonly outlooks: EntryOutlooks;
  readonly actions: Omit<EntryActions, "artifactOf" | "digestOf">;
  readonly answering: Answering;
  readonly listMisses: () => Promise<readonly Miss[]>;
  /** Ends what is under way when the server shuts down. */
  readonly closing: AbortSignal;
}

/**
 * The pages of a server's own besides health and metrics. They are loaded when somebody asks for them, and `deps` is
 * called then.
 */
export function ownPagesOf(deps: () => OwnPagesDeps): readonly OwnPages[] {
  const administrators = new Administrators(() => deps().config().administration);
  const api = whenAsked(async () => await openApi(deps(), administrators));
  return [pagesWhenAsked("/-/api/", api), pagesWhenAsked(events, api)];
}

/** The same pages for all who have them loaded. */
function whenAsked(load: () => Promise<OwnPages>): () => Promise<OwnPages> {
  let loading: Promise<OwnPages> | null = null;
  return () => {
    loading ??= load().catch((error) => {
      loading = null;
      throw error;
    });
    return loading;
  };
}

async function openApi(deps: OwnPagesDeps, administrators: Administrators): Promise<OwnPages> {
  const [{ openApi }, { createClientInProcess }, { carryingOf, warmSourcesOf }] = await Promise.all([
    import("./api/open.ts"),
    import("./warm/client_in_process.ts"),
    import("./configuration.ts"),
  ]);
  const { config, actions, answering } = deps;
  return openApi({
    ...{ ...deps, administrators, client: createClientInProcess(answering) },
    warmSources: () => warmSourcesOf(config()),
    actions: {
      ...actions,
      digestOf(entry) {
        const backend = config().backends.find(({ name }) => name === entry.backend);
        return (backend && carryingOf(backend).digestOf?.(entry)) ?? null;
      },
    },
  });
}
