import type { Artifact, Fetchable, ForwardedRequest } from "../artifact.ts";
import { isMissing, VaultError } from "../errors.ts";
import type { CacheStatus } from "../http/cache_status.ts";
import type { RangeSpec } from "../http/range.ts";
import type { VaultEvents } from "../observe/events.ts";
import type { Log } from "../observe/log.ts";
import type { Entry, Store } from "../store/store.ts";
import type { UpstreamHealth } from "../upstream/health.ts";
import { CandidateChoice } from "./asking/choice.ts";
import { KnownAbsences } from "./asking/absence.ts";
import { Forwarder } from "./forward.ts";
import { followSameBytes } from "./follow_same_bytes.ts";
import { decide } from "./freshness.ts";
import { missReason } from "./miss_reason.ts";
import type { HashThread } from "./hashing/hash_thread.ts";
import { Hashing } from "./hashing/hashing.ts";
import { HeadRequests } from "./asking/head_requests.ts";
import { Joining } from "./joining.ts";
import { DocumentReader } from "./documents/document_reader.ts";
import { describedByItself, isUnfounded, recordKeyByDigest } from "./key_by_digest.ts";
import { MadeReadings } from "./documents/made_readings.ts";
import { HeadOpener } from "./open_by_head.ts";
import { type Attempt, openHead } from "./open_head.ts";
import { inTime } from "./asking/patience.ts";
import { RangeSupport } from "./asking/part_condition.ts";
import { NegativeCache, restAfter } from "./asking/negative_cache.ts";
import { notCachedError, offlineError } from "./not_held.ts";
import { isAnother, isReplaced } from "./replaced.ts";
import { askListing, givenDigest } from "./identity.ts";
import type { TransferLimits } from "./transfer/plan.ts";
import type { Transfer } from "./transfer/transfer.ts";
import { StoredCopies } from "./stored_copies.ts";
import { Substitutes } from "./substitutes.ts";
import { Transfers } from "./transfer/transfers.ts";
import { Turns } from "./asking/turn.ts";
import type { Forwarded, ForwardOptions, OpenedArtifact, OpenOptions, TransferStatus, Vault } from "./vault.ts";

export interface VaultOptions extends TransferLimits {
  readonly store: Store;
  readonly events: VaultEvents;
  readonly log: Log;
  readonly health: UpstreamHealth;
  readonly maxTransfersOf: (backend: string) => number;
  /** The time that a client waits for the revalidation of a stale copy, before it gets that copy. */
  readonly revalidateTimeoutMs: number;
  /** The memory for parsed documents, in bytes. */
  readonly memoryBytes: number;
  /** Shared with other vaults of the process; its own where absent. */
  readonly hashThread?: HashThread;
}

/** The reason why a stale copy or absence is served without asking. */
const notAnswering = new VaultError("upstream_down", "upstream is not answering");
const afresh = { previous: null, retry: true };
const servedFresh: CacheStatus = { hit: true };
const servedOffline: CacheStatus = { hit: true, detail: "offline" };

/** Creates the vault on a store. */
export function createVault(options: VaultOptions): Vault {
  return new Engine(options);
}

class Engine implements Vault {
  readonly #options: VaultOptions;
  readonly #hashing: Hashing;
  readonly #transfers: Transfers;
  readonly #absences: KnownAbsences;
  /** The failures to revalidate a stale copy. */
  readonly #resting = new NegativeCache();
  readonly #choice: CandidateChoice;
  readonly #copies: StoredCopies;
  readonly #substitutes: Substitutes;
  readonly #heads: HeadRequests;
  readonly #headOpener: HeadOpener;
  readonly #joining: Joining;
  readonly #forwarder: Forwarder;
  readonly reader: DocumentReader;

