import type { Candidate, Fetchable } from "../../artifact.ts";
import { withoutReuse } from "../identity.ts";
import { messageOf, VaultError } from "../../errors.ts";
import type { VaultEvents } from "../../observe/events.ts";
import type { Log } from "../../observe/log.ts";
import { redactUrl } from "../../observe/redact.ts";
import type { Entry, Store, Version } from "../../store/store.ts";
import { ArrivingBody, type BodyBeginning } from "./arriving_body.ts";
import { asAnswered } from "./as_answered.ts";
import { begin, type Beginning, giveBack } from "./first_response.ts";
import type { FillContext } from "./fill_segment.ts";
import { Filling } from "./filling.ts";
import type { Follower } from "./follower.ts";
import type { Hashing } from "../hashing/hashing.ts";
import type { MadeReadings } from "../documents/made_readings.ts";
import { describedByItself, recordKeyByDigest } from "../key_by_digest.ts";
import { PartCondition, type RangeSupport } from "../asking/part_condition.ts";
import { redirectedTo } from "../asking/redirected_to.ts";
import type { Settled } from "../asking/revalidate_by_head.ts";
import { smallBodyBytes, Turn, type Turns } from "../asking/turn.ts";
import type { BodyProgress } from "./status.ts";

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
  readonly turns: Turns;
  readonly rangeSupport: RangeSupport;
  readonly events: VaultEvents;
  readonly log: Log;
  readonly options: TransferOptions;
}

export interface TransferPlan {
  readonly artifact: Fetchable;
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
    readonly sizeBytes: number | null;
    /** False where it is for one client only (RFC 9111 §3). */
    readonly storable: boolean;
    readonly upstreamStatus: number;
  };

/** How often a transfer whose turn has come is put back because its upstream fails just then. */
const mostRounds = 3;

/** One upstream fetch of one artifact, for everyone who wants it. It ends complete or failed, never in between. */
export class Transfer {
  readonly artifact: Fetchable;
  /** Settles when nothing more will happen here. Never rejects. */
  readonly ended: Promise<void>;
  /** Settles when the whole body has been checked; rejects with a VaultError where that fails. */
  readonly verified: Promise<void>;
  /** As `verified`, or earlier where the body is not kept: it is then not looked into. */
  readonly inspected: Promise<void>;
  readonly #plan: TransferPlan;
  readonly #deps: TransferDeps;
  readonly #detached: () => void;
  /** The time at which it began, in ms since the epoch. */
  readonly since = Date.now();
  readonly #abort = new AbortController();
  readonly #head = Promise.withResolvers<Head>();
  readonly #verified = Promise.withResolvers<void>();
  readonly #unstored = Promise.withResolvers<void>();
  #body: ArrivingBody | null = null;
  #holders = 0;
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

  /** Of the whole body, in hex; undefined until that is verified, and where it is not kept. */
  get sha256(): string | undefined {
    return this.#body?.sha256;
  }

  /** What is arriving; null before that is known, and where nothing is. */
  get version(): Version | null {
    return this.#body?.version ?? null;
  }

  /** Upstream has said that what is arriving is still what it has. */
  confirm(version: Version): void {
    this.#body!.version = version;
  }

  /** A transfer of a newer version has begun: what it keeps is not replaced by what is arriving here. */
  succeededBy({ ended }: Transfer): void {
    this.#body!.newer = ended;
  }

  /** What upstream's headers say, once they are in. Rejects with a VaultError. */
  head(): Promise<Head> {
    return this.#head.promise;
  }

