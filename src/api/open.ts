import type { Config } from "../config/schema.ts";
import type { EntryOutlooks } from "../entry_outlooks.ts";
import type { Administrators } from "../server/administrator.ts";
import type { OwnPages } from "../server/own_pages.ts";
import type { Status } from "../status/status.ts";
import type { Miss } from "../store/misses.ts";
import { createApi } from "./api.ts";
import { describeEntry } from "./entry_details.ts";
import { readingRoutes } from "./reading_routes.ts";

export interface OpenApiDeps {
  /** Returns the configuration that is in force. */
  readonly config: () => Config;
  readonly version: string;
  readonly status: Status;
  readonly administrators: Administrators;
  readonly outlooks: EntryOutlooks;
  readonly listMisses: () => Promise<readonly Miss[]>;
}

/** Puts the API of a server together. */
export function openApi({ config, version, status, administrators, outlooks, listMisses }: OpenApiDeps): OwnPages {
  const details = { config, outlooks, inventory: status.inventory };
  const routes = readingRoutes({
    ...{ status, listMisses, cacheDir: config().cache_dir },
    describeEntry: (name) => describeEntry(name, details),
  });
  return createApi({ routes, administrators, version });
}
