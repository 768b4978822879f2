import { Buffer } from "node:buffer";
import type { Fetch } from "../artifact.ts";
import type { HeaderList } from "../http/headers.ts";

export type Credentials =
  | { readonly kind: "none" }
  /** Sent as UTF-8 (RFC 7617). */
  | { readonly kind: "basic"; readonly username: string; readonly password: string }
  | { readonly kind: "bearer"; readonly token: string };

export interface CredentialsOptions {
  readonly credentials: Credentials;
  /** Extra headers, as private as the credentials. */
  readonly headers: HeaderList;
  /** The only origins that get the credentials and the extra headers. */
  readonly origins: readonly string[];
  /** Sent to every origin. */
  readonly userAgent: string;
}

/**
 * Adds what every request carries: who asks, and to the upstream's own origins the credentials. A header that the
 * request already has is left alone. Always asks for the body as it is stored, since `fetch` would decode any other.
 */
export function withCredentials(fetch: Fetch, options: CredentialsOptions): Fetch {
  const origins = new Set(options.origins.map((origin) => new URL(origin).origin));
  const everywhere: HeaderList = [["user-agent", options.userAgent]];
  const athome: HeaderList = [...everywhere, ...authorization(options.credentials), ...options.headers];
  return (request) => {
    const headers = new Headers(request.headers);
    for (const [name, value] of origins.has(new URL(request.url).origin) ? athome : everywhere) {
      if (!request.headers.has(name)) headers.append(name, value);
    }
    headers.set("accept-encoding", "identity");
    return fetch(new Request(request, { headers }));
  };
}

function authorization(credentials: Credentials): HeaderList {
  switch (credentials.kind) {
    case "none":
      return [];
    case "basic": {
      const { username, password } = credentials;
      return [["authorization", `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`]];
    }
    case "bearer":
      return [["authorization", `Bearer ${credentials.token}`]];
  }
}
