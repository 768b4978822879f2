import type { Fetchable } from "../../artifact.ts";
import { messageOf, VaultError } from "../../errors.ts";
import { redactUrl } from "../../observe/redact.ts";
import type { Entry, Version } from "../../store/store.ts";
import { PartCondition } from "../asking/part_condition.ts";
import { redirectedTo } from "../asking/redirected_to.ts";
import type { Confirmed } from "../asking/revalidate_by_head.ts";
import { smallBodyBytes, Turn } from "../asking/turn.ts";
import { describedByItself, recordKeyByDigest } from "../key_by_digest.ts";
import { type ArrivingBody, openArrivingBody } from "./arriving_body.ts";
import { asAnswered } from "./as_answered.ts";
import { Filling } from "./filling.ts";
import { type BodyResponse, type FirstResponse, giveBack, requestBody, requestWholeBody } from "./first_response.ts";
import { type Lease, Leases } from "./lease.ts";
import { LiveBody } from "./live_body.ts";
import type { TransferPlan, TransferTools } from "./plan.ts";
import type { BodyProgress } from "./status.ts";

/** The head of a transfer: all that is known once upstream's headers are in. */
export type TransferHead =
  /** Upstream has the version that is stored. */
  | { readonly kind: "confirmed"; readonly entry: Entry; readonly upstreamStatus: number }
  | { readonly kind: "body"; readonly body: LiveBody };

type State =
  | { readonly kind: "starting" }
  | { readonly kind: "receiving"; readonly arriving: ArrivingBody; readonly body: LiveBody }
  | { readonly kind: "ended" };

/** The number of times that a transfer whose turn has come is put back because its upstream fails just then. */
const mostRounds = 3;

/** One upstream fetch of one artifact, for everyone who wants it. It ends complete or failed, never in between. */
export class Transfer {
  readonly artifact: Fetchable;
  /** Resolves when nothing more will happen here. Never rejects. */
  readonly ended: Promise<void>;
  /** The time at which it began, in ms since the epoch. */
  readonly since = Date.now();
  readonly #plan: TransferPlan;
  readonly #tools: TransferTools;
  readonly #abort = new AbortController();
  readonly #head = Promise.withResolvers<TransferHead>();
  readonly #leases = new Leases(() => this.#stopIfAbandoned());
  #state: State = { kind: "starting" };

  /** Begins once `after` has resolved, the end of an earlier transfer of the same that is parking its bytes. */
  constructor(plan: TransferPlan, tools: TransferTools, after: Promise<void> | null) {
    this.artifact = plan.artifact;
    this.#plan = plan;
    this.#tools = tools;
    this.#head.promise.catch(() => {});
    this.ended = this.#run(after);
  }

  /** Resolves once upstream's headers are in. Rejects with a VaultError. */
  head(): Promise<TransferHead> {
    return this.#head.promise;
  }

  /**
   * Takes a lease: a transfer that nobody has a lease of may be stopped. Followers of the body have leases of their
   * own.
   */
  join(): Lease {
    return this.#leases.take();
  }

