import { messageOf, VaultError } from "../../errors.ts";
import { events } from "../../api/paths.ts";
import { type Clock, delay } from "../../upstream/clock.ts";
import { noVault, refusalOf } from "../control/json_answer.ts";
import type { ApiAnswer, VaultApi } from "../control/vault_api.ts";
import { type ServerEvent, serverEvents } from "./server_events.ts";
import { type Snapshot, SnapshotParts } from "./snapshot.ts";
import { type Pace, Trend } from "./trend.ts";

/** What is known of a server at a moment. */
export interface News {
  /** Its address. */
  readonly url: string;
  readonly snapshot: Snapshot;
  readonly pace: Pace;
  /** The same as the snapshot, with all that the server says. */
  readonly raw: Readonly<Record<string, unknown>>;
  /** Why there is nothing newer, in a sentence, and since when (ms since the epoch); null while the server answers. */
  readonly lost: { readonly why: string; readonly since: number } | null;
}

export interface FeedOptions {
  /** Finds the server, also after a restart. Rejects with a VaultError where there is none. */
  readonly find: () => Promise<VaultApi>;
  readonly clock: Clock;
  /** Called whenever the server is lost or found again. */
  readonly turned?: () => void;
}

const retryMs = 1000;
/** A server gives a sign every twenty seconds. */
const silenceMs = 45_000;

/** Follows the events of a server, and finds it again where it has gone. */
export class Feed {
  readonly #options: FeedOptions;
  readonly #trend = new Trend();
  readonly #opened = Promise.withResolvers<void>();
  #url = "";
  #lost: News["lost"] = null;
  #told: Pick<News, "snapshot" | "raw"> | null = null;

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#opened.promise.catch(() => {});
  }

  /** Resolves once the server has told everything once. Rejects with a VaultError where it does not at first. */
  get opened(): Promise<void> {
    return this.#opened.promise;
  }

  /** What is known last. Call it once `opened` has resolved. */
  get news(): News {
    const pace = this.#trend.pace(this.#options.clock.now());
    return { url: this.#url, ...this.#told!, pace, lost: this.#lost };
  }

  /** Follows the server until aborted. Never rejects; where the server is not found at first, `opened` does. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      const error = await this.#follow(signal).then(() => null, (error) => error as unknown);
      if (this.#told === null) return this.#opened.reject(error ?? this.#ended());
      if (signal.aborted) return;
      this.#turn({ why: messageOf(error ?? this.#ended()), since: this.#lost?.since ?? clock.date() });
      await delay(clock, retryMs, signal).catch(() => {});
    }
  }

  #ended(): VaultError {
    return new VaultError("upstream_down", `The server at ${this.#url} has ended the connection`);
  }

  #turn(lost: News["lost"]): void {
    const isTurn = (lost === null) !== (this.#lost === null);
    this.#lost = lost;
    if (isTurn) this.#options.turned?.();
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const api = await this.#options.find();
    this.#url = api.url;
    const silence = new Silence(this.#options.clock, signal);
    try {
      const answer = await api.ask({ method: "GET", path: events, body: null }, silence.signal);
      if (answer.status !== 200) throw await this.#refusal(answer);
      await this.#read(answer.body, silence);
    } catch (error) {
      if (!silence.isTooLong) throw error;
      throw new VaultError("upstream_silent", `The server at ${this.#url} gives no sign of life`, { cause: error });
    } finally {
      silence.close();
    }
  }

  async #read(body: ApiAnswer["body"], silence: Silence): Promise<void> {
    const parts = new SnapshotParts();
    let isVault = this.#told !== null;
    for await (const event of serverEvents(body)) {
      if (silence.signal.aborted) return;
      isVault = true;
      silence.heard();
      if (event !== null) this.#take(event, parts);
      else if (parts.snapshot === null) throw new VaultError("upstream_failed", `${this.#url} does not tell enough`);
    }
    if (!isVault) throw new VaultError("upstream_failed", `The server at ${this.#url} gives no events: ${noVault}`);
  }

  #take({ name, data }: ServerEvent, parts: SnapshotParts): void {
    parts.take(name, data);
    const { snapshot, raw } = parts;
    if (snapshot === null) return;
    const isNew = this.#told === null || this.#lost !== null;
    this.#told = { snapshot, raw };
    if (isNew || name === "stats") this.#trend.add(this.#options.clock.now(), snapshot.stats.total);
    this.#turn(null);
    this.#opened.resolve();
  }

  async #refusal({ status, body }: ApiAnswer): Promise<VaultError> {
    const text = await new Response(body).text().catch(() => "");
    return new VaultError("upstream_failed", `The server at ${this.#url} gives no events: ${refusalOf(status, text)}`);
  }
}

/** Ends a connection on which nothing comes for too long, or that is not wanted any more. */
class Silence {
  readonly #controller = new AbortController();
  readonly #clock: Clock;
  readonly #stop: AbortSignal;
  readonly #stopped = () => this.#controller.abort(this.#stop.reason);
  #unschedule: () => void;
  #isTooLong = false;

  /** Its own signal follows `stop`: one of `AbortSignal.any` can be collected while somebody waits for it. */
  constructor(clock: Clock, stop: AbortSignal) {
    this.#clock = clock;
    this.#stop = stop;
    this.#unschedule = this.#schedule();
    stop.addEventListener("abort", this.#stopped);
    if (stop.aborted) this.#stopped();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get isTooLong(): boolean {
    return this.#isTooLong;
  }

  heard(): void {
    this.#unschedule();
    this.#unschedule = this.#schedule();
  }

  close(): void {
    this.#unschedule();
    this.#stop.removeEventListener("abort", this.#stopped);
  }

  #schedule(): () => void {
    return this.#clock.schedule(() => {
      this.#isTooLong = true;
      this.#controller.abort();
    }, silenceMs);
  }
}
