import type { Provenance } from "../../document.ts";
import { VaultError } from "../../errors.ts";

/** Public indexes, by all their host names. An index that redirects there does not have the project itself. */
const publicIndexes: ReadonlyMap<string, string> = new Map([
  ["pypi.org", "pypi.org"],
  ["pypi.python.org", "pypi.org"],
  ["test.pypi.org", "test.pypi.org"],
]);

/**
 * Decides about redirects from one index to another. GitLab, for one, redirects to PyPI for every project that it does
 * not have. Followed, that would bypass the rules of the indexes, reveal private names to PyPI, and take what strangers
 * publish there for the answer of the private index.
 */
export class Forwarding {
  readonly #indexes: readonly URL[];
  readonly #hasRules: boolean;

  /** `hasRules` is true if an index has `only` or `never`; the order of several indexes is a rule, too. */
  constructor(urls: readonly string[], hasRules: boolean) {
    this.#indexes = urls.map((url) => new URL(url));
    this.#hasRules = hasRules || urls.length > 1;
  }

  /**
   * Returns the reason why a redirect of the page of an index must not be followed; null where it may be: `not_found`
   * where it leads to another index, which has a turn of its own; `upstream_failed` where it is not known whose the
   * target is.
   */
  objection(index: string, target: URL): VaultError | null {
    if (!this.#hasRules || this.#isOwn(index, target)) return null;
    const { origin } = target;
    if (this.#ownerOf(target) !== null || publicIndexes.has(target.hostname)) {
      const message =
        `"${index}" does not have it: it redirects to another index, "${origin}", which has a turn of its own`;
      return new VaultError("not_found", `${message} if it is one of "indexes"`, { upstreamStatus: 404 });
    }
    return new VaultError(
      "upstream_failed",
      `"${index}" redirects to "${origin}", which may be another index, past the order and the rules of this backend; ` +
        'add it to "indexes", or write it as index_url if it is the same index',
    );
  }

  /**
   * Says whether a cached or new document counts as the index's own. One that came by a redirect to another index does
   * not where there are rules, and nowhere once the index says that it has no such page.
   */
  vouches(index: string, { upstream, location = upstream, cacheStatus: { fwdStatus } }: Provenance): boolean {
    if (this.#isOwn(index, new URL(location))) return true;
    return !this.#hasRules && fwdStatus !== 404 && fwdStatus !== 410;
  }

  /** Says whether a URL is on the server of an index, http and https alike, and not of another index there. */
  #isOwn(index: string, target: URL): boolean {
    const owner = this.#ownerOf(target);
    return owner === null ? serverOf(target) === serverOf(new URL(index)) : owner.href === new URL(index).href;
  }

  /** The index whose document this URL may be; of several, one below the other, the innermost. */
  #ownerOf(target: URL): URL | null {
    const owners = this.#indexes.filter((index) => serverOf(index) === serverOf(target) && isBelow(target, index));
    return owners.toSorted((a, b) => b.pathname.length - a.pathname.length)[0] ?? null;
  }
}

/** The host of a URL. The default ports of http and https count as one; other ports count. */
function serverOf({ host, hostname }: URL): string {
  return publicIndexes.get(hostname) ?? host;
}

function isBelow({ pathname }: URL, index: URL): boolean {
  const base = index.pathname.replace(/\/?$/, "/");
  return `${pathname}/`.startsWith(base);
}