  constructor(options: VaultOptions) {
    const { store, events, log, health, maxTransfersOf } = options;
    const timeoutMs = () => options.revalidateTimeoutMs;
    const hashing = new Hashing(options.hashThread);
    const made = new MadeReadings(options.memoryBytes);
    const turns = new Turns({ limitOf: maxTransfersOf, events, log });
    const tools = { store, made, hashing, turns, rangeSupport: new RangeSupport(), events, log, limits: options };
    const absences = new KnownAbsences(store);
    const choice = new CandidateChoice(health);
    const copies = new StoredCopies({ store, log, hashing });
    const substitutes = new Substitutes({ copies, absences, timeoutMs });
    const heads = new HeadRequests({ events, turns });
    const transfers = new Transfers(tools, (transfer) => this.#watch(transfer));
    this.#options = options;
    this.#hashing = hashing;
    this.#absences = absences;
    this.#choice = choice;
    this.#copies = copies;
    this.#substitutes = substitutes;
    this.#heads = heads;
    this.#headOpener = new HeadOpener({ store, heads, choice, copies, absences, substitutes });
    this.#transfers = transfers;
    this.#joining = new Joining({ store, copies, transfers, heads, choice, timeoutMs });
    this.#forwarder = new Forwarder({ events, turns });
    this.reader = new DocumentReader({
      store,
      made,
      open: (artifact) => this.open(artifact, { method: "GET", staleAbsence: false }),
      openHead: (artifact) => this.open(artifact, { method: "HEAD", staleAbsence: false }),
      settled: (artifact) => this.#transfers.settled(artifact),
    });
  }

  async open(artifact: Artifact, ask: OpenOptions): Promise<OpenedArtifact> {
    const { store, log } = this.#options;
    const now = Date.now();
    const found = store.find(artifact);
    let entry = found !== null && isUnfounded(found, artifact) ? null : found;
    const replaced = entry !== null && artifact.identity.kind === "listed" && await isReplaced(artifact, entry, log);
    if (replaced) entry = null;
    const situation = { now, caching: ask.caching ?? null };
    if (decide(artifact, { entry, ...situation }) === "serve") {
      if (entry!.claimed && store.hasBody(entry!)) entry = await this.#redeem(artifact, entry!);
      const opened = await this.#copies.open(artifact, entry!, artifact.policy.offline ? servedOffline : servedFresh);
      if (opened) return opened;
      entry = null;
    }
    if (entry !== null && !store.hasBody(entry)) entry = null;
    if (decide(artifact, { entry, ...situation }) === "refuse") {
      throw this.#absences.offline(artifact) ?? offlineError(artifact);
    }
    if (ask.caching?.onlyIfCached) throw this.#absences.fresh(artifact, ask.caching) ?? notCachedError(artifact);
    const fetchable = await askListing(artifact);
    const come = await this.#openIfCome(fetchable, found, ask);
    if (come) return come;
    const reason = missReason(artifact, { found, entry, replaced, ...situation });
    if (log.debugs) log.debug(`Miss ${artifact.backend} ${artifact.key}: ${reason}`);
    const opened = await this.#ask(fetchable, ask, entry);
    const cacheStatus = { ...opened.cacheStatus, reason };
    return { ...opened, ...entry && { staleSha256: entry.sha256 }, cacheStatus };
  }

  /** Opens a copy that others have fetched or revalidated since `found` was looked up; null where there is none. */
  async #openIfCome(artifact: Fetchable, found: Entry | null, ask: OpenOptions): Promise<OpenedArtifact | null> {
    const entry = this.#options.store.find(artifact);
    if (entry === null || entry.claimed) return null;
    const isSame = entry.sha256 === found?.sha256 && entry.validatedAt === found.validatedAt;
    const digest = givenDigest(artifact.identity);
    if (digest !== null && isAnother(digest, entry)) return null;
    const situation = { entry, now: Date.now(), caching: ask.caching ?? null };
    if (isSame || decide(artifact, situation) !== "serve") return null;
    return await this.#copies.open(artifact, entry, servedFresh);
  }

  forward(forwarded: ForwardedRequest, options: ForwardOptions): Promise<Forwarded> {
    return this.#forwarder.forward(forwarded, options);
  }

  status(): readonly TransferStatus[] {
    return this.#transfers.status();
  }

  async close(timeoutMs: number): Promise<void> {
    await this.#transfers.close(timeoutMs);
    await this.reader.close();
    this.#heads.close();
    this.#forwarder.close();
    this.#hashing.close();
  }

  /** Asks upstream, and falls back on a stale copy or absence. */
  async #ask(artifact: Fetchable, ask: OpenOptions, stale: Entry | null): Promise<OpenedArtifact> {
    const missing = this.#absences.fresh(artifact, ask.caching ?? null);
    if (missing && !(stale && artifact.policy.serveDeleted)) throw missing;
    const isAnswering = this.#choice.isAnswering(artifact, stale);
    const reason = missing ?? this.#resting.get(keyOf(artifact)) ?? (isAnswering ? null : notAnswering);
    if (reason && this.#substitutes.has({ artifact, ask, stale })) {
      if (reason === notAnswering && this.#choice.isProbeDue(artifact, stale)) this.#askAside(artifact, ask, stale);
      const opened = await this.#substitutes.open({ artifact, ask, stale }, reason);
      if (opened) return opened;
    }
    try {
      return await this.#askNow(artifact, ask, stale);
    } catch (error) {
      if (!(error instanceof VaultError)) throw error;
      this.#remember(artifact, error);
      const isDeleted = !artifact.policy.serveDeleted && isMissing(error);
      const opened = await this.#substitutes.open({ artifact, ask, stale: isDeleted ? null : stale }, error);
      if (!opened) throw error;
      const level = this.#choice.isAnswering(artifact, stale) ? "warning" : "debug";
      this.#options.log[level](`Serving a stale copy of ${artifact.backend} ${artifact.key}: ${error.message}`);
      return opened;
    }
  }

