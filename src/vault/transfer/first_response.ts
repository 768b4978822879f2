import type { Candidate, Fetchable } from "../../artifact.ts";
import type { DigestAlgorithm } from "../../digest.ts";
import { VaultError } from "../../errors.ts";
import { contradicts, strongValidator, strongValidators } from "../../http/conditional.ts";
import { contentLengthOf, keepHeaders } from "../../http/headers.ts";
import { rangeOf } from "../../http/range.ts";
import { redactUrl } from "../../observe/redact.ts";
import type { ResumeRecord, StagedBody } from "../../store/store.ts";
import { type Answer, askUpstream, isWhole, type Question } from "../asking/ask_upstream.ts";
import { isAbout, refreshedVersion } from "../asking/revalidate.ts";
import type { RunningHash } from "../hashing/running_hash.ts";
import type { TransferPlan, TransferTools } from "./plan.ts";
import { type Confirmed, revalidateByHead } from "../asking/revalidate_by_head.ts";

/** The beginning of a transfer: upstream says that it has what is stored, or sends a body. */
export type FirstResponse = { readonly kind: "confirmed" } & Confirmed | BodyResponse;

/** A response with the body from `start` on. */
export interface BodyResponse {
  readonly kind: "body";
  readonly answer: Answer;
  readonly start: number;
  /** Null where upstream does not tell. */
  readonly sizeBytes: number | null;
  /** For If-Range; null where the upstream gives none that is strong (RFC 9110 §8.8.1). */
  readonly validator: string | null;
  /** The bytes before `start`, where an earlier transfer left them, and their hash. */
  readonly resumed: { readonly staged: StagedBody; readonly hash: RunningHash } | null;
}

/** The first request of a transfer. */
export interface FirstRequest {
  readonly plan: TransferPlan;
  readonly tools: Pick<TransferTools, "store" | "hashing" | "events">;
  /** True if it is repeated after a pause where it fails. */
  readonly retry: boolean;
  readonly signal: AbortSignal;
}

/**
 * Sends the first request of a transfer: resumes where an earlier one stopped, else asks conditionally, or from the
 * first byte on that is wanted.
 */
export async function requestBody(request: FirstRequest): Promise<FirstResponse> {
  const { artifact, candidates, stale, firstByte, wantedTo } = request.plan;
  const resumed = await resumeStaged(request);
  if (resumed) return resumed;
  const { store } = request.tools;
  const askHead = () => ask(request, [], { method: "HEAD" });
  const settled = await revalidateByHead({ artifact, previous: stale, store, askHead });
  if (settled?.entry) {
    await giveUp(settled.answer);
    return { kind: "confirmed", ...settled };
  }
  // Upstream refused HEAD and has begun to send the body.
  if (settled?.answer.byGet) return wholeBody(settled.answer);
  if (stale) {
    const answer = await ask(request, [], { previous: stale });
    if (isWhole(answer.response.status)) return wholeBody(answer);
    await giveUp(answer);
    if (isAbout(answer, stale)) {
      return { kind: "confirmed", answer, entry: refreshedVersion(artifact, stale, answer.response, Date.now()) };
    }
  }
  if (firstByte > 0) {
    const answer = await ask(request, resumeHeaders(firstByte, null, endOfRange(candidates, firstByte, wantedTo)));
    const body = partial(answer, artifact.identity.kind === "digest");
    if (body?.start === firstByte) return body;
    if (isWhole(answer.response.status)) return wholeBody(answer);
    await giveUp(answer);
  }
  return await requestWholeBody(request);
}

/** Asks for the body from its first byte on, whatever is stored: for all of it, or as much as is sent at once. */
export async function requestWholeBody(request: FirstRequest): Promise<BodyResponse> {
  const { artifact, candidates } = request.plan;
  const end = endOfRange(candidates, 0);
  if (end === Infinity) return wholeBody(await ask(request, []));
  const answer = await ask(request, resumeHeaders(0, null, end));
  const body = isWhole(answer.response.status)
    ? wholeBody(answer)
    : partial(answer, artifact.identity.kind === "digest");
  if (body?.start === 0) return body;
  await giveUp(answer);
  const url = redactUrl(answer.candidate.url);
  const message = `Cannot fetch "${url}": upstream sends no part of it that begins at its first byte`;
  throw new VaultError("upstream_failed", message, { upstreamStatus: answer.response.status });
}

/** Returns where a range from `start` on has to end, exclusive, so that every candidate sends it in one answer. */
export function endOfRange(candidates: readonly Candidate[], start: number, end = Infinity): number {
  return Math.min(end, ...candidates.map(({ mostBytes = Infinity }) => start + mostBytes));
}

function ask(
  { plan: { artifact, candidates, stale }, tools: { events }, retry, signal }: FirstRequest,
  headers: [string, string][],
  asking: Partial<Pick<Question, "method" | "previous" | "candidates">> = {},
): Promise<Answer> {
  return askUpstream(artifact, { method: "GET", headers, held: stale, signal, candidates, events, retry, ...asking });
}

