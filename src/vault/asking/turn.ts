import { VaultError } from "../../errors.ts";
import type { VaultEvents } from "../../observe/events.ts";
import type { Log } from "../../observe/log.ts";
import { type Release, Slots, type SlotWish } from "./slots.ts";

/** A body up to this size needs no turn: documents never wait behind large bodies. */
export const smallBodyBytes = 1024 * 1024;

/** The limit of requests and small bodies at once, as a multiple of the limit of large bodies, and at least … */
const requestsPerBody = 4;
const leastRequests = 16;

/** A small body that takes longer counts as a large one, where others wait. */
const longestSmallMs = 10_000;

const longestWaitMs = 5 * 60_000;
const retryAfterSeconds = 30;

/**
 * A body that nobody follows must come faster than this, measured over a minute: otherwise it takes a slot for nothing.
 */
const leastBytesPerSecond = 1024;
const measuredMs = 60_000;

const logEveryMs = 60_000;

export interface TurnsOptions {
  /** Returns how many large bodies a backend lets come from one host at once. */
  readonly limitOf: (backend: string) => number;
  readonly events: VaultEvents;
  readonly log: Log;
  /** The longest wait for the turn of a download; five minutes when absent. */
  readonly longestWaitMs?: number;
}

interface BodyWish {
  readonly backend: string;
  readonly host: string;
  readonly signal: AbortSignal;
  readonly isFollowed: () => boolean;
}

interface PlaceWish extends SlotWish {
  readonly what: "requests" | "downloads";
  readonly backend: string;
  readonly host: string;
}

/** Gives requests and bodies their turns at upstream hosts. The hosts' limits are shared by all backends. */
export class Turns {
  readonly requests = new Slots();
  readonly bodies = new Slots();
  readonly options: TurnsOptions;
  #loggedAt = -Infinity;

  constructor(options: TurnsOptions) {
    this.options = options;
  }

  bodiesOf(backend: string): number {
    return this.options.limitOf(backend);
  }

  /** Waits until one more request may be sent to the host of `url`. Rejects with `overloaded` after five minutes. */
  async request({ backend, url, signal }: { backend: string; url: string; signal: AbortSignal }): Promise<Release> {
    const host = hostOf(url);
    const limit = Math.max(leastRequests, requestsPerBody * this.bodiesOf(backend));
    return this.requests.acquireNow(host, limit) ??
      await this.#wait(this.requests, { what: "requests", backend, host, limit, signal, isUrgent: () => true });
  }

  /** Waits until one more large body may come from `host`. Rejects with `overloaded` after five minutes. */
  body({ backend, host, signal, isFollowed }: BodyWish): Promise<Release> {
    const limit = this.bodiesOf(backend);
    return this.#wait(this.bodies, { what: "downloads", backend, host, limit, signal, isUrgent: isFollowed });
  }

  /** Waits for a slot. Rejects after five minutes, which count only while somebody waits. */
  async #wait(slots: Slots, wish: PlaceWish): Promise<Release> {
    const { events, longestWaitMs: mostMs = longestWaitMs } = this.options;
    const { backend, host, isUrgent } = wish;
    const tooLong = new AbortController();
    let timer: ReturnType<typeof setTimeout>;
    const arm = () => {
      timer = setTimeout(() => isUrgent() ? tooLong.abort(overloaded(wish)) : arm(), mostMs);
    };
    arm();
    events.turnAwaited(backend);
    try {
      const granted = slots.acquire(host, { ...wish, signal: AbortSignal.any([wish.signal, tooLong.signal]) });
      this.#tell(wish, slots.waiting(host));
      return await granted;
    } finally {
      clearTimeout(timer!);
      events.turnCame(backend);
    }
  }

  /** Logs that somebody waits, at most once a minute. */
  #tell({ what, host, limit }: PlaceWish, waiting: number): void {
    const now = performance.now();
    if (now - this.#loggedAt < logEveryMs) return;
    this.#loggedAt = now;
    this.options.log.info(`${host} is busy: ${waiting} ${what} wait their turn, ${limit} at once (max_transfers)`);
  }
}

