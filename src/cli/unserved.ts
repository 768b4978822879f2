import type { Config } from "../config/schema.ts";

/** What is to be said of files in the cache that no backend of the configuration serves; null where all are served. */
export async function unservedWarning({ cache_dir, backends }: Config): Promise<string | null> {
  const served = new Set(backends.map(({ name }) => name));
  const unserved = (await backendsWithin(cache_dir)).filter((name) => !served.has(name));
  if (unserved.length === 0) return null;
  const names = unserved.map((name) => `"${name}"`).join(", ");
  return `The cache directory "${cache_dir}" holds files of ${names}, which no backend of this configuration serves: ` +
    "a backend finds its files by its name; give one that name, or remove its folder below entries";
}

/** The names of backends that have had files in a cache directory. */
async function backendsWithin(dir: string): Promise<string[]> {
  try {
    const items = await Array.fromAsync(Deno.readDir(`${dir}/entries`));
    return items.filter(({ isDirectory }) => isDirectory).map(({ name }) => nameOf(name)).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return [];
  }
}

/** The store writes a character that some file system does not take as `=` and its code. */
function nameOf(folder: string): string {
  return folder.replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
}
