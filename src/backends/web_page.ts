import type { Fetch } from "../artifact.ts";

/**
 * For files that are no web pages and whose hash is not known: where such a page comes, for signing in or about
 * maintenance, upstream has failed.
 */
export function refusingWebPages(fetch: Fetch): Fetch {
  return async (request) => {
    const response = await fetch(request);
    const isPage = /^text\/html\b/i.test(response.headers.get("content-type") ?? "");
    if (!response.ok || !isPage) return response;
    await response.body?.cancel().catch(() => {});
    throw new Error("a web page came in its place");
  };
}
