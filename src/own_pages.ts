import type { Config } from "./config/schema.ts";
import type { EntryOutlooks } from "./entry_outlooks.ts";
import { Administrators } from "./server/administrator.ts";
import { type OwnPages, pagesWhenAsked } from "./server/own_pages.ts";
import type { Status } from "./status/status.ts";
import type { Miss } from "./store/misses.ts";

/** What the pages of a server's own need of it. */
export interface OwnPagesDeps {
  /** Returns the configuration that is in force. */
  readonly config: () => Config;
  readonly version: string;
  readonly status: Status;
  readonly outlooks: EntryOutlooks;
  readonly listMisses: () => Promise<readonly Miss[]>;
}

/**
 * The pages of a server's own besides health and metrics. They are loaded when somebody asks for them, and `deps` is
 * called then.
 */
export function ownPagesOf(deps: () => OwnPagesDeps): readonly OwnPages[] {
  const administrators = new Administrators(() => deps().config().administration);
  return [
    pagesWhenAsked("/-/api/", async () => {
      const { openApi } = await import("./api/open.ts");
      return openApi({ ...deps(), administrators });
    }),
  ];
}
