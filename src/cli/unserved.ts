import type { Config } from "../config/schema.ts";
import { unescapeSegment } from "../store/fs_layout.ts";

/** Says that the cache has files that no backend of the configuration serves; null where it has none. */
export async function unservedWarning({ cache_dir, backends }: Config): Promise<string | null> {
  const served = new Set(backends.map(({ name }) => name));
  const unserved = (await backendsWithin(cache_dir)).filter((name) => !served.has(name));
  if (unserved.length === 0) return null;
  const names = unserved.map((name) => `"${name}"`).join(", ");
  return `The cache directory "${cache_dir}" holds files of ${names}, which no backend of this configuration serves: ` +
    "a backend finds its files by its name; give one that name, or remove its folder below entries";
}

/** Returns the names of the backends that have folders in a cache directory. */
async function backendsWithin(dir: string): Promise<string[]> {
  try {
    const items = await Array.fromAsync(Deno.readDir(`${dir}/entries`));
    return items.filter(({ isDirectory }) => isDirectory).map(({ name }) => unescapeSegment(name) ?? name).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return [];
  }
}
