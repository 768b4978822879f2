import type { Artifact, Candidate } from "../artifact.ts";
import type { HeaderList } from "../http/headers.ts";
import { messageOf, VaultError } from "../errors.ts";
import type { VaultEvents } from "../observe/events.ts";
import type { Log } from "../observe/log.ts";
import { redactUrl } from "../observe/redact.ts";
import type { Entry, Store } from "../store/store.ts";
import { ArrivingBody, type BodyBeginning } from "./arriving_body.ts";
import type { Answer } from "./ask_upstream.ts";
import { begin } from "./begin.ts";
import { confirmed } from "./confirm.ts";
import { type FillContext, fillSegment } from "./fill_segment.ts";
import type { Follower } from "./follower.ts";
import type { Assessment } from "./freshness.ts";
import type { Hashing } from "./hashing.ts";
import type { Segment } from "./segment.ts";
import type { Slots } from "./slots.ts";

export interface TransferOptions {
  /** A range that begins at most this far beyond a running segment's tip waits for it. */
  readonly rangeAheadBytes: number;
  readonly maxSegments: number;
  readonly resumeAttempts: number;
  readonly backoff: FillContext["backoff"];
}

export interface TransferDeps {
  readonly store: Store;
  readonly hashing: Hashing;
  readonly slots: Slots;
  readonly events: VaultEvents;
  readonly log: Log;
  readonly options: TransferOptions;
}

export interface TransferPlan {
  readonly artifact: Artifact;
  /** In the order to be tried. */
  readonly candidates: readonly Candidate[];
  /** A stale copy that upstream is asked to confirm. */
  readonly previous: Entry | null;
  /** The first byte the first client wants. */
  readonly from: number;
}

/** What is known as soon as upstream's headers are in. */
export type Head =
  | { readonly kind: "confirmed"; readonly entry: Entry }
  | {
    readonly kind: "body";
    readonly headers: HeaderList;
    readonly sizeBytes: number | null;
    readonly assessment: Assessment;
    readonly upstreamStatus: number;
    /** Whether it is being kept. */
    readonly storing: boolean;
  };

/** One upstream fetch of one artifact, for everyone who wants it. It ends complete or failed, never in between. */
export class Transfer {
  readonly artifact: Artifact;
  /** Settles when nothing more will happen here. Never rejects. */
  readonly ended: Promise<void>;
  /** Settles when the whole body has been checked; rejects with a VaultError where that fails. */
  readonly verified: Promise<void>;
  readonly #plan: TransferPlan;
  readonly #deps: TransferDeps;
  readonly #detached: () => void;
  readonly #abort = new AbortController();
  readonly #head = Promise.withResolvers<Head>();
  readonly #verified = Promise.withResolvers<void>();
  readonly #filled = Promise.withResolvers<void>();
  #body: ArrivingBody | null = null;
  #waiting = 0;
  #running = 0;

