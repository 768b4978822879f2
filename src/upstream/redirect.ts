import type { Fetch, FetchOptions } from "../artifact.ts";
import { VaultError } from "../errors.ts";
import { discardBody } from "./byte_source.ts";
import { isPrivateHost, type Lookup } from "./private_network.ts";
import { shownUrl } from "./shown_url.ts";
import { lookupWithSystem } from "./system_lookup.ts";

export interface RedirectOptions {
  /** True where a public upstream may redirect to addresses that are not public. */
  readonly allowPrivateRedirects: boolean;
  /** True where the request needs credentials, so that the answer must not come over plain http after https. */
  readonly confidential: boolean;
  readonly lookup?: Lookup;
}

const redirectStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** Those after which the method and the body stay the same. */
const bodyStatuses: ReadonlySet<number> = new Set([307, 308]);
const mostRedirects = 10;
/** Headers that are meant for the origin they were first sent to, and for no other. */
const privateHeaders = ["authorization", "cookie", "proxy-authorization"];

/**
 * Follows redirects, at most ten, to http and https only; Range and conditional headers go along. Once a redirect has
 * left the origin, the request's own credentials are gone for good. A redirect with a missing or unusable Location
 * leads nowhere, and is the response, as is one that is the answer (`FetchOptions.isAnswer`). Refused, as `upstream_failed`: loops, https to http where credentials are at
 * stake and the request does not allow it, and a public upstream's redirect to an address that is not public. What the
 * request's own `objection` says is thrown. The response's `url` is where it came from in the end; of the headers that
 * the request names (`FetchOptions.redirectHeaders`) it has those of the first redirect that says them. A request with
 * a body is repeated by 307 and 308 only (RFC 9110 §15.4).
 */
export function withRedirects(fetch: Fetch, options: RedirectOptions): Fetch {
  return async (request, asked) => {
    let hop = new Request(request, { redirect: "manual" });
    const visited = new Set([hop.url]);
    const redirects: Headers[] = [];
    for (;;) {
      const body = hop.body === null ? null : hop.clone().body;
      const response = await fetch(hop);
      const target = redirectStatuses.has(response.status) ? locationOf(response, hop.url) : null;
      const isEnd = target === null || asked?.isAnswer?.(target) === true;
      if (isEnd || body !== null && !bodyStatuses.has(response.status)) {
        return withHeadersOf(response, redirects, asked?.redirectHeaders);
      }
      redirects.push(response.headers);
      discardBody(response);
      const forbidden = asked?.objection?.(target) ?? null;
      if (forbidden !== null) throw forbidden;
      const problem = await objection(target, { request, hop, visited, options, asked });
      if (problem !== null) throw refusal(request.url, `its redirect to "${shownUrl(target)}" ${problem}`);
      visited.add(target.href);
      hop = redirected(hop, target, body);
    }
  };
}

interface Journey {
  readonly request: Request;
  readonly hop: Request;
  readonly visited: ReadonlySet<string>;
  readonly options: RedirectOptions;
  readonly asked: FetchOptions | undefined;
}

/** Returns the reason why a redirect must not be followed; null when it may be. */
async function objection(target: URL, { request, hop, visited, options, asked }: Journey): Promise<string | null> {
  if (target.protocol !== "http:" && target.protocol !== "https:") return "leads out of http and https";
  if (visited.has(target.href)) return "leads in a circle";
  if (visited.size > mostRedirects) return `is one more than the ${mostRedirects} that are followed`;
  const confidential = options.confidential || privateHeaders.some((name) => request.headers.has(name));
  if (confidential && asked?.allowsPlainHttp !== true && hop.url.startsWith("https:") && target.protocol === "http:") {
    return "was refused: it would fetch over plain http what credentials protect";
  }
  if (options.allowPrivateRedirects) return null;
  const { lookup = lookupWithSystem } = options;
  const isPrivate = (url: URL) => isPrivateHost(url, lookup, request.signal);
  if (!await isPrivate(target) || await isPrivate(new URL(request.url))) return null;
  return 'was refused: that is not a public address; set "allow_private_redirects: true" if it is meant';
}

/** Null where there is none, or none that is a URL. */
function locationOf(response: Response, base: string): URL | null {
  const location = response.headers.get("location");
  const target = location === null ? null : URL.parse(location, base);
  if (target !== null) target.hash = "";
  return target;
}

function redirected(hop: Request, target: URL, body: Request["body"]): Request {
  const headers = new Headers(hop.headers);
  const leaves = target.origin !== new URL(hop.url).origin;
  if (leaves) { for (const name of privateHeaders) headers.delete(name); }
  return new Request(target, { method: hop.method, headers, body, redirect: "manual", signal: hop.signal });
}

/** The same response, of which a copy would lose its `url` and its notes. */
function withHeadersOf(response: Response, redirects: readonly Headers[], names: readonly string[] = []): Response {
  const told = names.flatMap((name) => {
    const value = redirects.find((headers) => headers.has(name))?.get(name) ?? null;
    return value === null ? [] : [[name, value] as const];
  });
  if (told.length === 0) return response;
  const headers = new Headers(response.headers);
  for (const [name, value] of told) headers.set(name, value);
  return Object.defineProperty(response, "headers", { value: headers });
}

function refusal(url: string, reason: string): VaultError {
  return new VaultError("upstream_failed", `Cannot fetch "${shownUrl(url)}": ${reason}`);
}
