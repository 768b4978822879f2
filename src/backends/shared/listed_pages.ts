import { VaultError } from "../../errors.ts";
import { nextTargets } from "../../http/links.ts";
import type { Expansion, WarmDocument, WarmRequest } from "../../warming.ts";

const mostPages = 10_000;

/**
 * Yields the pages of a list whose `Link` headers each name the next one (RFC 8288). Throws `upstream_failed` where they
 * have no end, and as `Expansion.read`.
 */
export async function* listedPages(
  { path: first, ...request }: WarmRequest,
  expansion: Expansion,
): AsyncGenerator<WarmDocument> {
  const seen = new Set<string>();
  for (let path: string | null = first; path !== null;) {
    if (seen.has(path) || seen.size === mostPages) {
      throw new VaultError("upstream_failed", `The pages of the list at ${first} have no end`);
    }
    seen.add(path);
    const page = await expansion.read({ ...request, path });
    yield page;
    path = nextPath(page.headers, path);
  }
}

function nextPath(headers: Headers, path: string): string | null {
  const [target] = nextTargets(headers.get("link"));
  const url = target === undefined ? null : URL.parse(target, `http://localhost${path}`);
  return url && url.pathname + url.search;
}
