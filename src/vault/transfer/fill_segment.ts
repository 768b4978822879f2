import type { Candidate, Fetchable } from "../../artifact.ts";
import { VaultError } from "../../errors.ts";
import { BodyReader } from "../../upstream/body_reader.ts";
import { contentLengthOf } from "../../http/headers.ts";
import { rangeOf } from "../../http/range.ts";
import type { VaultEvents } from "../../observe/events.ts";
import type { Log } from "../../observe/log.ts";
import { redactUrl } from "../../observe/redact.ts";
import { type Answer, askUpstream, isWhole } from "../asking/ask_upstream.ts";
import { endOfRange, resumeHeaders } from "./first_response.ts";
import type { GrowingFile } from "./growing_file.ts";
import type { PartCondition } from "../asking/part_condition.ts";
import type { TransferLimits } from "./plan.ts";
import type { Segment } from "./segment.ts";

/** Small reads waste no memory on a slow upstream; the largest is what `fetch` hands over at once from a fast one. */
const readBytes = { least: 64 * 1024, most: 408 * 1024 };

/** The body that segments are filled for, and the means to it. */
export interface FillJob {
  readonly artifact: Fetchable;
  readonly file: GrowingFile;
  /** The one that answered first; the others can take over only where the digest is known. */
  readonly candidate: Candidate;
  readonly candidates: readonly Candidate[];
  /** The condition that makes all parts of the body belong to one version. */
  readonly condition: PartCondition;
  /** True if an interrupted connection can be resumed. */
  readonly resumable: boolean;
  readonly signal: AbortSignal;
  /** Called after each chunk. */
  readonly onProgress: () => void;
  readonly events: VaultEvents;
  readonly log: Log;
  readonly limits: TransferLimits;
}

/** One segment, among the others that are filled at the same time. */
export interface SegmentTask {
  readonly segment: Segment;
  /** The response to read from first; null where a ranged request has to be sent. */
  readonly answer: Answer | null;
  /** True if another segment can take over its range, so that it need not be tried again. */
  readonly isDispensable: () => boolean;
  /** Called after each chunk with how much the segment has received; null where it may read on at once. */
  readonly mayProceed: (bytes: number) => Promise<void> | null;
}

/**
 * Fills a segment, and resumes with ranged requests when connections are interrupted. Resolves when it is filled;
 * throws when that cannot be done.
 */
export async function fillSegment(job: FillJob, task: SegmentTask): Promise<void> {
  const { segment, isDispensable } = task;
  let failures = 0;
  let next = task.answer;
  while (!segment.filled) {
    job.signal.throwIfAborted();
    const before = segment.receivedTo;
    try {
      const source = next ? { ...next, skip: 0 } : await askPart(job, segment, { isDispensable });
      next = null;
      if (source) await readInto(job, task, source);
    } catch (error) {
      const failure = error instanceof VaultError ? error : interruption(job, segment, error);
      failures = segment.receivedTo > before ? 1 : failures + 1;
      if (!mayResume(job, failure, failures) || isDispensable()) throw failure;
      job.log.info(`Resuming at byte ${segment.receivedTo} after an interruption: ${failure.message}`);
      job.events.upstreamFailed(
        job.artifact.backend,
        failure.code === "upstream_silent" ? "silent" : "truncated",
      );
      if (failures > 1) await job.limits.backoff(failures - 1, job.signal);
    }
  }
  // A body without bytes has not been read.
  await next?.response.body?.cancel().catch(() => {});
}

function mayResume(job: FillJob, failure: VaultError, failures: number): boolean {
  const transient = failure.code === "upstream_failed" || failure.code === "upstream_silent" ||
    failure.code === "upstream_down" ||
    failure.code === "rate_limited";
  const open = job.file.state.kind === "filling" && !job.signal.aborted;
  return transient && job.resumable && open && failures <= job.limits.resumeAttempts;
}

interface AskPartOptions {
  /** True if another segment can bring the part. */
  readonly isDispensable: () => boolean;
  /** The job's when absent. */
  readonly signal?: AbortSignal;
}

/** The bytes of a body that upstream is asked for: `[receivedTo, end)`, those before `wantedTo` first. */
export type WantedPart = Pick<Segment, "start" | "end" | "receivedTo" | "wantedTo">;

/**
 * Asks for the rest of a part, under one condition after the other where upstream answers with the whole body. That
 * is read from its beginning only where nobody else can fill the part. Throws `upstream_changed` where upstream has
 * something else there by now. Null where others have been given the part meanwhile.
 */