  /** Somebody wants it, until the function that this returns is called; followers count on their own. */
  hold(): () => void {
    this.#holders++;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#holders--;
      this.#stopIfAbandoned();
    };
  }

  /** Whether the body is being kept, and so can be followed from its first byte; only after `head` said there is one. */
  get storing(): boolean {
    return this.#body!.file.storing;
  }

  /** Whether the body is checked against a digest before its end is released; only after `head` said there is one. */
  get gated(): boolean {
    return this.#body!.artifact.identity.kind === "digest";
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

  progress(): BodyProgress | undefined {
    return this.#body?.progress();
  }

  /** Counts the clients that wait for it or read it. */
  get followers(): number {
    return this.#holders + (this.#body?.file.followers ?? 0);
  }

  /** Ends the transfer, keeping its bytes for the next one where it can go on with them. */
  stop(reason: VaultError): void {
    this.#abort.abort(reason);
    this.#body?.file.fail(reason);
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    const turn = this.#createTurn(this.#plan.candidates[0]!.url);
    try {
      await this.#plan.after;
      signal.throwIfAborted();
      const beginning = await this.#begin(turn);
      if (beginning.kind === "confirmed") await this.#confirm(beginning);
      else await this.#receive(await this.#place(beginning), turn);
    } catch (error) {
      this.#head.reject(asVaultError(error));
      this.#verified.reject(asVaultError(error));
    } finally {
      turn.release();
      this.#detached();
    }
  }

  /**
   * The first response. A large body for which its host has no place yet is given up, so that no connection stands
   * still, and asked for again when it is its turn; then without pauses between attempts, which would keep the place.
   */
  async #begin(turn: Turn): Promise<Beginning> {
    const options = { ...this.#plan, ...this.#deps, signal: this.#abort.signal };
    for (let rounds = 1;; rounds++) {
      await turn.ask();
      const beginning = await begin(options);
      if (beginning.kind === "body") turn.moveTo(beginning.answer.candidate.url);
      if (!isLarge(beginning) || turn.takeBody()) return beginning;
      await giveBack(beginning);
      await turn.waitForBody();
      try {
        return await begin({ ...options, retry: false });
      } catch (error) {
        turn.release();
        if (rounds === mostRounds) throw error;
      }
    }
  }

  #createTurn(url: string): Turn {
    return new Turn(this.#deps.turns, {
      backend: this.artifact.backend,
      url,
      signal: this.#abort.signal,
      isFollowed: () => this.followers > 0,
      giveUp: (reason) => this.stop(reason),
    });
  }

  async #confirm({ answer, entry: settled }: Settled): Promise<void> {
    const told = { ...settled, url: redactUrl(answer.candidate.url), location: redirectedTo(answer) };
    const isOther = told.sha256 !== this.#plan.previous?.sha256;
    const entry = isOther ? describedByItself(this.artifact, told, this.#deps.store) : told;
    if (isOther) await recordKeyByDigest(this.artifact, entry, this.#deps);
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
        queueMicrotask(() => this.#stopIfAbandoned());
      },
      onFollowerLeft: () => this.#stopIfAbandoned(),
    });
    if (body.file.storing || beginning.start === 0) return body;
    await beginning.answer.response.body?.cancel().catch(() => {});
    const whole = await begin({
      ...this.#plan,
      ...this.#deps,
      ...{ artifact: withoutReuse(this.artifact), previous: null, from: 0 },
      signal: this.#abort.signal,
    });
    return await this.#place(whole as BodyBeginning);
  }

  async #receive(body: ArrivingBody, turn: Turn): Promise<void> {
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
      this.#filling.start(segment, beginning.answer, turn);
      this.#stopIfAbandoned();
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

  #announce({ beginning: { sizeBytes, answer }, storable }: ArrivingBody): void {
    this.#head.resolve({ kind: "body", sizeBytes, storable, upstreamStatus: answer.response.status });
  }

  #createFilling(body: ArrivingBody): Filling {
    const { artifact, file, beginning, checkpoints, resumable, segmentable, version: { headers } } = body;
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
    const createTurn = () => this.#createTurn(context.candidate.url);
    return new Filling({ ...this.#deps, ...this.#deps.options, context, segmentable, createTurn });
  }

  #stopIfAbandoned(): void {
    const body = this.#body;
    if (!body || body.complete || body.file.state.kind !== "filling") return;
    if (this.followers > 0) return;
    if (body.file.storing && this.artifact.policy.abandonedTransfer === "finish") return;
    this.stop(new VaultError("upstream_failed", "nobody is waiting for this download any more"));
  }
}

function isLarge(beginning: Beginning): beginning is BodyBeginning {
  if (beginning.kind !== "body" || beginning.sizeBytes === null) return false;
  return beginning.sizeBytes - beginning.start > smallBodyBytes;
}

function asVaultError(error: unknown): VaultError {
  return error instanceof VaultError ? error : new VaultError("internal", messageOf(error), { cause: error });
}
