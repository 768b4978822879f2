import type { Artifact, Candidate } from "../artifact.ts";
import { type HeaderList, keepHeaders } from "../http/headers.ts";
import { messageOf, VaultError } from "../errors.ts";
import type { VaultEvents } from "../observe/events.ts";
import type { Log } from "../observe/log.ts";
import { redactUrl } from "../observe/redact.ts";
import type { Entry, Store } from "../store/store.ts";
import { ArrivingBody, type BodyBeginning } from "./arriving_body.ts";
import { begin } from "./begin.ts";
import type { FillContext } from "./fill_segment.ts";
import { Filling } from "./filling.ts";
import type { Follower } from "./follower.ts";
import type { Assessment } from "./freshness.ts";
import type { Hashing } from "./hashing.ts";
import type { MadeReadings } from "./made_readings.ts";
import { recordMentionsOf } from "./mentions.ts";
import { PartCondition, type RangeSupport } from "./part_condition.ts";
import { redirectedTo } from "./redirected_to.ts";
import type { Settled } from "./settle.ts";
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
  readonly made: MadeReadings;
  readonly hashing: Hashing;
  readonly slots: Slots;
  readonly rangeSupport: RangeSupport;
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
  /** Whether a request that fails is repeated after a pause: not while a stale copy can be served instead. */
  readonly retry: boolean;
  /** The first byte the first client wants. */
  readonly from: number;
  /** Where what it wants ends, exclusive; `Infinity` for the end of the body. */
  readonly to: number;
  /** The end of an earlier transfer of the same, which is putting its bytes by. */
  readonly after?: Promise<void>;
}

