import type { Artifact, Candidate } from "../../artifact.ts";
import type { HeaderList } from "../../http/headers.ts";
import { type ErrorCode, isMissing, messageOf, VaultError } from "../../errors.ts";
import type { VaultEvents } from "../../observe/events.ts";
import { redactUrl } from "../../observe/redact.ts";
import type { Version } from "../../store/store.ts";
import { askSelecting, type Selected } from "./ask_selecting.ts";
import { conditionsOf } from "./revalidate.ts";
import { pageInstead, refusalOf } from "./refusal.ts";
import { isWebPageInPlaceOf } from "./web_page.ts";

export interface Question {
  /**
   * The method. An absence or refusal that HEAD brings counts only where GET brings it too: many servers answer HEAD
   * like that.
   */
  readonly method: "GET" | "HEAD";
  /** Range headers, besides the artifact's own headers. */
  readonly headers: HeaderList;
  /**
   * A copy to revalidate: only the upstream that it came from is asked conditionally. A 304 of another would be about
   * another copy.
   */
  readonly previous?: Version | null;
  /** The copy that the answer would replace. */
  readonly held: Version | null;
  readonly signal: AbortSignal;
  /** The candidates in the order to try them. */
  readonly candidates: readonly Candidate[];
  readonly events: VaultEvents;
  /** True to repeat a request that fails, after a pause. */
  readonly retry: boolean;
}

export interface Answer extends Selected {
  readonly candidate: Candidate;
  /**
   * The response: 200 or 203; 206 or 416 where a range was asked for, 304 where it was asked conditionally. The caller
   * reads or cancels its body.
   */
  readonly response: Response;
  /** True where upstream refused HEAD and answered GET: the response then has a body although HEAD was asked. */
  readonly byGet: boolean;
}

/** The errors in order of precedence when no candidate has the artifact: an outage is never reported as "not found". */
const precedence: readonly ErrorCode[] = [
  "loop_detected",
  "rate_limited",
  "upstream_failed",
  "upstream_silent",
  "upstream_down",
  "offline",
  "denied",
  "refused",
  "gone",
];

/**
 * Asks the candidates in order until one has the artifact, or fails in a way that stops the artifact's failover. Throws
 * `not_found`, `gone`, `denied`, `refused`, `rate_limited`, `offline`, `upstream_failed`, `upstream_silent` or
 * `upstream_down`; the message says what each candidate answered.
 */
export async function askUpstream(artifact: Artifact, question: Question): Promise<Answer> {
  const errors: VaultError[] = [];
  for (const candidate of question.candidates) {
    try {
      return await askCandidate(artifact, candidate, question);
    } catch (error) {
      if (question.signal.aborted) throw question.signal.reason;
      const failure = toVaultError(error, candidate.url);
      if (!isMissing(failure)) question.events.upstreamFailed(artifact.backend, reasonOf(failure));
      errors.push(failure);
      if (!movesOn(artifact, failure) || isHeldFrom(candidate, artifact, question)) break;
    }
  }
  throw combinedError(errors);
}

/** The error of several candidates in one: the code of the worst, and the messages of all. */
export function combinedError(errors: readonly VaultError[]): VaultError {
  const worst = errors.toSorted((a, b) => rank(a) - rank(b))[0]!;
  if (errors.length === 1) return worst;
  return new VaultError(worst.code, errors.map((error) => error.message).join("; "), {
    cause: worst,
    ...(worst.upstreamStatus !== undefined && { upstreamStatus: worst.upstreamStatus }),
    ...(worst.retryAfterSeconds !== undefined && { retryAfterSeconds: worst.retryAfterSeconds }),
    ...(worst.answer !== undefined && { answer: worst.answer }),
    ...(worst.protocolCode !== undefined && { protocolCode: worst.protocolCode }),
  });
}

