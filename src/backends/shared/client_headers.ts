import type { HeaderList } from "../../http/headers.ts";

/** Sent on from the beginning, since upstreams choose a representation by them. */
const always = ["accept", "accept-language"];

/** More names than an upstream has a use for are not remembered. */
const maxNames = 32;

/**
 * Never sent on, whatever `Vary` says. The vault says these itself, or they are about the client's connection, its
 * proxies and its conditions.
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
 * The headers of clients that an upstream gets. At first these are `Accept` and `Accept-Language`, and from then on also
 * the ones that its `Vary` has named: so nothing that an answer does not say it depends on can change the copy that
 * others get, and no client tells an upstream more than that one asks for.
 */
export class ClientHeaders {
  readonly #names = new Set(always);

  /** The ones to send with a request. */
  sent(headers: Headers): HeaderList {
    const sent: [string, string][] = [];
    for (const name of this.#names) {
      const value = headers.get(name);
      if (value !== null) sent.push([name, value]);
    }
    return sent;
  }

  /** The value of a header that upstream's `Vary` names; undefined where there is none, or none that may be sent on. */
  offered(headers: Headers, name: string): string | undefined {
    if (own.test(name) || secret.test(name)) return undefined;
    if (this.#names.size < maxNames && isToken(name)) this.#names.add(name);
    return isToken(name) ? headers.get(name) ?? undefined : undefined;
  }
}

/** Others are no header names: asking for them would throw. */
function isToken(name: string): boolean {
  return /^[!#$%&'*+.^_`|~\w-]+$/.test(name);
}