export async function askPart(
  job: FillJob,
  part: WantedPart,
  { isDispensable, signal = job.signal }: AskPartOptions,
): Promise<Source | null> {
  const { condition } = job;
  using _turn = await condition.turn();
  if (part.receivedTo >= part.end) return null;
  for (;;) {
    const { validator } = condition;
    const answer = await askRest(job, part, { validator, signal });
    const { status, headers } = answer.response;
    const skip = await bytesBefore(job, part, answer.response);
    const certain = validator !== null || job.artifact.identity.kind === "digest" ||
      condition.isConfirmedBy(headers);
    if (status === 206 && certain) condition.answered(validator, "part");
    if (skip === 0 && certain) return { ...answer, skip };
    condition.answered(validator, "whole");
    const dispensable = condition.isRefused && isDispensable();
    const last = isWhole(status) || condition.validator === null;
    if (condition.isRefused && !dispensable && last) return { ...answer, skip };
    await answer.response.body?.cancel().catch(() => {});
    if (dispensable) throw new VaultError("upstream_failed", `"${redactUrl(answer.candidate.url)}" sends no parts`);
  }
}

async function askRest(
  job: FillJob,
  { start, end, receivedTo, wantedTo }: WantedPart,
  { validator, signal }: { readonly validator: string | null; readonly signal: AbortSignal },
): Promise<Answer> {
  const { artifact, candidate, candidates, file, events } = job;
  const wanted = wantedTo > receivedTo ? Math.min(wantedTo, end) : end;
  const upTo = endOfRange(candidates, receivedTo, wanted);
  const answer = await askUpstream(artifact, {
    held: null,
    method: "GET",
    headers: resumeHeaders(receivedTo, validator, upTo === file.sizeBytes ? Infinity : upTo),
    signal,
    candidates: artifact.identity.kind === "digest"
      ? [candidate, ...candidates.filter((other) => other !== candidate)]
      : [candidate],
    events,
    retry: true,
  });
  if (receivedTo > start) events.upstreamResumed(artifact.backend);
  return answer;
}

export interface Source extends Answer {
  /** Bytes at the beginning of the response that are there already. */
  readonly skip: number;
}

/** Reads until the segment is filled or the part that was sent is over. */
async function readInto(job: FillJob, { segment, mayProceed }: SegmentTask, source: Source): Promise<void> {
  const { candidate, response, skip } = source;
  const end = rangeOf(response.headers)?.end ?? Infinity;
  const { artifact, events, signal } = job;
  const reader = new BodyReader(response, { timeoutMs: candidate.idleTimeoutMs, url: candidate.url });
  const stop = () => reader.cancel(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  let position = segment.receivedTo - skip;
  let bufferBytes = readBytes.least;
  try {
    while (!segment.filled) {
      const chunk = await reader.read(segment.buffer(bufferBytes));
      if (signal.aborted) throw signal.reason;
      if (job.file.state.kind !== "filling") return;
      if (chunk === null && segment.receivedTo === end) return;
      if (chunk === null) return ended(job, segment);
      bufferBytes = Math.min(readBytes.most, Math.max(readBytes.least, 2 * chunk.byteLength));
      events.bytesFetched(artifact.backend, chunk.byteLength);
      const from = Math.max(0, segment.receivedTo - position);
      const upTo = Math.min(chunk.byteLength, segment.end - position);
      position += chunk.byteLength;
      if (from < upTo) await segment.append(chunk.subarray(from, upTo));
      job.onProgress();
      const turn = segment.filled ? null : mayProceed(segment.receivedTo - segment.start);
      if (turn) await turn;
    }
    reader.complete();
  } finally {
    signal.removeEventListener("abort", stop);
    reader.cancel();
  }
}

/**
 * Returns how many bytes of the response come before the next one that the segment needs. Throws `upstream_changed`.
 */
async function bytesBefore(job: FillJob, { receivedTo: at }: WantedPart, response: Response): Promise<number> {
  const { file, artifact, condition } = job;
  const size = file.sizeBytes;
  if (response.status === 206) {
    const range = rangeOf(response.headers);
    const fits = range?.start === at && (range.size === undefined || range.size === size);
    if (fits && (artifact.identity.kind === "digest" || !condition.isContradictedBy(response.headers))) return 0;
  } else if (isWhole(response.status)) {
    // It was sent whole although a part was asked for: the same body where the validator or, in the end, the digest
    // says so.
    const length = contentLengthOf(response.headers);
    const same = condition.isConfirmedBy(response.headers) && (length === null || length === size);
    if (same || (artifact.identity.kind === "digest" && length === size)) return at;
  }
  await response.body?.cancel().catch(() => {});
  throw new VaultError(
    "upstream_changed",
    `Cannot resume "${redactUrl(job.candidate.url)}" at byte ${at}: upstream has another version of it now. Ask again`,
  );
}

/** The body ended: that is the size where none was announced, and a break otherwise. */
function ended(job: FillJob, segment: Segment): void {
  if (job.file.sizeBytes === null) return job.file.sizeIs(segment.receivedTo);
  throw interruption(job, segment, null);
}

function interruption(job: FillJob, segment: Segment, cause: unknown): VaultError {
  const size = job.file.sizeBytes ?? "an unknown number of";
  return new VaultError(
    "upstream_failed",
    `Download of "${redactUrl(job.candidate.url)}" was interrupted after ${segment.receivedTo} of ${size} bytes`,
    { cause },
  );
}
