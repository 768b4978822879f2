import type { Fetch } from "../artifact.ts";
import { VaultError } from "../errors.ts";
import { parseChallenges } from "../http/challenge.ts";
import type { Credentials } from "./credentials.ts";
import type { LoginState, UpstreamHealth } from "./health.ts";
import { isAtOneOf } from "./own_host.ts";

export interface LoginStateOptions {
  readonly credentials: Credentials;
  /** URLs of the origins that get the credentials. */
  readonly origins: readonly string[];
  readonly health: UpstreamHealth;
}

/**
 * Notes down whether an upstream accepts the vault's credentials, as far as its answers tell. Answers to requests with
 * credentials of somebody else's tell nothing of that.
 */
export function withLoginState(fetch: Fetch, { credentials, origins: urls, health }: LoginStateOptions): Fetch {
  const { kind } = credentials;
  if (kind === "none" || kind === "protocol" && !credentials.isConfidential) return fetch;
  const origins = urls.map((url) => new URL(url));
  return async (request, asked) => {
    const { url } = request;
    if (request.headers.has("authorization") || !isAtOneOf(origins, new URL(url))) return await fetch(request, asked);
    const told = (state: LoginState | null) => state !== null && health.loginTold(url, state);
    try {
      const response = await fetch(request, asked);
      told(stateOf(response, kind));
      return response;
    } catch (error) {
      // A token server has refused the login.
      if (error instanceof VaultError && error.code === "denied" && error.upstreamStatus === 401) told("refused");
      throw error;
    }
  };
}

/**
 * A 401 means that the credentials are not accepted (RFC 9110 §15.5.2). A registry with tokens also sends it for what a
 * login that it has accepted may not read: then the token server was content with it.
 */
function stateOf({ status, headers }: Response, kind: Credentials["kind"]): LoginState | null {
  if (status < 400 || status === 404) return "accepted";
  if (status !== 401) return null;
  const schemes = parseChallenges(headers.get("www-authenticate") ?? "").map(({ scheme }) => scheme);
  return kind === "protocol" && schemes.includes("bearer") ? null : "refused";
}
