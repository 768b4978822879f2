import { LRUCache } from "lru-cache";
import type { Fetch } from "../../../artifact.ts";
import { VaultError } from "../../../errors.ts";
import { type Challenge, parseChallenges } from "../../../http/challenge.ts";
import { discardBody } from "../../../upstream/byte_source.ts";
import { systemClock } from "../../../upstream/clock.ts";
import {
  type AuthenticationMeans,
  basicAuthorization,
  bearerAuthorization,
  type Login,
} from "../../../upstream/credentials.ts";
import { isAtOneOf, isSameOwner } from "../../../upstream/own_host.ts";
import { isPrivateHost } from "../../../upstream/private_network.ts";
import { shownUrl } from "../../../upstream/shown_url.ts";
import { lookupWithSystem } from "../../../upstream/system_lookup.ts";
import { TokenCache } from "./token_cache.ts";
import { type Authorization, requestToken } from "./token_server.ts";
import { type TokenScope, tokenScopeOf } from "./token_scope.ts";

/** The way in which the vault identifies itself at a registry. */
export interface RegistryAccess {
  /** Absent: tokens are asked for anonymously. */
  readonly login?: Login;
  /** Sent with every request to the registry, which then is given no other. */
  readonly token?: string;
  /** Asked for tokens instead of the server that the registry names. */
  readonly authUrl?: string;
  /** True where a registry on https may have its login sent to a token server on plain http. */
  readonly insecure: boolean;
}

export interface TokenOptions extends AuthenticationMeans {
  readonly access: RegistryAccess;
}

/**
 * Authenticates GET and HEAD to a registry as its 401 asks for: with a token from the server that the Bearer challenge
 * names (distribution spec, "Token Authentication"), or with Basic. Once known, it is sent at once. Returns the 401
 * where it cannot be answered. A request with an `authorization` of its own is passed on as it is, and one for which
 * there is a fixed token gets that. Another origin, to which the registry has redirected, gets an anonymous token of
 * its own. Throws VaultError where no token is available: as `requestToken`, or `denied` with `upstreamStatus` 401
 * where the login would not be safe on its way to the token server.
 */
export function withTokens(fetch: Fetch, options: TokenOptions): Fetch {
  const { token } = options.access;
  const origins = options.origins.map((url) => new URL(url));
  const registry = token === undefined
    ? new TokenFetch(fetch, options)
    : { fetch: (request: Request) => fetch(authorized(request, bearerAuthorization(token))) };
  const strangers = new TokenFetch(fetch, { ...options, access: { insecure: false } });
  return (request) => {
    if (request.headers.has("authorization")) return fetch(request);
    return (isAtOneOf(origins, new URL(request.url)) ? registry : strangers).fetch(request);
  };
}

function authorized(request: Request, header: string): Request {
  const headers = new Headers(request.headers);
  headers.set("authorization", header);
  return new Request(request, { headers });
}

/** The way in which a challenge is answered. */
type Method =
  | { readonly kind: "basic"; readonly authorization: Authorization }
  | { readonly kind: "bearer"; readonly tokenUrl: URL };

/** A scope that is forgotten costs one 401. */
const mostScopes = 1000;

/** Sends requests with the token or the login that each scope has asked for. */
class TokenFetch {
  readonly #fetch: Fetch;
  readonly #options: TokenOptions;
  readonly #tokens: TokenCache;
  readonly #basic: Authorization | null;
  /** The URL of the token that each scope needs, by the scope's URL. */
  readonly #tokenUrls = new LRUCache<string, string>({ max: mostScopes });
  readonly #basicOrigins = new Set<string>();

  constructor(fetch: Fetch, options: TokenOptions) {
    const { access: { login }, plainFetch, clock = systemClock, allowPrivateRedirects, lookup } = options;
    const asking = { fetch: plainFetch, login, clock, allowPrivateRedirects, lookup };
    this.#fetch = fetch;
    this.#options = options;
    this.#tokens = new TokenCache({ request: (url) => requestToken(url, asking), clock });
    this.#basic = login === undefined ? null : { header: basicAuthorization(login), expiresAt: Infinity };
  }

  async fetch(request: Request): Promise<Response> {
    const scope = tokenScopeOf(request.url);
    const sent = await this.#known(scope, request.signal);
    const response = await this.#send(request, sent);
    if (response.status !== 401) return response;
    const method = this.#methodFor(response, scope);
    if (method === null || method.kind === "basic" && method.authorization === sent) return response;
    discardBody(response);
    return await this.#send(request, await this.#renewed(method, { scope, request, refused: sent }));
  }

  #send(request: Request, authorization: Authorization | null): Promise<Response> {
    return this.#fetch(authorization === null ? request : authorized(request, authorization.header));
  }

  /** Returns the authorization that the scope has needed before; null when none is known. */
  async #known({ url, origin }: TokenScope, signal: AbortSignal): Promise<Authorization | null> {
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

  /** Returns how to answer the challenges; null when none of them can be answered. */
  #methodFor(response: Response, scope: TokenScope): Method | null {
    const challenges = parseChallenges(response.headers.get("www-authenticate") ?? "");
    for (const challenge of challenges) {
      if (challenge.scheme !== "bearer") continue;
      const tokenUrl = tokenUrlOf(challenge, scope, this.#options.access.authUrl);
      if (tokenUrl !== null) return { kind: "bearer", tokenUrl };
    }
    const takesBasic = this.#basic !== null && challenges.some(({ scheme }) => scheme === "basic");
    return takesBasic ? { kind: "basic", authorization: this.#basic } : null;
  }

  async #renewed(method: Method, { scope, request, refused }: Refused): Promise<Authorization> {
    if (method.kind === "basic") {
      this.#basicOrigins.add(scope.origin);
      this.#tokenUrls.delete(scope.url);
      return method.authorization;
    }
    const { tokenUrl } = method;
    const objection = await this.#objectionTo(tokenUrl, request);
    if (objection !== null) throw unsafe(tokenUrl, objection);
    const authorization = await this.#tokens.get(tokenUrl.href, { instead: refused, signal: request.signal });
    this.#tokenUrls.set(scope.url, tokenUrl.href);
    return authorization;
  }

  /** Returns the reason why this token server must not be asked; null when it may be. */
  async #objectionTo(tokenUrl: URL, { url, signal }: Request): Promise<string | null> {
    const { access: { login, authUrl, insecure }, allowPrivateRedirects, lookup = lookupWithSystem } = this.#options;
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
    if (allowPrivateRedirects) return null;
    if (!await isPrivateHost(tokenUrl, lookup, signal) || await isPrivateHost(registry, lookup, signal)) return null;
    return 'that is not a public address; name it with "auth_url" if it is meant';
  }
}

interface Refused {
  readonly scope: TokenScope;
  readonly request: Request;
  readonly refused: Authorization | null;
}

/** The URL at which the token for a Bearer challenge is requested; null when the challenge does not name one. */
function tokenUrlOf({ parameters }: Challenge, { repository }: TokenScope, authUrl: string | undefined): URL | null {
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
