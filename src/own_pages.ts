import { isApi } from "./api/paths.ts";
import type { Backend } from "./backend.ts";
import type { EntryActions } from "./api/cache_changes.ts";
import type { Config } from "./config/schema.ts";
import type { EntryOutlooks } from "./entry_outlooks.ts";
import { isPage } from "./page/is_page.ts";
import { Administrators } from "./server/administrator.ts";
import { onceLoaded, type OwnPages, pagesWhenAsked } from "./server/own_pages.ts";
import { isSetupPage } from "./setup/path.ts";
import type { RunningStatus } from "./status/running_status.ts";
import type { KnownMisses } from "./store/misses.ts";
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
  readonly misses: KnownMisses;
  /** Ends what is under way when the server shuts down. */
  readonly closing: AbortSignal;
  /** Returns the backends that are served. */
  readonly backends: () => readonly Backend[];
}

/**
 * The pages of a server's own besides health and metrics. They are loaded when somebody asks for them, and `deps` is
 * called then.
 */
export function ownPagesOf(deps: () => OwnPagesDeps): readonly OwnPages[] {
  const administrators = new Administrators(() => deps().config().administration);
  const api = onceLoaded(async () => await openApi(deps(), administrators));
  const pages = onceLoaded(async () => await openPages(deps(), administrators, api));
  const setup = onceLoaded(async () => {
    const { createSetupPages } = await import("./setup_pages.ts");
    return createSetupPages(() => wholeBackends(deps()));
  });
  return [
    pagesWhenAsked(isApi, api),
    pagesWhenAsked(isPage, pages),
    pagesWhenAsked(isSetupPage, setup),
  ];
}

/** The API is loaded when a page changes something: to look at pages does not need it. */
async function openPages(
  deps: OwnPagesDeps,
  administrators: Administrators,
  api: () => Promise<OwnPages>,
): Promise<OwnPages> {
  const [{ createPages }, { clientLinesOf }] = await Promise.all([
    import("./page/pages.ts"),
    import("./setup/client_lines.ts"),
  ]);
  const { config, status, outlooks, closing } = deps;
  return createPages({
    ...{ status, administrators, api, closing },
    async describeEntry(name) {
      const { describeEntry } = await import("./api/entry_details.ts");
      return await describeEntry(name, { config, outlooks, inventory: status.inventory });
    },
    backends: (url) =>
      wholeBackends(deps).map((one, _, all) => {
        const { name, type, prefix } = one;
        return { name, type, prefix, clients: clientLinesOf(one, all, url) };
      }),
  });
}

/** Those that have all paths below their prefix. */
function wholeBackends({ backends }: OwnPagesDeps): Backend[] {
  return backends().filter(({ serves }) => serves === undefined);
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
