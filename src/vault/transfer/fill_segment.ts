import type { Candidate, Fetchable } from "../../artifact.ts";
import { VaultError } from "../../errors.ts";
import { BodyReader } from "../../upstream/body_reader.ts";
import { contentLengthOf } from "../../http/headers.ts";
import { rangeOf } from "../../http/range.ts";
import type { VaultEvents } from "../../observe/events.ts";
import type { Log } from "../../observe/log.ts";
import { redactUrl } from "../../observe/redact.ts";
import { type Answer, askUpstream, isWhole } from "../asking/ask_upstream.ts";
import { resumeHeaders } from "./first_response.ts";
import type { GrowingFile } from "./growing_file.ts";
import type { PartCondition } from "../asking/part_condition.ts";
import type { Segment } from "./segment.ts";

/** Small reads waste no memory on a slow upstream; the largest is what `fetch` hands over at once from a fast one. */
const readBytes = { least: 64 * 1024, most: 408 * 1024 };

export interface FillContext {
  readonly artifact: Fetchable;
  readonly file: GrowingFile;
  /** The one that answered first; the others can go on for it only where the digest is known. */
  readonly candidate: Candidate;
  readonly candidates: readonly Candidate[];
  /** What makes the parts of the body be of one version. */
  readonly condition: PartCondition;
  /** Whether a broken connection can be gone on with. */
  readonly resumable: boolean;
  readonly signal: AbortSignal;
  readonly events: VaultEvents;
  readonly log: Log;
  /** How often in a row a connection may break without a byte of progress. */
  readonly resumeAttempts: number;
  /** The wait before the nth attempt in a row; rejects when the signal aborts. */
  readonly backoff: (attempt: number, signal: AbortSignal) => Promise<void>;
  /** Whether others can do a segment's part, so that it need not be tried again. */
  readonly isDispensable: (segment: WantedPart) => boolean;
  /** Called after each chunk. */
  readonly onProgress: () => void;
  /** Called after each chunk with what the segment has received; what it returns is waited for before the next one. */
  readonly mayProceed: (bytes: number) => Promise<void> | null;
}

/**
 * Fills a segment from `answer`, or from a ranged request of its own where that is null, and goes on with ranged
 * requests when connections break. Ends when the segment is filled; throws when that cannot be done.
 */
export async function fillSegment(context: FillContext, segment: Segment, answer: Answer | null): Promise<void> {
  let failures = 0;
  let next = answer;
  while (!segment.filled) {
    context.signal.throwIfAborted();
    const before = segment.receivedTo;
    try {
      const source = next ? { ...next, skip: 0 } : await askPart(context, segment);
      next = null;
      if (source) await readInto(context, segment, source);
    } catch (error) {
      const failure = error instanceof VaultError ? error : brokenOff(context, segment, error);
      failures = segment.receivedTo > before ? 1 : failures + 1;
      if (!mayGoOn(context, failure, failures) || context.isDispensable(segment)) throw failure;
      context.log.info(`Resuming at byte ${segment.receivedTo} after an interruption: ${failure.message}`);
      context.events.upstreamFailed(
        context.artifact.backend,
        failure.code === "upstream_silent" ? "silent" : "truncated",
      );
      if (failures > 1) await context.backoff(failures - 1, context.signal);
    }
  }
  // A body without bytes has not been read.
  await next?.response.body?.cancel().catch(() => {});
}

function mayGoOn(context: FillContext, failure: VaultError, failures: number): boolean {
  const transient = failure.code === "upstream_failed" || failure.code === "upstream_silent" ||
    failure.code === "upstream_down" ||
    failure.code === "rate_limited";
  const open = context.file.state.kind === "filling" && !context.signal.aborted;
  return transient && context.resumable && open && failures <= context.resumeAttempts;
}

/** The bytes of a body that upstream is asked for: `[receivedTo, end)`, those before `wantedTo` first. */
export type WantedPart = Pick<Segment, "start" | "end" | "receivedTo" | "wantedTo">;

