import type { Config } from "../config/schema.ts";
import { cachedBackends } from "../inventory/cached_entries.ts";

/** Says that the cache has files that no backend of the configuration serves; null where it has none. */
export async function unservedWarning({ cache_dir, backends }: Config): Promise<string | null> {
  const served = new Set(backends.map(({ name }) => name));
  const unserved = (await cachedBackends(cache_dir)).filter((name) => !served.has(name));
  if (unserved.length === 0) return null;
  const names = unserved.map((name) => `"${name}"`).join(", ");
  return `The cache directory "${cache_dir}" holds files of ${names}, which no backend of this configuration serves: ` +
    "a backend finds its files by its name; give one that name, or remove its folder below entries";
}
