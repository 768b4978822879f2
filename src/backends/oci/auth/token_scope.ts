/** The scope of a token: a repository of a registry, or a document outside of all repositories. */
export interface TokenScope {
  readonly origin: string;
  /** The URL of the whole repository, or of the document. */
  readonly url: string;
  /** Null for a document. */
  readonly repository: string | null;
}

/** The scope that a request's URL belongs to. */
export function tokenScopeOf(requestUrl: string): TokenScope {
  const { origin, pathname } = new URL(requestUrl);
  const end = pathname.search(/\/(?:manifests|blobs|tags|referrers)\/[^/]+$/);
  const start = pathname.indexOf("/v2/") + "/v2/".length;
  if (start < "/v2/".length || end <= start) return { origin, url: origin + pathname, repository: null };
  return { origin, url: origin + pathname.slice(0, end), repository: pathname.slice(start, end) };
}