/**
 * Asks for the rest of a stretch, under one condition after the other where upstream answers with the whole body. That
 * is read from its beginning only where nobody else can fill the stretch. Throws `upstream_changed` where upstream has
 * something else there by now. Null where others have been given the stretch meanwhile.
 */
export async function askPart(context: FillContext, stretch: WantedPart): Promise<Source | null> {
  const { condition } = context;
  using _turn = await condition.turn();
  if (stretch.receivedTo >= stretch.end) return null;
  for (;;) {
    const { validator } = condition;
    const answer = await askRest(context, stretch, validator);
    const { status, headers } = answer.response;
    const skip = await bytesBefore(context, stretch, answer.response);
    const certain = validator !== null || context.artifact.identity.kind === "digest" ||
      condition.isConfirmedBy(headers);
    if (status === 206 && certain) condition.answered(validator, "part");
    if (skip === 0 && certain) return { ...answer, skip };
    condition.answered(validator, "whole");
    const dispensable = condition.isRefused && context.isDispensable(stretch);
    const last = isWhole(status) || condition.validator === null;
    if (condition.isRefused && !dispensable && last) return { ...answer, skip };
    await answer.response.body?.cancel().catch(() => {});
    if (dispensable) throw new VaultError("upstream_failed", `"${redactUrl(answer.candidate.url)}" sends no parts`);
  }
}

async function askRest(context: FillContext, stretch: WantedPart, validator: string | null): Promise<Answer> {
  const { start, end, receivedTo, wantedTo } = stretch;
  const { artifact, candidate, candidates, file, signal, events } = context;
  const upTo = wantedTo > receivedTo ? Math.min(wantedTo, end) : end;
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
async function readInto(context: FillContext, segment: Segment, source: Source): Promise<void> {
  const { candidate, response, skip } = source;
  const end = rangeOf(response.headers)?.end ?? Infinity;
  const { artifact, events, signal } = context;
  const reader = new BodyReader(response, { timeoutMs: candidate.idleTimeoutMs, url: candidate.url });
  const stop = () => reader.cancel(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  let position = segment.receivedTo - skip;
  let bufferBytes = readBytes.least;
  try {
    while (!segment.filled) {
      const chunk = await reader.read(segment.buffer(bufferBytes));
      if (signal.aborted) throw signal.reason;
      if (context.file.state.kind !== "filling") return;
      if (chunk === null && segment.receivedTo === end) return;
      if (chunk === null) return ended(context, segment);
      bufferBytes = Math.min(readBytes.most, Math.max(readBytes.least, 2 * chunk.byteLength));
      events.bytesFetched(artifact.backend, chunk.byteLength);
      const from = Math.max(0, segment.receivedTo - position);
      const upTo = Math.min(chunk.byteLength, segment.end - position);
      position += chunk.byteLength;
      if (from < upTo) await segment.append(chunk.subarray(from, upTo));
      context.onProgress();
      const turn = segment.filled ? null : context.mayProceed(segment.receivedTo - segment.start);
      if (turn) await turn;
    }
  } finally {
    signal.removeEventListener("abort", stop);
    reader.cancel();
  }
}

/** How many bytes of the response lie before what the segment needs next. Throws `upstream_changed`. */
async function bytesBefore(context: FillContext, { receivedTo: at }: WantedPart, response: Response): Promise<number> {
  const { file, artifact, condition } = context;
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
    `Cannot resume "${
      redactUrl(context.candidate.url)
    }" at byte ${at}: upstream has another version of it now. Ask again`,
  );
}

/** The body ended: that is the size where none was announced, and a break otherwise. */
function ended(context: FillContext, segment: Segment): void {
  if (context.file.sizeBytes === null) return context.file.sizeIs(segment.receivedTo);
  throw brokenOff(context, segment, null);
}

function brokenOff(context: FillContext, segment: Segment, cause: unknown): VaultError {
  const size = context.file.sizeBytes ?? "an unknown number of";
  return new VaultError(
    "upstream_failed",
    `Download of "${redactUrl(context.candidate.url)}" was interrupted after ${segment.receivedTo} of ${size} bytes`,
    { cause },
  );
}
