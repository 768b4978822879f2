import { LRUCache } from "lru-cache";
import type { Fetch } from "../../../artifact.ts";
import { VaultError } from "../../../errors.ts";
import { discardBody } from "../../../upstream/byte_source.ts";
import { type Challenge, parseChallenges } from "../../../http/challenge.ts";
import { type Clock, systemClock } from "../../../upstream/clock.ts";
import { basicAuthorization, type RegistryCredentials } from "../../../upstream/credentials.ts";
import { isAtOneOf, isSameOwner } from "../../../upstream/own_host.ts";
import { isPrivateHost, type Lookup } from "../../../upstream/private_network.ts";
import { shownUrl } from "../../../upstream/shown_url.ts";
import { lookupWithSystem } from "../../../upstream/system_lookup.ts";
import { TokenCache } from "./token_cache.ts";
import { type Pass, requestToken } from "./token_server.ts";

export interface OciTokenOptions {
  readonly credentials: RegistryCredentials;
  /** URLs of the registry; only at their origins, or the https of those, its login and its tokens are used. */
  readonly origins: readonly string[];
  /** What tokens are asked for through, with its own retries; follows no redirects. */
  readonly tokenFetch: Fetch;
  /** Whether a public registry may name a token server on an address that is not public. */
  readonly allowPrivateRealms: boolean;
  readonly lookup?: Lookup;
  readonly clock?: Clock;
}

/**
 * Authenticates GET and HEAD to a registry as its 401 asks for: with a token from the server that the Bearer challenge
 * names (distribution spec, "Token Authentication"), or with Basic. Once known, it is sent at once. Whatever is refused
 * in spite of it, or asks for something else, is returned as the 401 it is. A request that has an `authorization` of
 * its own, or for which there is a fixed token, is passed on as it is. Another origin, to which the registry has redirected, may ask for a token too: it gets
 * an anonymous one of its own. Throws VaultError when the token cannot be had: as
 * `requestToken`, or `denied` with `upstreamStatus` 401 when the login would not be safe on its way to the token
 * server.
 */
export function withOciTokens(fetch: Fetch, options: OciTokenOptions): Fetch {
  const origins = options.origins.map((url) => new URL(url));
  const registry: { readonly fetch: Fetch } = options.credentials.token === undefined
    ? new Registry(fetch, options)
    : { fetch };
  const strangers = new Registry(fetch, { ...options, credentials: { kind: "registry", insecure: false } });
  return (request) => {
    if (request.headers.has("authorization")) return fetch(request);
    return (isAtOneOf(origins, new URL(request.url)) ? registry : strangers).fetch(request);
  };
}

/** What a challenge is answered with. */
type Method = { readonly kind: "basic"; readonly pass: Pass } | { readonly kind: "bearer"; readonly tokenUrl: URL };

/** What is asked of a registry: a repository, or a document outside of all. */
interface Place {
  readonly origin: string;
  /** Of the whole repository, or of the document. */
  readonly url: string;
  readonly repository: string | null;
}

/** One that is forgotten costs a 401. */
const mostPlaces = 1000;

class Registry {
  readonly #fetch: Fetch;
  readonly #options: OciTokenOptions;
  readonly #tokens: TokenCache;
  readonly #basic: Pass | null;
  /** The token that each place wants, by the place's URL. */
  readonly #tokenUrls = new LRUCache<string, string>({ max: mostPlaces });
  readonly #basicOrigins = new Set<string>();

  constructor(fetch: Fetch, options: OciTokenOptions) {
    const { credentials: { login }, tokenFetch, clock = systemClock, allowPrivateRealms, lookup } = options;
    const asking = { fetch: tokenFetch, login, clock, allowPrivateRedirects: allowPrivateRealms, lookup };
    this.#fetch = fetch;
    this.#options = options;
    this.#tokens = new TokenCache({ request: (url) => requestToken(url, asking), clock });
    this.#basic = login === undefined ? null : { authorization: basicAuthorization(login), expiresAt: Infinity };
  }

  async fetch(request: Request): Promise<Response> {
    const place = placeOf(request.url);
    const sent = await this.#knownPass(place, request.signal);
    const response = await this.#send(request, sent);
    if (response.status !== 401) return response;
    const method = this.#methodFor(response, place);
    if (method === null || method.kind === "basic" && method.pass === sent) return response;
    discardBody(response);
    return await this.#send(request, await this.#newPass(method, { place, request, refused: sent }));
  }

