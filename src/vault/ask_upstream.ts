import type { Artifact, Candidate } from "../artifact.ts";
import type { HeaderList } from "../http/headers.ts";
import { type ErrorCode, messageOf, VaultError } from "../errors.ts";
import type { VaultEvents } from "../observe/events.ts";
import { redactUrl } from "../observe/redact.ts";
import type { Entry } from "../store/store.ts";
import { conditionsOf } from "./confirm.ts";

export interface Question {
  readonly method: "GET" | "HEAD";
  /** Ranges, on top of the artifact's own headers. */
  readonly headers: HeaderList;
  /** A copy to be confirmed: whom it came from is asked conditionally. Another's 304 would be about another copy. */
  readonly previous?: Entry | null;
  readonly signal: AbortSignal;
  /** In the order to be tried. */
  readonly candidates: readonly Candidate[];
  readonly events: VaultEvents;
}

export interface Answer {
  readonly candidate: Candidate;
  /**
   * 200; 206 or 416 where a range was asked for, 304 where it was asked conditionally. The caller reads or cancels its
   * body.
   */
  readonly response: Response;
}

/** Errors that count before others when no candidate has the artifact: an outage is never reported as "not found". */
const precedence: readonly ErrorCode[] = ["rate_limited", "upstream_failed", "upstream_silent", "denied", "gone"];

/**
 * Asks the candidates in order until one has the artifact, or fails in a way that the artifact does not move on after.
 * Throws VaultError `not_found`, `gone`, `denied`, `rate_limited`, `upstream_failed` or `upstream_silent`, whose
 * message tells what each answered.
 */
export async function askUpstream(artifact: Artifact, question: Question): Promise<Answer> {
  const errors: VaultError[] = [];
  for (const candidate of question.candidates) {
    try {
      return { candidate, response: await askCandidate(artifact, candidate, question) };
    } catch (error) {
      if (question.signal.aborted) throw question.signal.reason;
      const failure = toVaultError(error, candidate.url);
      question.events.upstreamFailed(artifact.backend, reasonOf(failure));
      errors.push(failure);
      if (!movesOn(artifact, failure) || isHeldFrom(candidate, artifact, question)) break;
    }
  }
  const worst = errors.toSorted((a, b) => rank(a) - rank(b))[0]!;
  if (errors.length === 1) throw worst;
  throw new VaultError(worst.code, errors.map((error) => error.message).join("; "), {
    cause: worst,
    ...(worst.upstreamStatus !== undefined && { upstreamStatus: worst.upstreamStatus }),
    ...(worst.retryAfterSeconds !== undefined && { retryAfterSeconds: worst.retryAfterSeconds }),
  });
}

async function askCandidate(artifact: Artifact, candidate: Candidate, question: Question): Promise<Response> {
  const { method, signal, previous } = question;
  const added = [...question.headers, ...cameFrom(candidate, previous) ? conditionsOf(previous!) : []];
  const headers = [...artifact.requestHeaders, ...added].map(([name, value]): [string, string] => [name, value]);
  const response = await candidate.fetch(new Request(candidate.url, { method, headers, signal, redirect: "manual" }));
  if (answers(response.status, added)) return response;
  await response.body?.cancel().catch(() => {});
  throw refusal(response, candidate.url);
}

/** 206 and 416 answer a range, 304 a condition: unasked for, they are no answer, and never a whole body. */
function answers(status: number, asked: HeaderList): boolean {
  const names = asked.map(([name]) => name);
  if (status === 206 || status === 416) return names.includes("range");
  if (status === 304) return names.includes("if-none-match") || names.includes("if-modified-since");
  return status === 200;
}

/** The error for a status that is not an answer. */
function refusal(response: Response, url: string): VaultError {
  const { status } = response;
  const retryAfter = Number(response.headers.get("retry-after") ?? NaN);
  const options = { upstreamStatus: status, ...(retryAfter >= 0 && { retryAfterSeconds: Math.ceil(retryAfter) }) };
  const target = `"${redactUrl(url)}"`;
  switch (status) {
    case 404:
      return new VaultError("not_found", `${target} does not exist: upstream answered 404`, options);
    case 410:
      return new VaultError("gone", `${target} is gone for good: upstream answered 410`, options);
    case 401:
    case 403:
    case 407:
      return new VaultError(
        "denied",
        `Cannot fetch ${target}: upstream answered ${status}; check the credentials of this backend`,
        options,
      );
    case 429:
      return new VaultError(
        "rate_limited",
        `Cannot fetch ${target}: upstream answered 429, too many requests`,
        options,
      );
    default:
      return new VaultError("upstream_failed", `Cannot fetch ${target}: upstream answered ${status}`, options);
  }
}

function toVaultError(error: unknown, url: string): VaultError {
  if (error instanceof VaultError) return error;
  return new VaultError("upstream_failed", `Cannot fetch "${redactUrl(url)}": ${messageOf(error)}`, { cause: error });
}

function reasonOf(error: VaultError): string {
  if (error.upstreamStatus !== undefined) return String(error.upstreamStatus);
  return error.code === "upstream_silent" ? "silent" : "network";
}

function cameFrom({ url }: Candidate, previous: Entry | null | undefined): boolean {
  return previous?.url === redactUrl(url);
}

/**
 * Where candidates are not alike, what is held of one that has it no more is served rather than another's of that name.
 */
function isHeldFrom(candidate: Candidate, { movesOnAfter, policy }: Artifact, { previous }: Question): boolean {
  return movesOnAfter === "absence" && policy.serveDeleted && cameFrom(candidate, previous);
}

function movesOn({ movesOnAfter }: Artifact, { code }: VaultError): boolean {
  const isAbsent = code === "not_found" || code === "gone";
  return movesOnAfter === "any_failure" || isAbsent || (movesOnAfter === "refusal" && code === "denied");
}

function rank(error: VaultError): number {
  const index = precedence.indexOf(error.code);
  return index < 0 ? precedence.length : index;
}
