import { Buffer } from "node:buffer";
import type { Fetch } from "../artifact.ts";
import type { HeaderList } from "../http/headers.ts";
import { viaOf } from "../http/via.ts";
import type { Clock } from "./clock.ts";
import { withoutCoding } from "./decoded.ts";
import { isAtOneOf } from "./own_host.ts";
import type { Lookup } from "./private_network.ts";

/** A user name without a colon, and a password. */
export interface Login {
  readonly username: string;
  readonly password: string;
}

export type Credentials =
  | { readonly kind: "none" }
  /** Sent with every request. */
  | { readonly kind: "basic" } & Login
  | { readonly kind: "bearer"; readonly token: string }
  | ProtocolCredentials;

/** Credentials that are sent in the way of one protocol, such as by a token that has to be asked for first. */
export interface ProtocolCredentials {
  readonly kind: "protocol";
  /** True where what is fetched with them may not be for everyone. */
  readonly isConfidential: boolean;
  /** URLs that are asked for tokens. Like the upstream's own, they may lead to any address. */
  readonly urls: readonly string[];
  /** Wraps what sends requests to the upstream. */
  authenticate(fetch: Fetch, means: AuthenticationMeans): Fetch;
}

/** The means that `authenticate` may use. */
export interface AuthenticationMeans {
  /** URLs of the only origins, each with its https, that get the credentials. */
  readonly origins: readonly string[];
  /** Sends requests for tokens, with retries of its own; follows no redirects, and adds no credentials. */
  readonly plainFetch: Fetch;
  /** True where a public upstream may name a token server on an address that is not public. */
  readonly allowPrivateRedirects: boolean;
  readonly lookup?: Lookup;
  readonly clock?: Clock;
}

export interface CredentialsOptions {
  readonly credentials: Credentials;
  /** Extra headers, as private as the credentials. */
  readonly headers: HeaderList;
  /** URLs of the only origins, each with its https, that get the credentials and the extra headers. */
  readonly origins: readonly string[];
  /** Sent to every origin. */
  readonly userAgent: string;
  /** The name of this vault in `Via`, which a gateway has to send (RFC 9110 §7.6.3). Absent: sends none. */
  readonly viaName?: string;
}

/**
 * Adds what every request carries: who asks, and to the upstream's own origins the credentials. A header that the
 * request already has is left alone. Asks for the body as it is stored, unless the request itself names codings: then
 * the body is decoded, and its size is not known.
 */
export function withCredentials(fetch: Fetch, options: CredentialsOptions): Fetch {
  const origins = options.origins.map((origin) => new URL(origin));
  const everywhere: HeaderList = [["user-agent", options.userAgent]];
  const { viaName } = options;
  const athome: HeaderList = [...everywhere, ...authorization(options.credentials), ...options.headers];
  return async (request) => {
    const headers = new Headers(request.headers);
    for (const [name, value] of isAtOneOf(origins, new URL(request.url)) ? athome : everywhere) {
      if (!request.headers.has(name)) headers.append(name, value);
    }
    const decodes = headers.has("accept-encoding");
    if (!decodes) headers.set("accept-encoding", "identity");
    if (viaName !== undefined) headers.set("via", viaOf(headers.get("via"), viaName));
    const response = await fetch(new Request(request, { headers }));
    return decodes ? withoutCoding(response) : response;
  };
}

function authorization(credentials: Credentials): HeaderList {
  switch (credentials.kind) {
    case "none":
    case "protocol":
      return [];
    case "basic":
      return [["authorization", basicAuthorization(credentials)]];
    case "bearer":
      return [["authorization", bearerAuthorization(credentials.token)]];
  }
}

/** The value of an `Authorization` header, as UTF-8 (RFC 7617). */
export function basicAuthorization({ username, password }: Login): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

/** The value of an `Authorization` header (RFC 6750). */
export function bearerAuthorization(token: string): string {
  return `Bearer ${token}`;
}