/** What is known as soon as upstream's headers are in. */
export type Head =
  | { readonly kind: "confirmed"; readonly entry: Entry; readonly upstreamStatus: number }
  | {
    readonly kind: "body";
    readonly headers: HeaderList;
    /** Where redirects led to, if there were any. */
    readonly location: string | undefined;
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
  /** As `verified`, or earlier where the body is not kept: it is then not looked into. */
  readonly inspected: Promise<void>;
  readonly #plan: TransferPlan;
  readonly #deps: TransferDeps;
  readonly #detached: () => void;
  readonly #abort = new AbortController();
  readonly #head = Promise.withResolvers<Head>();
  readonly #verified = Promise.withResolvers<void>();
  readonly #unstored = Promise.withResolvers<void>();
  #body: ArrivingBody | null = null;
  #waiting = 0;
  #filling: Filling | null = null;

  /** `detached` is called when later requests can no longer join. */
  constructor(plan: TransferPlan, deps: TransferDeps, detached: () => void) {
    this.artifact = plan.artifact;
    this.#plan = plan;
    this.#deps = deps;
    this.#detached = detached;
    this.verified = this.#verified.promise;
    this.inspected = Promise.race([this.verified, this.#unstored.promise]);
    for (const promise of [this.#head.promise, this.verified, this.inspected]) promise.catch(() => {});
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

  /** Whether the body is checked against a digest before its end is released; only after `head` said there is one. */
  get gated(): boolean {
    return this.#body!.artifact.digest !== undefined;
  }

  /** A reader of the body; only after `head` said there is one. */
  follow(): Follower {
    return this.#body!.file.follow();
  }

  /** Makes sure that what `follower` wants is on its way; only after `head` said there is a body. */
  want({ offset, end }: Follower): void {
    this.#filling!.want(offset, end);
  }

  /** Whether it is being stopped or has failed: nobody joins it any more, and its bytes are being put by. */
  get stopping(): boolean {
    return this.#abort.signal.aborted;
  }

  /** Ends the transfer, keeping its bytes for the next one where it can go on with them. */
  stop(reason: VaultError): void {
    this.#abort.abort(reason);
    this.#body?.file.fail(reason);
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    let release = () => {};
    try {
      await this.#plan.after;
      release = await this.#deps.slots.acquire(this.artifact.backend, signal);
      const beginning = await begin({ ...this.#plan, ...this.#deps, signal });
      if (beginning.kind === "confirmed") await this.#confirm(beginning);
      else await this.#receive(await this.#place(beginning), release);
    } catch (error) {
      this.#head.reject(asVaultError(error));
      this.#verified.reject(asVaultError(error));
    } finally {
      release();
      this.#detached();
    }
  }

  async #confirm({ answer, entry: settled }: Settled): Promise<void> {
    const entry = { ...settled, url: redactUrl(answer.candidate.url), location: redirectedTo(answer) };
    if (entry.sha256 !== this.#plan.previous?.sha256) await recordMentionsOf(entry, this.artifact, this.#deps);
    try {
      await this.#deps.store.renew(entry);
    } catch (error) {
      this.#deps.log.warning(messageOf(error));
    }
    this.#head.resolve({ kind: "confirmed", entry, upstreamStatus: answer.response.status });
    this.#verified.resolve();
  }

  /**
   * Finds a place for the body. One that is only passed on has to come from its first byte, for any client to follow
   * it.
   */
  async #place(beginning: BodyBeginning): Promise<ArrivingBody> {
    const body = await ArrivingBody.create(asAnswered(this.artifact, beginning), beginning, {
      ...this.#deps,
      onUnstored: () => {
        this.#detached();
        this.#unstored.resolve();
        this.#filling?.storingStopped();
        setTimeout(() => this.#stopIfAbandoned(), 0);
      },
      onFollowerLeft: () => this.#stopIfAbandoned(),
    });
    if (body.file.storing || beginning.start === 0) return body;
    await beginning.answer.response.body?.cancel().catch(() => {});
    const whole = await begin({
      ...this.#plan,
      ...this.#deps,
      ...{ artifact: { ...this.artifact, adoptsHeld: false }, previous: null, from: 0 },
      signal: this.#abort.signal,
    });
    return await this.#place(whole as BodyBeginning);
  }

  async #receive(body: ArrivingBody, release: () => void): Promise<void> {
    const { events, log } = this.#deps;
    const { backend, key } = this.artifact;
    const { beginning, file } = body;
    this.#body = body;
    this.#filling = this.#createFilling(body);
    events.transferStarted(backend);
    if (beginning.resumed) events.upstreamResumed(backend);
    if (!file.storing) {
      this.#detached();
      this.#unstored.resolve();
    }
    this.#announce(body);
    try {
      const segment = beginning.resumed ? file.addSegment(0, beginning.start) : file.addSegment(beginning.start);
      this.#filling.start(segment, beginning.answer, release);
      await this.#filling.filled;
      events.transferEnded(backend, await body.finish(() => this.#verified.resolve()));
    } catch (error) {
      const { stopping } = this;
      const failure = asVaultError(error);
      this.#verified.reject(failure);
      this.stop(failure);
      await body.fail(failure);
      events.transferEnded(backend, stopping ? "stopped" : "failed");
      log.warning(`Transfer ${stopping ? "stopped" : "failed"} ${backend} ${key}: ${failure.message}`);
    }
  }

  #announce({ beginning, headers, assessment, file }: ArrivingBody): void {
    const { sizeBytes, answer } = beginning;
    const { storing } = file;
    const upstreamStatus = answer.response.status;
    const location = redirectedTo(answer);
    this.#head.resolve({ kind: "body", headers, location, sizeBytes, assessment, upstreamStatus, storing });
  }

  #createFilling(body: ArrivingBody): Filling {
    const { artifact, file, beginning, checkpoints, resumable, segmentable, headers } = body;
    const { validator, answer: { candidate, response } } = beginning;
    const url = response.url || candidate.url;
    const context = {
      ...this.#deps,
      ...this.#deps.options,
      artifact,
      file,
      candidate,
      candidates: this.#plan.candidates,
      condition: new PartCondition({ headers, validator, url, support: this.#deps.rangeSupport }),
      resumable,
      signal: this.#abort.signal,
      onProgress: () => checkpoints?.tick(),
    };
    return new Filling({ ...this.#deps, ...this.#deps.options, context, segmentable });
  }

  #stopIfAbandoned(): void {
    const body = this.#body;
    if (!body || body.complete || body.file.state.kind !== "filling") return;
    if (this.#waiting > 0 || body.file.followers > 0) return;
    if (body.file.storing && this.artifact.policy.abandonedTransfer === "finish") return;
    this.stop(new VaultError("upstream_failed", "nobody is waiting for this download any more"));
  }
}

/**
 * The artifact with what the answer tells: the headers it was selected by, and its digest. What goes on from staged
 * bytes is hashed by SHA-256 only, where no digest was known before.
 */
function asAnswered(artifact: Artifact, { answer: { response, requestHeaders }, resumed }: BodyBeginning): Artifact {
  const asked = { ...artifact, requestHeaders };
  if (artifact.digest || !artifact.announcedDigest) return asked;
  const digest = artifact.announcedDigest(keepHeaders(response.headers));
  return digest && (!resumed || digest.algorithm === "sha256") ? { ...asked, digest } : asked;
}

function asVaultError(error: unknown): VaultError {
  return error instanceof VaultError ? error : new VaultError("internal", messageOf(error), { cause: error });
}