  /** True if those who come later may have what it brings. */
  get isJoinable(): boolean {
    if (this.stopping || this.#state.kind === "ended") return false;
    return this.#state.kind === "starting" || this.#state.body.storing;
  }

  /** True if it is being stopped or has failed: nobody can join it, and its bytes are being parked. */
  get stopping(): boolean {
    return this.#abort.signal.aborted;
  }

  /** Counts the clients that wait for it or read it. */
  get followers(): number {
    return this.#leases.count;
  }

  /** The URL of the upstream that sends the body; null where none does. */
  get source(): string | null {
    return this.#state.kind === "receiving" ? this.#state.body.candidate.url : null;
  }

  /** Undefined where no body is arriving. */
  progress(): BodyProgress | undefined {
    return this.#state.kind === "receiving" ? this.#state.arriving.progress() : undefined;
  }

  /** The version that is arriving; null before that is known, and where nothing arrives. */
  get version(): Version | null {
    return this.#state.kind === "receiving" ? this.#state.body.version : null;
  }

  /** Upstream has said that what is arriving is still what it has. */
  refresh(version: Version): void {
    if (this.#state.kind === "receiving") this.#state.arriving.version = version;
  }

  /** A transfer of a newer version has begun: what that stores is not replaced by what is arriving here. */
  succeededBy({ ended }: Transfer): void {
    if (this.#state.kind === "receiving") this.#state.arriving.newer = ended;
  }

  /** Ends the transfer. Its bytes are parked for the next one, where that can resume from them. */
  stop(reason: VaultError): void {
    this.#abort.abort(reason);
    if (this.#state.kind === "receiving") this.#state.arriving.file.fail(reason);
  }

  async #run(after: Promise<void> | null): Promise<void> {
    const turn = this.#createTurn(this.#plan.candidates[0]!.url);
    try {
      await after;
      this.#abort.signal.throwIfAborted();
      const response = await this.#firstResponse(turn);
      if (response.kind === "confirmed") await this.#confirm(response);
      else await this.#receive(await this.#openBody(response), turn);
    } catch (error) {
      this.#head.reject(asVaultError(error));
    } finally {
      this.#state = { kind: "ended" };
      turn.release();
    }
  }

  /**
   * The first response. A large body for which its host has no place yet is given up, so that no connection stands
   * still, and asked for again when it is its turn; then without pauses between attempts, which would keep the place.
   */
  async #firstResponse(turn: Turn): Promise<FirstResponse> {
    const request = { plan: this.#plan, tools: this.#tools, signal: this.#abort.signal };
    for (let rounds = 1;; rounds++) {
      await turn.ask();
      const response = await requestBody({ ...request, retry: this.#plan.retry });
      if (response.kind === "body") turn.moveTo(response.answer.candidate.url);
      if (!isLarge(response) || turn.takeBody()) return response;
      await giveBack(response);
      await turn.waitForBody();
      try {
        return await requestBody({ ...request, retry: false });
      } catch (error) {
        turn.release();
        if (rounds === mostRounds) throw error;
      }
    }
  }

  #createTurn(url: string): Turn {
    return new Turn(this.#tools.turns, {
      backend: this.artifact.backend,
      url,
      signal: this.#abort.signal,
      isFollowed: () => !this.#leases.areNone,
      giveUp: (reason) => this.stop(reason),
    });
  }

  async #confirm({ answer, entry: settled }: Confirmed): Promise<void> {
    const { store, log } = this.#tools;
    const told = { ...settled, url: redactUrl(answer.candidate.url), location: redirectedTo(answer) };
    const isOther = told.sha256 !== this.#plan.stale?.sha256;
    const entry = isOther ? describedByItself(this.artifact, told, store) : told;
    if (isOther) await recordKeyByDigest(this.artifact, entry, { store, log });
    try {
      await store.putEntry(entry);
    } catch (error) {
      log.warning(messageOf(error));
    }
    this.#head.resolve({ kind: "confirmed", entry, upstreamStatus: answer.response.status });
  }

  /** A body that is only passed on has to come from its first byte, since any client may follow it. */
  async #openBody(response: BodyResponse): Promise<ArrivingBody> {
    const body = await openArrivingBody(asAnswered(this.artifact, response), response, this.#tools);
    if (body.file.storing || response.start === 0) return body;
    await response.answer.response.body?.cancel().catch(() => {});
    const { signal } = this.#abort;
    return await this.#openBody(
      await requestWholeBody({ plan: this.#plan, tools: this.#tools, signal, retry: this.#plan.retry }),
    );
  }

  async #receive(arriving: ArrivingBody, turn: Turn): Promise<void> {
    const { events } = this.#tools;
    const { backend } = this.artifact;
    const { response, file } = arriving;
    const filling = this.#createFilling(arriving);
    const verified = Promise.withResolvers<void>();
    const body = new LiveBody({ arriving, filling, leases: this.#leases, verified: verified.promise });
    this.#state = { kind: "receiving", arriving, body };
    events.transferStarted(backend);
    if (response.resumed) events.upstreamResumed(backend);
    file.storingStopped.then(() => this.#stopIfAbandoned());
    this.#head.resolve({ kind: "body", body });
    try {
      const segment = response.resumed ? file.addSegment(0, response.start) : file.addSegment(response.start);
      filling.start(segment, response.answer, turn);
      this.#stopIfAbandoned();
      await filling.filled;
      events.transferEnded(backend, await arriving.verifyAndCommit(verified.resolve));
    } catch (error) {
      const failure = asVaultError(error);
      verified.reject(failure);
      await this.#fail(arriving, failure);
    }
  }

  async #fail(arriving: ArrivingBody, failure: VaultError): Promise<void> {
    const { events, log } = this.#tools;
    const { backend, key } = this.artifact;
    const outcome = this.stopping ? "stopped" : "failed";
    this.stop(failure);
    await arriving.fail(failure);
    events.transferEnded(backend, outcome);
    log.warning(`Transfer ${outcome} ${backend} ${key}: ${failure.message}`, { backend, key });
  }

  #createFilling(arriving: ArrivingBody): Filling {
    const { artifact, file, response, checkpoints, resumable, segmentable } = arriving;
    const { rangeSupport: support, limits, events, log } = this.#tools;
    const { validator, answer } = response;
    const { candidate } = answer;
    const url = answer.response.url || candidate.url;
    return new Filling({
      job: {
        artifact,
        file,
        candidate,
        candidates: this.#plan.candidates,
        condition: new PartCondition({ headers: arriving.version.headers, validator, url, support }),
        resumable,
        signal: this.#abort.signal,
        onProgress: () => checkpoints?.tick(),
        events,
        log,
        limits,
      },
      segmentable,
      createTurn: () => this.#createTurn(candidate.url),
    });
  }

  #stopIfAbandoned(): void {
    if (this.#state.kind !== "receiving" || !this.#leases.areNone) return;
    const { file, allReceived } = this.#state.arriving;
    if (allReceived || file.state.kind !== "filling") return;
    if (file.storing && this.artifact.policy.abandonedTransfer === "finish") return;
    this.stop(new VaultError("upstream_failed", "nobody is waiting for this download any more"));
  }
}

function isLarge(response: FirstResponse): response is BodyResponse {
  if (response.kind !== "body" || response.sizeBytes === null) return false;
  return response.sizeBytes - response.start > smallBodyBytes;
}

function asVaultError(error: unknown): VaultError {
  return error instanceof VaultError ? error : new VaultError("internal", messageOf(error), { cause: error });
}
