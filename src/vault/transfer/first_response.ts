import type { Candidate, Fetchable } from "../../artifact.ts";
import type { DigestAlgorithm } from "../../digest.ts";
import { contradicts, strongValidator, strongValidators } from "../../http/conditional.ts";
import { contentLengthOf, keepHeaders } from "../../http/headers.ts";
import { rangeOf } from "../../http/range.ts";
import type { VaultEvents } from "../../observe/events.ts";
import type { Entry, ResumeRecord, StagedBody, Store } from "../../store/store.ts";
import { type Answer, askUpstream, isWhole, type Question } from "../asking/ask_upstream.ts";
import { confirmed, confirms } from "../asking/revalidate.ts";
import type { Hashing, RunningHash } from "../hashing/hashing.ts";
import { settleByHead, type Settled } from "../asking/revalidate_by_head.ts";

/** How a transfer begins: upstream confirms that what we hold is it, or sends a body from `start` on. */
export type Beginning =
  | { readonly kind: "confirmed" } & Settled
  | {
    readonly kind: "body";
    readonly answer: Answer;
    readonly start: number;
    readonly sizeBytes: number | null;
    /** For If-Range; null where the upstream gives none that is strong (RFC 9110 §8.8.1). */
    readonly validator: string | null;
    /** The bytes before `start`, where an earlier transfer left them, and their hash. */
    readonly resumed: { readonly staged: StagedBody; readonly hash: RunningHash } | null;
  };

export interface BeginOptions {
  readonly artifact: Fetchable;
  readonly candidates: readonly Candidate[];
  /** A stale copy to be confirmed. */
  readonly previous: Entry | null;
  /** The first byte that is wanted; 0 for a plain GET. */
  readonly from: number;
  /** Where what is wanted ends, exclusive; `Infinity` for the end of the body. */
  readonly to: number;
  readonly store: Store;
  readonly hashing: Hashing;
  readonly events: VaultEvents;
  readonly retry: boolean;
  readonly signal: AbortSignal;
}

/**
 * Sends the first request of a transfer: goes on where an earlier one stopped, else asks conditionally or from `from`
 * on.
 */
export async function begin(options: BeginOptions): Promise<Beginning> {
  const resumed = await resumeStaged(options);
  if (resumed) return resumed;
  const settled = await settleByHead({ ...options, askHead: () => ask(options, [], { method: "HEAD" }) });
  if (settled?.entry) {
    await giveUp(settled.answer);
    return { kind: "confirmed", ...settled };
  }
  // Upstream refused HEAD and has begun to send the body.
  if (settled?.answer.byGet) return wholeBody(settled.answer);
  const { artifact, previous, from, to } = options;
  if (previous) {
    const answer = await ask(options, [], { previous });
    if (isWhole(answer.response.status)) return wholeBody(answer);
    await giveUp(answer);
    if (confirms(answer, previous)) {
      return { kind: "confirmed", answer, entry: confirmed(artifact, previous, answer.response, Date.now()) };
    }
  }
  if (from > 0) {
    const answer = await ask(options, resumeHeaders(from, null, to));
    const body = partial(answer, artifact.identity.kind === "digest");
    if (body?.start === from) return body;
    if (isWhole(answer.response.status)) return wholeBody(answer);
    await giveUp(answer);
  }
  return wholeBody(await ask(options, []));
}

function ask(
  { artifact, candidates, previous: held, events, retry, signal }: BeginOptions,
  headers: [string, string][],
  asking: Partial<Pick<Question, "method" | "previous">> = {},
): Promise<Answer> {
  return askUpstream(artifact, { method: "GET", headers, held, signal, candidates, events, retry, ...asking });
}

/** Gives a first response up; staged bytes are parked again. */
export async function giveBack({ answer, resumed }: Extract<Beginning, { kind: "body" }>): Promise<void> {
  resumed?.hash.close();
  resumed?.staged.park();
  await giveUp(answer);
}

async function giveUp({ response }: Answer): Promise<void> {
  await response.body?.cancel().catch(() => {});
}

function wholeBody(answer: Answer): Extract<Beginning, { kind: "body" }> {
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

/** A 206 that can be built on: its size is known and it can be gone on with later. */
function partial(answer: Answer, digestKnown: boolean): Extract<Beginning, { kind: "body" }> | null {
  const { response } = answer;
  if (response.status !== 206) return null;
  const range = rangeOf(response.headers);
  const validator = strongValidator(keepHeaders(response.headers));
  if (!range || range.size === undefined || (validator === null && !digestKnown)) return null;
  return { kind: "body", answer, start: range.start, sizeBytes: range.size, validator, resumed: null };
}

/**
 * Goes on where an earlier transfer stopped. Upstream is asked before the staged bytes are hashed again: while it is
 * down they stay parked as they are.
 */
async function resumeStaged(options: BeginOptions): Promise<Beginning | null> {
  const { artifact, store } = options;
  const staged = await store.resume(artifact);
  if (!staged) return null;
  const record = staged.resume!;
  const candidates = options.candidates.toSorted((a, b) => Number(b.url === record.url) - Number(a.url === record.url));
  const answer = await askRest({ ...options, candidates }, record).catch((error) => {
    staged.park();
    throw error;
  });
  const body = partial(answer, true);
  const unchanged = body?.start === record.storedBytes && body.sizeBytes === record.sizeBytes &&
    (artifact.identity.kind === "digest" ||
      (record.validator !== null && !contradicts(answer.response.headers, record.validator)));
  const hash = unchanged && await staged.reserve(record.storedBytes, record.sizeBytes)
    ? await checkedPrefix(staged, options, answer)
    : null;
  if (unchanged && hash) return { ...body, validator: body.validator ?? record.validator, resumed: { staged, hash } };
  staged.discard();
  if (isWhole(answer.response.status)) return wholeBody(answer);
  await giveUp(answer);
  return null;
}

/** Asks for what is missing; by the date where upstream has the same version and sends it whole in answer to its ETag. */
async function askRest(options: BeginOptions, { storedBytes, validator }: ResumeRecord): Promise<Answer> {
  const answer = await ask(options, resumeHeaders(storedBytes, validator));
  const [same, date] = strongValidators(keepHeaders(answer.response.headers));
  if (!isWhole(answer.response.status) || same !== validator || date === undefined) return answer;
  await giveUp(answer);
  return await ask(options, resumeHeaders(storedBytes, date));
}

/** Asks for the rest of a body from `offset` on, provided it is still the same (RFC 9110 §13.1.5). */
export function resumeHeaders(offset: number, validator: string | null, end = Infinity): [string, string][] {
  const range: [string, string] = ["range", `bytes=${offset}-${Number.isFinite(end) ? end - 1 : ""}`];
  return validator ? [range, ["if-range", validator]] : [range];
}

/**
 * The running hash of the staged bytes, to go on from there; null where they are not what was recorded. Where the
 * transfer is stopped meanwhile, they are parked again, and it rejects with the reason.
 */
async function checkedPrefix(
  staged: StagedBody,
  { artifact, hashing, signal }: BeginOptions,
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
