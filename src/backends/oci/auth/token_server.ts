import type { Fetch } from "../../../artifact.ts";
import { VaultError } from "../../../errors.ts";
import { readErrorBody } from "../../../http/error_body.ts";
import { parseJsonObject } from "../../../http/json.ts";
import { parseRetryAfter } from "../../../http/retry_after.ts";
import { statedReason } from "../../../http/stated_reason.ts";
import { BodyReader } from "../../../upstream/body_reader.ts";
import type { Clock } from "../../../upstream/clock.ts";
import { basicAuthorization, bearerAuthorization, type Login } from "../../../upstream/credentials.ts";
import { isSameHostOrItsHttps } from "../../../upstream/own_host.ts";
import type { Lookup } from "../../../upstream/private_network.ts";
import { withRedirects } from "../../../upstream/redirect.ts";
import { shownUrl } from "../../../upstream/shown_url.ts";

/** Authorization that a registry accepts for a while. It is compared by identity, not by its token. */
export interface Authorization {
  /** The value of the `Authorization` header. */
  readonly header: string;
  /** On the scale of the clock's `now`; a little earlier than the server says. */
  readonly expiresAt: number;
}

export interface TokenServerOptions {
  /** Sends a request. It must not follow redirects itself. */
  readonly fetch: Fetch;
  /** Absent: the token is asked for anonymously. */
  readonly login?: Login | undefined;
  readonly clock: Clock;
  /** True where a public token server may redirect to an address that is not public. */
  readonly allowPrivateRedirects: boolean;
  readonly lookup?: Lookup | undefined;
}

const maxAnswerBytes = 64 * 1024;
const defaultLifetimeSeconds = 60;
const longestMarginMs = 10_000;

/**
 * Asks a token server (distribution spec, "Token Authentication") for the token that `url` names with its service and
 * scopes. Redirects are followed; the login stays on that server's host. Throws VaultError: `denied` with
 * `upstreamStatus` 401 where it refuses the login, or its absence; `rate_limited`; `upstream_failed` and
 * `upstream_silent` for an outage or an answer without a token. No message has a secret in it.
 */
export async function requestToken(url: string, options: TokenServerOptions): Promise<Authorization> {
  const { login, clock, allowPrivateRedirects, lookup } = options;
  const askedAt = clock.now();
  const fetch = withRedirects(withLogin(options, new URL(url)), {
    allowPrivateRedirects,
    confidential: login !== undefined,
    ...lookup !== undefined && { lookup },
  });
  const response = await fetch(new Request(url, { headers: { accept: "application/json" } }));
  if (response.status !== 200) {
    throw await refusal(response, { url, login, clock });
  }
  const { token, lifetimeSeconds } = parseToken(await readText(response, url, clock), url);
  const lifetimeMs = lifetimeSeconds * 1000;
  // Counted from the asking: `issued_at` is on another machine's clock. Should the token be older, one 401 renews it.
  const expiresAt = askedAt + lifetimeMs - Math.min(longestMarginMs, lifetimeMs / 4);
  return { header: bearerAuthorization(token), expiresAt };
}

/** Sends the login to the token server, and to where it redirects on its own host. */
function withLogin({ fetch, login }: TokenServerOptions, server: URL): Fetch {
  if (login === undefined) return fetch;
  return (request) => {
    if (!isSameHostOrItsHttps(server, new URL(request.url))) return fetch(request);
    const headers = new Headers(request.headers);
    headers.set("authorization", basicAuthorization(login));
    return fetch(new Request(request, { headers }));
  };
}

async function readText(response: Response, url: string, clock: Clock): Promise<string> {
  const reader = new BodyReader(response, { url, clock });
  const decoder = new TextDecoder();
  let text = "";
  let sizeBytes = 0;
  for (let bytes; (bytes = await reader.read(new Uint8Array(16 * 1024))) !== null;) {
    sizeBytes += bytes.length;
    if (sizeBytes > maxAnswerBytes) {
      const tooLarge = noToken(url, `its answer is larger than ${maxAnswerBytes / 1024} KiB`);
      reader.cancel(tooLarge);
      throw tooLarge;
    }
    text += decoder.decode(bytes, { stream: true });
  }
  return text + decoder.decode();
}

/** Matches tokens that may stand in a header. The error about any other would quote the token. */
const headerSafe = /^[\x21-\x7e]+$/;

function parseToken(text: string, url: string): { token: string; lifetimeSeconds: number } {
  const document = parseJsonObject(text);
  if (document === null) throw noToken(url, "its answer is not a JSON object");
  const token = document.token || document.access_token;
  if (typeof token !== "string" || !headerSafe.test(token)) {
    throw noToken(url, "there is no usable token in its answer");
  }
  const { expires_in: seconds } = document;
  return { token, lifetimeSeconds: typeof seconds === "number" && seconds > 0 ? seconds : defaultLifetimeSeconds };
}

const reasonLimits = { maxBytes: 8 * 1024, patienceMs: 1000 };

/** Returns the reason that the server gives, as the end of a message; never with the login or a token in it. */
async function wordsOf(response: Response, login: Login | undefined): Promise<string> {
  const { bytes } = await readErrorBody(response, reasonLimits);
  const stated = statedReason(response.headers.get("content-type") ?? "", bytes);
  const secrets = login === undefined ? [] : [login.password, basicAuthorization(login).slice("Basic ".length)];
  const isUnfit = stated === null || secrets.some((secret) => secret !== "" && stated.includes(secret));
  return isUnfit || /\btoken"?\s*[:=]/i.test(stated) ? "" : `: "${stated}"`;
}

async function refusal(
  response: Response,
  { url, login, clock }: { url: string; login: Login | undefined; clock: Clock },
): Promise<VaultError> {
  const { status, headers } = response;
  const said = await wordsOf(response, login);
  const problem = `Cannot get a token from "${shownUrl(url)}": it answered ${status}`;
  if (status === 401 || status === 403) {
    const why = login === undefined
      ? 'it gives none without credentials; set "username" and "password"'
      : "it refused the username and password of this registry";
    return new VaultError("denied", `${problem}: ${why}${said}`, { upstreamStatus: 401 });
  }
  if (status === 429) {
    const waitMs = parseRetryAfter(headers.get("retry-after"), clock.date());
    return new VaultError("rate_limited", `${problem}, too many requests${said}`, {
      upstreamStatus: status,
      ...(waitMs !== null && { retryAfterSeconds: Math.ceil(waitMs / 1000) }),
    });
  }
  return new VaultError("upstream_failed", problem + said, { upstreamStatus: status });
}

function noToken(url: string, why: string): VaultError {
  return new VaultError("upstream_failed", `Cannot get a token from "${shownUrl(url)}": ${why}`);
}