/** Gives a first response up; staged bytes are parked again. */
export async function giveBack({ answer, resumed }: BodyResponse): Promise<void> {
  resumed?.hash.close();
  resumed?.staged.park();
  await giveUp(answer);
}

async function giveUp({ response }: Answer): Promise<void> {
  await response.body?.cancel().catch(() => {});
}

function wholeBody(answer: Answer): BodyResponse {
  const { headers } = answer.response;
  return {
    kind: "body",
    answer,
    start: 0,
    sizeBytes: contentLengthOf(headers),
    validator: strongValidator(keepHeaders(headers)),
    resumed: null,
  };
}

/** A 206 whose size is known and that can be resumed later; null for others. */
function partial(answer: Answer, digestKnown: boolean): BodyResponse | null {
  const { response } = answer;
  if (response.status !== 206) return null;
  const range = rangeOf(response.headers);
  const validator = strongValidator(keepHeaders(response.headers));
  if (!range || range.size === undefined || (validator === null && !digestKnown)) return null;
  return { kind: "body", answer, start: range.start, sizeBytes: range.size, validator, resumed: null };
}

/**
 * Resumes where an earlier transfer stopped. Upstream is asked before the staged bytes are hashed again: while it is
 * down they stay parked as they are.
 */
async function resumeStaged(request: FirstRequest): Promise<BodyResponse | null> {
  const { plan: { artifact, candidates }, tools: { store } } = request;
  const staged = await store.resume(artifact);
  if (!staged) return null;
  const record = staged.resume!;
  const sorted = candidates.toSorted((a, b) => Number(b.url === record.url) - Number(a.url === record.url));
  const answer = await askRest(request, sorted, record).catch((error) => {
    staged.park();
    throw error;
  });
  const body = partial(answer, true);
  const unchanged = body?.start === record.storedBytes && body.sizeBytes === record.sizeBytes &&
    (artifact.identity.kind === "digest" ||
      (record.validator !== null && !contradicts(answer.response.headers, record.validator)));
  const hash = unchanged && await staged.reserve(record.storedBytes, record.sizeBytes)
    ? await checkedPrefix(staged, request, answer)
    : null;
  if (unchanged && hash) return { ...body, validator: body.validator ?? record.validator, resumed: { staged, hash } };
  staged.discard();
  if (isWhole(answer.response.status)) return wholeBody(answer);
  await giveUp(answer);
  return null;
}

/**
 * Asks for what is missing; by the date where upstream has the same version and sends it whole in answer to its ETag.
 */
async function askRest(
  request: FirstRequest,
  candidates: readonly Candidate[],
  { storedBytes, validator }: ResumeRecord,
): Promise<Answer> {
  const end = endOfRange(candidates, storedBytes);
  const answer = await ask(request, resumeHeaders(storedBytes, validator, end), { candidates });
  const [same, date] = strongValidators(keepHeaders(answer.response.headers));
  if (!isWhole(answer.response.status) || same !== validator || date === undefined) return answer;
  await giveUp(answer);
  return await ask(request, resumeHeaders(storedBytes, date, end), { candidates });
}

/** Asks for the rest of a body from `offset` on, provided it is still the same (RFC 9110 §13.1.5). */
export function resumeHeaders(offset: number, validator: string | null, end = Infinity): [string, string][] {
  const range: [string, string] = ["range", `bytes=${offset}-${Number.isFinite(end) ? end - 1 : ""}`];
  return validator ? [range, ["if-range", validator]] : [range];
}

/**
 * The running hash of the staged bytes; null where they are not what was recorded. Where the
 * transfer is stopped meanwhile, they are parked again, and it rejects with the reason.
 */
async function checkedPrefix(
  staged: StagedBody,
  { plan: { artifact }, tools: { hashing }, signal }: FirstRequest,
  answer: Answer,
): Promise<RunningHash | null> {
  const { storedBytes, sha256 } = staged.resume!;
  const algorithms = algorithmsFor(artifact);
  const kept = hashing.kept.take(staged.path, { bytes: storedBytes, algorithms });
  const hash = kept ?? hashing.follow(staged.path, null, algorithms);
  try {
    staged.truncate(storedBytes);
    if (!kept) hash.advance(storedBytes);
    const { bytes, digests } = await unlessAborted(signal, hash.digests());
    if (bytes === storedBytes && digests.sha256 === sha256) return hash;
  } catch {
    // Bytes that cannot be read are fetched again.
  }
  hash.close();
  if (!signal.aborted) return null;
  staged.park();
  await giveUp(answer);
  throw signal.reason;
}

function unlessAborted<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

/** The store names bodies by SHA-256; the expected digest may be another. */
export function algorithmsFor({ identity }: Fetchable): DigestAlgorithm[] {
  return identity.kind === "digest" ? [...new Set<DigestAlgorithm>(["sha256", identity.digest.algorithm])] : ["sha256"];
}
