import { Buffer } from "node:buffer";
import type { Fetch } from "../artifact.ts";
import type { HeaderList } from "../http/headers.ts";
import { viaOf } from "../http/via.ts";
import { isAtOneOf } from "./own_host.ts";

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
  | RegistryCredentials;

/** Sent as a registry's 401 asks for (`withOciTokens`), but for a fixed token. */
export interface RegistryCredentials {
  readonly kind: "registry";
  /** Absent: tokens are asked for anonymously. */
  readonly login?: Login;
  /** Sent with every request to the registry, which then is given no other. */
  readonly token?: string;
  /** Asked for tokens instead of the server that the registry names. */
  readonly authUrl?: string;
  /** Whether a registry on https may have its login sent to a token server on plain http. */
  readonly insecure: boolean;
}

export interface CredentialsOptions {
  readonly credentials: Credentials;
  /** Extra headers, as private as the credentials. */
  readonly headers: HeaderList;
  /** URLs of the only origins, each with its https, that get the credentials and the extra headers. */
  readonly origins: readonly string[];
  /** Sent to every origin. */
  readonly userAgent: string;
  /** What this vault calls itself in `Via`, which a gateway has to send (RFC 9110 §7.6.3). Absent: sends none. */
  readonly viaName?: string;
}

/**
 * Adds what every request carries: who asks, and to the upstream's own origins the credentials. A header that the
 * request already has is left alone. Always asks for the body as it is stored, since `fetch` would decode any other.
 */
export function withCredentials(fetch: Fetch, options: CredentialsOptions): Fetch {
  const origins = options.origins.map((origin) => new URL(origin));
  const everywhere: HeaderList = [["user-agent", options.userAgent]];
  const { viaName } = options;
  const athome: HeaderList = [...everywhere, ...authorization(options.credentials), ...options.headers];
  return (request) => {
    const headers = new Headers(request.headers);
    for (const [name, value] of isAtOneOf(origins, new URL(request.url)) ? athome : everywhere) {
      if (!request.headers.has(name)) headers.append(name, value);
    }
    headers.set("accept-encoding", "identity");
    if (viaName !== undefined) headers.set("via", viaOf(headers.get("via"), viaName));
    return fetch(new Request(request, { headers }));
  };
}

function authorization(credentials: Credentials): HeaderList {
  switch (credentials.kind) {
    case "none":
      return [];
    case "basic":
      return [["authorization", basicAuthorization(credentials)]];
    case "bearer":
    case "registry":
      return credentials.token === undefined ? [] : [["authorization", `Bearer ${credentials.token}`]];
  }
}

/** The value of an `Authorization` header, as UTF-8 (RFC 7617). */
export function basicAuthorization({ username, password }: Login): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}
