import { VaultError } from "../errors.ts";
import type { VaultEvents } from "../observe/events.ts";
import type { Log } from "../observe/log.ts";
import { type Release, Slots } from "./slots.ts";

/** A body up to this size needs no turn: documents never wait behind large bodies. */
export const smallBodyBytes = 1024 * 1024;

/** Requests and small bodies at once, as a multiple of the large bodies, and at least so many. */
const requestsPerBody = 4;
const leastRequests = 16;

const longestWaitMs = 5 * 60_000;
const retryAfterSeconds = 30;

/** A body that nobody follows must come faster than this, measured over a minute: else it holds its slot for nothing. */
const leastBytesPerSecond = 1024;
const measuredMs = 60_000;

const logEveryMs = 60_000;

export interface TurnsOptions {
  /** How many large bodies a backend lets come from one host at once. */
  readonly limitOf: (backend: string) => number;
  readonly events: VaultEvents;
  readonly log: Log;
  /** Nobody waits longer for the turn of a download; five minutes when absent. */
  readonly longestWaitMs?: number;
}

/** Who may ask an upstream host for what, and when. The hosts' limits are shared by all backends. */
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

  /** Waits until one more request may be sent to the host of `url`. */
  request({ backend, url, signal }: { backend: string; url: string; signal: AbortSignal }): Promise<Release> {
    const limit = Math.max(leastRequests, requestsPerBody * this.bodiesOf(backend));
    return this.requests.acquire(hostOf(url), { limit, signal, isUrgent: () => true });
  }

  /** Says in the log that downloads wait, at most once a minute. */
  tell(backend: string, host: string): void {
    const now = performance.now();
    if (now - this.#loggedAt < logEveryMs) return;
    this.#loggedAt = now;
    const waiting = this.bodies.waiting(host);
    this.options.log.info(
      `Downloads from ${host} wait their turn: ${waiting} waiting, ${this.bodiesOf(backend)} at once (max_transfers)`,
    );
  }
}

export interface TurnOptions {
  readonly backend: string;
  /** A URL of the host that is asked. */
  readonly url: string;
  readonly signal: AbortSignal;
  /** Whether anybody waits for the bytes. */
  readonly isFollowed: () => boolean;
  /** Called when the body comes too slowly for one that nobody follows. */
  readonly giveUp: (reason: VaultError) => void;
}

/** The place of one upstream request in its host's limits: among the requests at first, among the large bodies later. */
export class Turn {
  readonly #turns: Turns;
  readonly #options: TurnOptions;
  #host: string;
  #release: Release = () => {};
  #holdsBody = false;
  /** Since when nobody has followed, and how much there was then. */
  #unfollowed: { readonly at: number; readonly bytes: number } | null = null;

  constructor(turns: Turns, options: TurnOptions) {
    this.#turns = turns;
    this.#options = options;
    this.#host = hostOf(options.url);
  }

  /** Waits until the request may be sent. */
  async ask(): Promise<void> {
    this.#release = await this.#turns.request(this.#options);
  }

  /** Another host than the one that was asked first has answered. */
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

  /** Waits for the place of a large body, holding nothing meanwhile. Rejects with `overloaded` after five minutes. */
  async waitForBody(): Promise<void> {
    const { backend, signal, isFollowed } = this.#options;
    const { events, longestWaitMs: mostMs = longestWaitMs } = this.#turns.options;
    this.release();
    const tooLong = new AbortController();
    let timer: ReturnType<typeof setTimeout>;
    const arm = () => {
      timer = setTimeout(() => isFollowed() ? tooLong.abort(this.#overloaded()) : arm(), mostMs);
    };
    arm();
    events.turnAwaited(backend);
    try {
      const both = AbortSignal.any([signal, tooLong.signal]);
      const wish = { limit: this.#limit, signal: both, isUrgent: isFollowed };
      const granted = this.#turns.bodies.acquire(this.#host, wish);
      this.#turns.tell(backend, this.#host);
      this.#become(await granted);
    } finally {
      clearTimeout(timer!);
      events.turnCame(backend);
    }
  }

  /**
   * Called after each piece of a body with how many bytes came; null where more may be read at once. A body of unknown
   * size that turns out large waits for its place, and one that nobody follows lets those go first that somebody wants.
   */
  proceed(bytes: number): Promise<void> | null {
    const isFollowed = this.#options.isFollowed();
    if (isFollowed) this.#unfollowed = null;
    else this.#measure(bytes);
    if (this.#holdsBody) return !isFollowed && this.#turns.bodies.isWanted(this.#host) ? this.waitForBody() : null;
    return bytes > smallBodyBytes && !this.takeBody() ? this.waitForBody() : null;
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

  #overloaded(): VaultError {
    return new VaultError(
      "overloaded",
      `${this.#host} is busy: ${this.#limit} downloads at once are allowed (max_transfers), and none has ended in time`,
      { retryAfterSeconds },
    );
  }
}

function hostOf(url: string): string {
  return URL.parse(url)?.origin ?? url;
}
