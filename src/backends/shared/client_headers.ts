import type { HeaderList } from "../../http/headers.ts";

/** Headers that are forwarded from the beginning, since upstreams choose a representation by them. */
const always = ["accept", "accept-language"];

/** More names are not remembered: no upstream varies by as many. */
const maxNames = 32;

/**
 * Headers that are never forwarded, whatever `Vary` says. The vault sends these itself, or they concern the client's
 * connection, its proxies and its conditions.
 */
const own =
  /^(?:accept-encoding|cache-control|connection|content-.*|cookie2?|date|expect|forwarded|from|host|if-.*|keep-alive|pragma|proxy-.*|range|referer|te|trailer|transfer-encoding|upgrade|user-agent|via|x-forwarded.*|x-http-method.*|x-original-.*|x-real-ip|x-request-id|x-rewrite-.*)$/;

/**
 * Credentials are for the vault, by whatever name a service knows them. So are the names of people and their
 * certificates: an upstream that takes `Remote-User` from its proxies would take the client's word for it.
 */
const secret =
  /auth|token|key|secret|passw|session|credential|cookie|signature|-api$|cert|ssl|user(?!-agent)|account|identity|metadata/;

/**
 * Decides which headers of clients an upstream gets: `Accept` and `Accept-Language`, and later also the ones that its
 * `Vary` has named. So a header that an answer does not depend on cannot change the copy that other clients get, and an
 * upstream learns no more of a client than it asks for.
 */
export class ClientHeaders {
  readonly #names = new Set(always);

  /** The headers to send with a request. */
  sent(headers: Headers): HeaderList {
    const sent: [string, string][] = [];
    for (const name of this.#names) {
      const value = headers.get(name);
      if (value !== null) sent.push([name, value]);
    }
    return sent;
  }

  /** The value of a header that upstream's `Vary` names; undefined where it is absent, or must not be forwarded. */
  offered(headers: Headers, name: string): string | undefined {
    if (own.test(name) || secret.test(name)) return undefined;
    if (this.#names.size < maxNames && isToken(name)) this.#names.add(name);
    return isToken(name) ? headers.get(name) ?? undefined : undefined;
  }
}

/** True for a valid header name: `Headers.get` throws for others. */
function isToken(name: string): boolean {
  return /^[!#$%&'*+.^_`|~\w-]+$/.test(name);
}
