import { type ErrorCode, type UpstreamAnswer, VaultError } from "../../errors.ts";
import { contentLengthOf, type HeaderList, keepHeaders } from "../../http/headers.ts";
import { parseRetryAfter } from "../../http/retry_after.ts";
import { redactUrl } from "../../observe/redact.ts";
import { readErrorBody } from "../../http/error_body.ts";
import { statedReason, statesReasons } from "../../http/stated_reason.ts";
import { notesOf } from "../../upstream/response_notes.ts";

export interface Asked {
  readonly url: string;
  readonly method: string;
  /** Further statuses by which this upstream says "not found". They count as 404; only the message names them. */
  readonly absentStatuses: readonly number[];
  /** True where clients get the answer unchanged. */
  readonly passesOn: boolean;
}

/** The 4xx that are about the connection or our own header fields, and not about the artifact. */
const notAboutTheArtifact: ReadonlySet<number> = new Set([408, 411, 416, 417, 421, 425, 426, 431]);
/**
 * The statuses that mean nothing to a client: answers to ranges and conditions that it did not send, and a proxy's
 * question.
 */
const notForClients: ReadonlySet<number> = new Set([206, 304, 407, ...notAboutTheArtifact]);
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

const reasonLimits = { maxBytes: 8 * 1024, patienceMs: 1000 };
const answerLimits = { maxBytes: 64 * 1024, patienceMs: 5000 };

/**
 * Returns the error for a response that is no answer to the question, with upstream's own words about it; or with its
 * whole answer, where clients get that and it has at most 64 KiB. Closes the response's body.
 */
export async function refusalOf(response: Response, asked: Asked): Promise<VaultError> {
  const { status, headers } = response;
  if (isOfflineVault(headers)) {
    await response.body?.cancel().catch(() => {});
    const message = `Cannot fetch "${redactUrl(asked.url)}": upstream is a vault that is offline, and does not have it`;
    return new VaultError("offline", message, { upstreamStatus: status });
  }
  const type = headers.get("content-type") ?? "";
  const passesOn = asked.passesOn && !notForClients.has(status) && status < 600;
  const limits = passesOn
    ? answerLimits
    : { ...reasonLimits, maxBytes: statesReasons(type) ? reasonLimits.maxBytes : 0 };
  const body = await readErrorBody(response, limits);
  const stated = statedReason(type, body.bytes.subarray(0, reasonLimits.maxBytes));
  const waitMs = parseRetryAfter(headers.get("retry-after"), Date.now());
  const meant = asked.absentStatuses.includes(status) ? 404 : status;
  const { code, about } = meaningOf(meant);
  const hint = meant === status ? hintOf(code, response) : ", which counts as 404 here";
  const said = stated === null ? "" : `: "${stated}"`;
  const message = `${about(`"${redactUrl(asked.url)}"`)} upstream answered ${status}${hint}${said}`;
  return new VaultError(code, message, {
    upstreamStatus: meant,
    ...(waitMs !== null && { retryAfterSeconds: Math.ceil(waitMs / 1000) }),
    ...(passesOn && body.isWhole && { answer: answerOf(response, asked.method === "HEAD" ? null : body.bytes) }),
  });
}

/**
 * True where a vault says that it is offline. Its 404 or 410 then says nothing of what there is: it is no absence, which
 * would be remembered, and lead on to the next index.
 */
function isOfflineVault(headers: Headers): boolean {
  return /(?:^|,)\s*vault\s*(?:;[^,]*)?;\s*detail=offline\s*(?:[;,]|$)/.test(headers.get("cache-status") ?? "");
}

/** Returns the error for a web page that came in place of a file. */
export function pageInstead({ status }: Response, url: string): VaultError {
  const message = `Cannot fetch "${redactUrl(url)}": a web page came in its place, perhaps to log in at`;
  return new VaultError("upstream_failed", message, { upstreamStatus: status });
}

/**
 * Makes the answer for clients, without `Location`, which leads to the upstream or nowhere. `Age` and `Retry-After` are
 * the upstream's own here.
 */
function answerOf({ status, headers }: Response, body: UpstreamAnswer["body"]): UpstreamAnswer {
  const kept = keepHeaders(headers).filter(([name]) => name !== "location");
  const length = body === null ? contentLengthOf(headers) : null;
  const own: HeaderList = ["age", "retry-after"].flatMap((name) => {
    const value = headers.get(name);
    return value === null ? [] : [[name, value] as const];
  });
  return {
    status,
    headers: [...kept, ...own, ...length === null ? [] : [["content-length", `${length}`] as const]],
    body,
  };
}

function meaningOf(status: number): { readonly code: ErrorCode; readonly about: (target: string) => string } {
  const cannotFetch = (target: string) => `Cannot fetch ${target}:`;
  if (status === 404) return { code: "not_found", about: (target) => `${target} does not exist:` };
  if (status === 410) return { code: "gone", about: (target) => `${target} is gone for good:` };
  if (status === 401 || status === 403 || status === 407) return { code: "denied", about: cannotFetch };
  if (status === 429) return { code: "rate_limited", about: cannotFetch };
  const isRefusal = status >= 400 && status < 500 && !notAboutTheArtifact.has(status);
  return { code: isRefusal ? "refused" : "upstream_failed", about: cannotFetch };
}

function hintOf(code: ErrorCode, response: Response): string {
  const { status, headers } = response;
  if (redirects.has(status)) return headers.has("location") ? " with an unusable Location" : " without a Location";
  const { proxy } = notesOf(response);
  const through = proxy === undefined ? "" : ` through the proxy "${proxy}"`;
  if (status === 407) return "; a proxy on the way wants a login, or another one";
  if (code === "denied") {
    const forAll = status === 403 ? ", unless nobody may have this" : "";
    return `${through}; check the credentials of this backend${proxy ? " and the proxy's rules" : ""}${forAll}`;
  }
  return code === "rate_limited" ? `${through}, too many requests` : through;
}
