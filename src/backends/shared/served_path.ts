/** A prefix of the vault's paths, and the URLs whose content is served below it. */
export interface Served {
  readonly prefix: string;
  readonly bases: readonly string[];
}

/**
 * Returns the path at which the vault serves a URL, with its query: of the base URLs that it lies below, the longest
 * counts; null where there is none. http and https are the same here.
 */
export function servedPath(url: URL, served: readonly Served[]): string | null {
  let best: { readonly length: number; readonly path: string } | null = null;
  for (const { prefix, bases } of served) {
    for (const base of bases) {
      const below = pathBelow(url, base);
      const { length } = base;
      if (below !== null && length > (best?.length ?? -1)) best = { length, path: joined(prefix, below) };
    }
  }
  return best?.path ?? null;
}

/** Puts a path that begins with a slash below a prefix. */
export function joined(prefix: string, path: string): string {
  return prefix === "/" ? path : prefix + path;
}

function pathBelow({ host, pathname, search }: URL, base: string): string | null {
  const at = URL.parse(base);
  if (at?.host !== host) return null;
  const folder = at.pathname.replace(/\/+$/, "");
  if (pathname !== folder && !pathname.startsWith(`${folder}/`)) return null;
  return (pathname.slice(folder.length) || "/") + search;
}