  /** `detached` is called when later requests can no longer join. */
  constructor(plan: TransferPlan, deps: TransferDeps, detached: () => void) {
    this.artifact = plan.artifact;
    this.#plan = plan;
    this.#deps = deps;
    this.#detached = detached;
    this.verified = this.#verified.promise;
    for (const promise of [this.#head.promise, this.verified, this.#filled.promise]) promise.catch(() => {});
    this.ended = this.#run();
  }

  /** The upstream that sends the body; null before it is known. */
  get source(): string | null {
    return this.#body?.beginning.answer.candidate.url ?? null;
  }

  /** Waits for the head; while somebody waits, the transfer counts as wanted. Rejects with a VaultError. */
  async head(): Promise<Head> {
    this.#waiting += 1;
    try {
      return await this.#head.promise;
    } finally {
      this.#waiting -= 1;
      setTimeout(() => this.#stopIfAbandoned(), 0);
    }
  }

  /** A reader of the body; only after `head` said there is one. */
  follow(): Follower {
    return this.#body!.file.follow();
  }

  /** Makes sure that `offset` is on its way, with a segment of its own where it would be long in coming. */
  want(offset: number): void {
    const { file, segmentable } = this.#body!;
    if (file.state.kind !== "filling" || !segmentable) return;
    const { rangeAheadBytes, maxSegments } = this.#deps.options;
    const segment = file.segmentFor(offset);
    const soon = segment !== null && offset - segment.receivedTo <= rangeAheadBytes;
    if (!soon && this.#running < maxSegments) this.#fill(file.addSegment(offset), null);
  }

  /** Ends the transfer, keeping its bytes for the next one where it can go on with them. */
  stop(reason: VaultError): void {
    this.#abort.abort(reason);
  }

  async #run(): Promise<void> {
    const release = await this.#deps.slots.acquire(this.artifact.backend);
    try {
      this.#abort.signal.throwIfAborted();
      const beginning = await begin({ ...this.#plan, ...this.#deps, signal: this.#abort.signal });
      if (beginning.kind === "not_modified") await this.#confirm(beginning.answer);
      else await this.#receive(beginning, release);
    } catch (error) {
      this.#head.reject(asVaultError(error));
      this.#verified.reject(asVaultError(error));
    } finally {
      release();
      this.#detached();
    }
  }

  async #confirm({ response, candidate }: Answer): Promise<void> {
    await response.body?.cancel();
    const entry = confirmed(this.artifact, this.#plan.previous!, response, Date.now());
    try {
      await this.#deps.store.renew({ ...entry, url: redactUrl(candidate.url) });
    } catch (error) {
      this.#deps.log.warning(messageOf(error));
    }
    this.#head.resolve({ kind: "confirmed", entry });
    this.#verified.resolve();
  }

  async #receive(beginning: BodyBeginning, release: () => void): Promise<void> {
    const { events, log } = this.#deps;
    const { backend, key } = this.artifact;
    const body = await ArrivingBody.create(this.artifact, beginning, {
      ...this.#deps,
      onUnstored: () => {
        this.#detached();
        setTimeout(() => this.#stopIfAbandoned(), 0);
      },
      onFollowerLeft: () => this.#stopIfAbandoned(),
    });
    this.#body = body;
    events.transferStarted(backend);
    if (!body.file.storing) this.#detached();
    this.#announce(body);
    if (beginning.resumed) events.upstreamResumed(backend);
    try {
      const segment = beginning.resumed
        ? body.file.addSegment(0, beginning.start)
        : body.file.addSegment(beginning.start);
      this.#fill(segment, beginning.answer, release);
      await this.#filled.promise;
      events.transferEnded(backend, await body.finish(() => this.#verified.resolve()));
    } catch (error) {
      const stopped = this.#abort.signal.aborted;
      const failure = asVaultError(error);
      this.#verified.reject(failure);
      this.#abort.abort(failure);
      this.#detached();
      await body.fail(failure);
      events.transferEnded(backend, stopped ? "stopped" : "failed");
      log.warning(`Transfer ${stopped ? "stopped" : "failed"} ${backend} ${key}: ${failure.message}`);
    }
  }

  #announce({ beginning, headers, assessment, file }: ArrivingBody): void {
    const { sizeBytes, answer: { response } } = beginning;
    const { storing } = file;
    this.#head.resolve({ kind: "body", headers, sizeBytes, assessment, upstreamStatus: response.status, storing });
  }

  /** Starts filling a segment, in its turn; `release` gives back the slot that is held for it already. */
  #fill(segment: Segment, answer: Answer | null, release?: () => void): void {
    this.#running += 1;
    this.#fillInTurn(segment, answer, release).then(() => {
      this.#running -= 1;
      this.#fillGap();
    }, (error) => this.#filled.reject(error));
  }

  async #fillInTurn(segment: Segment, answer: Answer | null, release?: () => void): Promise<void> {
    const giveBack = release ?? await this.#deps.slots.acquire(this.artifact.backend);
    try {
      const { file, beginning, checkpoints } = this.#body!;
      if (file.state.kind !== "filling") return;
      const context: FillContext = {
        ...this.#deps,
        ...this.#deps.options,
        artifact: this.artifact,
        file,
        candidate: beginning.answer.candidate,
        candidates: this.#plan.candidates,
        validator: beginning.validator,
        signal: this.#abort.signal,
        onProgress: () => checkpoints?.tick(),
      };
      await fillSegment(context, segment, answer);
    } finally {
      giveBack();
    }
  }

  /** After a segment: what comes before the first one, if anything does; otherwise all is there. */
  #fillGap(): void {
    const gap = this.#body!.file.gap;
    if (gap) this.#fill(this.#body!.file.addSegment(gap.start), null);
    else if (this.#running === 0) this.#filled.resolve();
  }

  #stopIfAbandoned(): void {
    const body = this.#body;
    if (!body || body.complete || body.file.state.kind !== "filling") return;
    if (this.#waiting > 0 || body.file.followers > 0) return;
    if (body.file.storing && this.artifact.policy.abandonedTransfer === "finish") return;
    this.stop(new VaultError("upstream_failed", "nobody is waiting for this download any more"));
  }
}

function asVaultError(error: unknown): VaultError {
  return error instanceof VaultError ? error : new VaultError("internal", messageOf(error), { cause: error });
}