  /** Asks upstream, in as many attempts as that takes. Rejects with a VaultError. */
  async #askNow(artifact: Fetchable, ask: OpenOptions, stale: Entry | null): Promise<OpenedArtifact> {
    let next: OpenedArtifact | Attempt = this.#asksHead(artifact, ask, stale)
      ? await this.#headOpener.open(artifact, ask, stale)
      : { artifact, stale, sharing: "key" };
    while ("sharing" in next) next = await this.#attempt(next, ask);
    return next;
  }

  /** Asks about what a client was given something else for, without waiting for the answer. */
  #askAside(artifact: Fetchable, { method }: OpenOptions, stale: Entry | null): void {
    this.#askNow(artifact, { method }, stale).then((opened) => opened.close(), (error) => {
      if (error instanceof VaultError) this.#remember(artifact, error);
    });
  }

  /**
   * Says whether a client's HEAD is answered by one. A name is fetched for HEAD too where an entry without a body will
   * not do: instead of a stored copy, or where bytes of other keys may not serve.
   */
  #asksHead(artifact: Fetchable, { method }: OpenOptions, stale: Entry | null): boolean {
    const { identity } = artifact;
    const wantsBody = identity.kind === "announced" && (stale !== null || identity.reuse === "never");
    return method === "HEAD" && !wantsBody && !this.#transfers.has(artifact);
  }

  /** A host that is not answering is not remembered for each artifact: it is back for all of them at once. */
  #remember(artifact: Fetchable, error: VaultError): void {
    const key = keyOf(artifact);
    if (this.#absences.remember(artifact, error)) return;
    if (this.#choice.isAnswering(artifact)) this.#resting.remember(key, error, restAfter(error));
  }

  /** Gets the artifact from a transfer, its own or another's. Rejects with a VaultError. */
  async #attempt(attempt: Attempt, ask: OpenOptions): Promise<OpenedArtifact | Attempt> {
    const { artifact, stale, sharing } = attempt;
    const come = await this.#joining.ask(artifact, ask, sharing);
    if (come) return come;
    // Nothing is awaited between this look and the start of a transfer: two would fetch the same bytes.
    const elsewhere = this.#transfers.elsewhere(artifact);
    const same = elsewhere && await this.#followSameBytes(elsewhere, artifact, ask);
    if (same) return same;
    const { transfer, lease, isShared } = this.#transfers.join({
      artifact,
      candidates: this.#choice.of(artifact),
      stale,
      retry: !this.#substitutes.has({ artifact, ask, stale }),
      firstByte: this.#firstByte(ask.range),
      wantedTo: ask.range?.kind === "from" && ask.range.last !== undefined ? ask.range.last + 1 : Infinity,
    }, sharing);
    using _lease = lease;
    const head = await inTime(transfer.head(), this.#substitutes.patienceOf({ artifact, ask, stale }));
    return await openHead(head, attempt, { ask, isShared, copies: this.#copies });
  }

  #followSameBytes(transfer: Transfer, artifact: Fetchable, ask: OpenOptions): Promise<OpenedArtifact | null> {
    const { store, log } = this.#options;
    const asked = () => this.#heads.ask({ artifact, candidates: this.#choice.of(artifact), ...afresh });
    const askHead = () => inTime(asked(), this.#substitutes.patienceOf({ artifact, ask, stale: null }));
    return followSameBytes(transfer, { artifact, store, log, askHead });
  }

  /** The body of a claim is there: from now on it is an entry like others. */
  async #redeem(artifact: Artifact, { claimed: _, ...claim }: Entry): Promise<Entry> {
    const entry = describedByItself(artifact, claim, this.#options.store);
    await recordKeyByDigest(artifact, entry, this.#options);
    await this.#copies.putEntry(entry);
    return entry;
  }

  /** Remembers an upstream that sent wrong bytes, and forgets failures once it has sent right ones. */
  #watch(transfer: Transfer): void {
    const { artifact } = transfer;
    transfer.head().then(async (head) => {
      try {
        if (head.kind === "body") await head.body.verified;
        this.#absences.forget(artifact);
        this.#resting.forget(keyOf(artifact));
      } catch (error) {
        const isWrong = error instanceof VaultError && error.code === "digest_mismatch";
        if (isWrong && head.kind === "body") this.#choice.distrust(artifact, head.body.candidate.url);
      }
    }, () => {});
    this.reader.readAhead(artifact, transfer.ended);
  }

  /** Returns the first byte of a cold fetch: that of the client's range if it is far into the body. */
  #firstByte(range: RangeSpec | undefined): number {
    return range?.kind === "from" && range.first > this.#options.rangeAheadBytes ? range.first : 0;
  }
}

function keyOf(artifact: Artifact): string {
  return `${artifact.backend}\0${artifact.key}`;
}