  #send(request: Request, pass: Pass | null): Promise<Response> {
    if (pass === null) return this.#fetch(request);
    const headers = new Headers(request.headers);
    headers.set("authorization", pass.authorization);
    return this.#fetch(new Request(request, { headers }));
  }

  /** What the place has asked for before; null when nothing is known. */
  async #knownPass({ url, origin }: Place, signal: AbortSignal): Promise<Pass | null> {
    const tokenUrl = this.#tokenUrls.get(url);
    if (tokenUrl === undefined) return this.#basicOrigins.has(origin) ? this.#basic : null;
    try {
      return await this.#tokens.get(tokenUrl, { instead: null, signal });
    } catch (error) {
      // The registry may have another token server by now: the next request asks it anew.
      if (!signal.aborted) this.#tokenUrls.delete(url);
      throw error;
    }
  }

  /** Null when none of the challenges can be answered. */
  #methodFor(response: Response, place: Place): Method | null {
    const challenges = parseChallenges(response.headers.get("www-authenticate") ?? "");
    for (const challenge of challenges) {
      if (challenge.scheme !== "bearer") continue;
      const tokenUrl = tokenUrlOf(challenge, place, this.#options.credentials.authUrl);
      if (tokenUrl !== null) return { kind: "bearer", tokenUrl };
    }
    const takesBasic = this.#basic !== null && challenges.some(({ scheme }) => scheme === "basic");
    return takesBasic ? { kind: "basic", pass: this.#basic } : null;
  }

  async #newPass(method: Method, { place, request, refused }: Refused): Promise<Pass> {
    if (method.kind === "basic") {
      this.#basicOrigins.add(place.origin);
      this.#tokenUrls.delete(place.url);
      return method.pass;
    }
    const { tokenUrl } = method;
    const objection = await this.#objectionTo(tokenUrl, request);
    if (objection !== null) throw unsafe(tokenUrl, objection);
    const pass = await this.#tokens.get(tokenUrl.href, { instead: refused, signal: request.signal });
    this.#tokenUrls.set(place.url, tokenUrl.href);
    return pass;
  }

  /** Why this token server is not to be asked; null when it may be. */
  async #objectionTo(tokenUrl: URL, { url, signal }: Request): Promise<string | null> {
    const { credentials: { login, authUrl, insecure }, allowPrivateRealms, lookup = lookupWithSystem } = this.#options;
    const registry = new URL(url);
    const named = `${tokenUrl.origin}${tokenUrl.pathname}`;
    const exposed = tokenUrl.protocol === "http:" && registry.protocol === "https:";
    if (login !== undefined && exposed && !insecure) {
      return `it is plain http, where credentials of a registry on https do not go; write auth_url: ${named} if it is meant`;
    }
    if (authUrl !== undefined) return null;
    if (login !== undefined && !await isSameOwner(registry, tokenUrl)) {
      return `it is on another domain than the registry, which gets no login because a challenge names it; ` +
        `write auth_url: ${named} if that is where this registry has its tokens from`;
    }
    if (allowPrivateRealms) return null;
    if (!await isPrivateHost(tokenUrl, lookup, signal) || await isPrivateHost(registry, lookup, signal)) return null;
    return 'that is not a public address; name it with "auth_url" if it is meant';
  }
}

interface Refused {
  readonly place: Place;
  readonly request: Request;
  readonly refused: Pass | null;
}

function placeOf(requestUrl: string): Place {
  const { origin, pathname } = new URL(requestUrl);
  const end = pathname.search(/\/(?:manifests|blobs|tags|referrers)\/[^/]+$/);
  const start = pathname.indexOf("/v2/") + "/v2/".length;
  if (start < "/v2/".length || end <= start) return { origin, url: origin + pathname, repository: null };
  return { origin, url: origin + pathname.slice(0, end), repository: pathname.slice(start, end) };
}

/** Where the token for a Bearer challenge is asked for; null when it does not say so. */
function tokenUrlOf({ parameters }: Challenge, { repository }: Place, authUrl: string | undefined): URL | null {
  const url = URL.parse(authUrl ?? parameters.get("realm") ?? "");
  if (url === null || url.protocol !== "http:" && url.protocol !== "https:") return null;
  url.username = "";
  url.password = "";
  url.hash = "";
  const service = parameters.get("service");
  if (service !== undefined) url.searchParams.set("service", service);
  // Registries may leave the scope to the client, which knows what it came for.
  const scope = parameters.get("scope") ?? (repository === null ? "" : `repository:${repository}:pull`);
  for (const one of scope.split(/\s+/)) if (one !== "") url.searchParams.append("scope", one);
  return url;
}

function unsafe(tokenUrl: URL, objection: string): VaultError {
  const message = `Cannot get a token from "${shownUrl(tokenUrl)}": ${objection}`;
  return new VaultError("denied", message, { upstreamStatus: 401 });
}