async function askCandidate(artifact: Artifact, candidate: Candidate, question: Question): Promise<Answer> {
  const { method, previous, retry } = question;
  const { redirectHeaders = [] } = candidate;
  const added = [...question.headers, ...cameFrom(candidate, previous) ? conditionsOf(previous!) : []];
  const { signal } = question;
  const send = async (method: Question["method"]) => {
    const selected = await askSelecting(artifact, previous, (requestHeaders) => {
      const headers = [...requestHeaders, ...added].map(([name, value]): [string, string] => [name, value]);
      return candidate.fetch(new Request(candidate.url, { method, headers, signal, redirect: "manual" }), {
        retry,
        redirectHeaders,
      });
    });
    const { response } = selected;
    if (!answers(response.status, added)) {
      const { url, absentStatuses = [] } = candidate;
      throw await refusalOf(response, { url, method, absentStatuses, passesOn: artifact.passesOnErrors === true });
    }
    const contentType = response.headers.get("content-type");
    const isPage = isOfTheArtifact(response.status) &&
      isWebPageInPlaceOf(artifact, { method: question.method, contentType, held: question.held });
    if (!isPage) return selected;
    await response.body?.cancel().catch(() => {});
    throw pageInstead(response, candidate.url);
  };
  try {
    return { candidate, ...await send(method), byGet: false };
  } catch (error) {
    if (method === "GET" || !mayBeOfHeadAlone(error)) throw error;
    return { candidate, ...await send("GET"), byGet: true };
  }
}

/**
 * Says whether a refusal may be one of HEAD alone: servers without HEAD answer 400, 404, 405 or 501, and stores that
 * redirect to URLs signed for GET answer 401 or 403.
 */
function mayBeOfHeadAlone(error: unknown): boolean {
  if (!(error instanceof VaultError)) return false;
  return ["not_found", "gone", "denied", "refused"].includes(error.code) || error.upstreamStatus === 501;
}

/**
 * Says whether a status answers what was asked: 206 and 416 answer a range, 304 a condition. Unasked for, they are no
 * answer, and never a whole body.
 */
function answers(status: number, asked: HeaderList): boolean {
  const names = asked.map(([name]) => name);
  if (status === 206 || status === 416) return names.includes("range");
  if (status === 304) return names.includes("if-none-match") || names.includes("if-modified-since");
  return isWhole(status);
}

/**
 * Says whether the headers of a response with this status describe the artifact. The type of a 416 is that of the page
 * that explains it, and that of a 304 means nothing: PHP and others send their default (RFC 9110 §15.4.5).
 */
function isOfTheArtifact(status: number): boolean {
  return status !== 304 && status !== 416;
}

/**
 * Says whether a response of this status has the whole body. 203 is a 200 that a proxy has changed (RFC 9110 §15.3.4).
 */
export function isWhole(status: number): boolean {
  return status === 200 || status === 203;
}

/** The error as it is, or what went wrong with a fetch, in words. */
export function toVaultError(error: unknown, url: string): VaultError {
  if (error instanceof VaultError) return error;
  return new VaultError("upstream_failed", `Cannot fetch "${redactUrl(url)}": ${messageOf(error)}`, { cause: error });
}

function reasonOf(error: VaultError): string {
  if (error.upstreamStatus !== undefined) return String(error.upstreamStatus);
  if (error.code === "upstream_down") return "down";
  return error.code === "upstream_silent" ? "silent" : "network";
}

function cameFrom({ url }: Candidate, previous: Version | null | undefined): boolean {
  return previous?.url === redactUrl(url);
}

/**
 * Says whether the stored copy came from this candidate. Where candidates are not alike, the copy of one that no longer
 * has it is served, rather than another's file of that name.
 */
function isHeldFrom(candidate: Candidate, { failover, policy }: Artifact, { previous }: Question): boolean {
  return failover === "absence" && policy.serveDeleted && cameFrom(candidate, previous);
}

function movesOn({ failover }: Artifact, failure: VaultError): boolean {
  const { code } = failure;
  return failover === "any_failure" || isMissing(failure) ||
    (failover === "refusal" && (code === "denied" || code === "refused"));
}

function rank(error: VaultError): number {
  const index = precedence.indexOf(error.code);
  return index < 0 ? precedence.length : index;
}
