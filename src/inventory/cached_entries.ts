import { walkEntries } from "../store/entry_walk.ts";
import { FsLayout, unescapeSegment } from "../store/fs_layout.ts";
import { statOrNull } from "../store/regular_files.ts";
import type { Entry } from "../store/store.ts";

/**
 * The names of the backends that have files in a cache directory, configured or not, sorted. Throws `PermissionDenied`
 * where this user may not read it.
 */
export async function cachedBackends(dir: string): Promise<string[]> {
  try {
    const items = await Array.fromAsync(Deno.readDir(new FsLayout(dir).entries));
    return items.filter(({ isDirectory }) => isDirectory).map(({ name }) => unescapeSegment(name) ?? name).sort();
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable) throw error;
    return [];
  }
}

export interface CachedEntriesOptions {
  /** These backends alone; all that have files when absent. */
  readonly backends?: readonly string[];
  /** Only entries whose names (`entryName`) begin with this. */
  readonly prefix?: string;
  /** Called for a file or folder that cannot be read or has no entry in it. */
  readonly unreadable?: (path: string) => void;
  /** True in a server, which answers clients meanwhile. False when absent. */
  readonly besideClients?: boolean;
}

/**
 * Yields the entries in a cache directory, backend by backend and in the order of their keys, in bounded memory, also
 * while servers write there. Bodies may be gone.
 */
export async function* cachedEntries(dir: string, options: CachedEntriesOptions = {}): AsyncGenerator<Entry> {
  const { backends = await cachedBackends(dir), prefix = "", besideClients = false } = options;
  const layout = new FsLayout(dir);
  const unreadable = (path: string) => {
    if (statOrNull(path) !== null) options.unreadable?.(path);
  };
  for (const backend of backends) {
    for (const within of keyPrefixes(backend, prefix)) {
      yield* walkEntries(layout, { backend, prefix: within, unreadable, isAlone: !besideClients });
    }
  }
}

/** The beginnings of the keys of a backend whose names begin with `prefix`; none where no name does. */
function keyPrefixes(backend: string, prefix: string): readonly string[] {
  const start = `${backend}/`;
  if (start.startsWith(prefix)) return [""];
  return prefix.startsWith(start) ? [prefix.slice(backend.length), prefix.slice(start.length)] : [];
}