export interface TurnOptions {
  readonly backend: string;
  /** A URL of the host that is asked. */
  readonly url: string;
  readonly signal: AbortSignal;
  /** Says whether anybody waits for the bytes. */
  readonly isFollowed: () => boolean;
  /** Called when a body that nobody follows comes too slowly. */
  readonly giveUp: (reason: VaultError) => void;
}

/**
 * The turn of one upstream request: it has a place among the requests of its host at first, and later perhaps one among
 * the large bodies.
 */
export class Turn {
  readonly #turns: Turns;
  readonly #options: TurnOptions;
  #host: string;
  #release: Release = () => {};
  #holdsBody = false;
  #askedAt = Infinity;
  /** The time since which nobody has followed, and the bytes received until then. */
  #unfollowed: { readonly at: number; readonly bytes: number } | null = null;

  constructor(turns: Turns, options: TurnOptions) {
    this.#turns = turns;
    this.#options = options;
    this.#host = hostOf(options.url);
  }

  /** Waits until the request may be sent. */
  async ask(): Promise<void> {
    this.#release = await this.#turns.request(this.#options);
    this.#askedAt = performance.now();
  }

  /** Moves the turn to another host, which has answered in place of the one that was asked. */
  moveTo(url: string): void {
    this.#host = hostOf(url);
  }

  /** Takes the place of a large body, if one is free. */
  takeBody(): boolean {
    if (this.#holdsBody) return true;
    const release = this.#turns.bodies.acquireNow(this.#host, this.#limit);
    if (release === null) return false;
    this.#become(release);
    return true;
  }

  /**
   * Waits for the place of a large body, without any other place meanwhile. Rejects with `overloaded` after five
   * minutes.
   */
  async waitForBody(): Promise<void> {
    this.release();
    this.#become(await this.#turns.body({ ...this.#options, host: this.#host }));
  }

  /**
   * Called after each piece of a body with its size. Returns null where more may be read at once. A body of unknown
   * size that turns out large waits for its place, and so does a small one that is so slow that requests wait for it; a
   * body that nobody follows waits for those that somebody wants.
   */
  proceed(bytes: number): Promise<void> | null {
    const isFollowed = this.#options.isFollowed();
    if (isFollowed) this.#unfollowed = null;
    else this.#measure(bytes);
    if (this.#holdsBody) return !isFollowed && this.#turns.bodies.isWanted(this.#host) ? this.waitForBody() : null;
    return (bytes > smallBodyBytes || this.#isInTheWay) && !this.takeBody() ? this.waitForBody() : null;
  }

  get #isInTheWay(): boolean {
    return performance.now() - this.#askedAt > longestSmallMs && this.#turns.requests.isWanted(this.#host);
  }

  release(): void {
    this.#release();
    this.#holdsBody = false;
  }

  get #limit(): number {
    return this.#turns.bodiesOf(this.#options.backend);
  }

  #become(release: Release): void {
    this.#release();
    this.#release = release;
    this.#holdsBody = true;
  }

  #measure(bytes: number): void {
    const now = performance.now();
    this.#unfollowed ??= { at: now, bytes };
    const elapsedMs = now - this.#unfollowed.at;
    if (elapsedMs < measuredMs) return;
    const rate = (bytes - this.#unfollowed.bytes) / (elapsedMs / 1000);
    this.#unfollowed = { at: now, bytes };
    if (rate >= leastBytesPerSecond) return;
    this.#options.giveUp(
      new VaultError(
        "upstream_failed",
        `nobody waits for this download, and it brings ${Math.round(rate)} bytes a second`,
      ),
    );
  }
}

function overloaded({ what, host, limit }: PlaceWish): VaultError {
  return new VaultError(
    "overloaded",
    `${host} is busy: ${limit} ${what} at once are allowed (max_transfers), and none has ended in time`,
    { retryAfterSeconds },
  );
}

function hostOf(url: string): string {
  return URL.parse(url)?.origin ?? url;
}
