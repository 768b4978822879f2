import { problemReply } from "../server/problem.ts";
import type { Reply } from "../server/reply.ts";
import type { Chunk, ChunkReader } from "../vault/vault.ts";

export interface EventStreamOptions {
  /** Returns what is sent, by the names of events. It is called once for all listeners. */
  readonly topics: () => Readonly<Record<string, unknown>>;
  /** Ends all streams when the server shuts down. */
  readonly closing: AbortSignal;
  readonly everyMs?: number;
  readonly mostListeners?: number;
}

/** So many chunks wait for a listener that does not read; then it is let go, and comes again if it likes. */
const mostWaiting = 10;
/** Proxies cut connections on which nothing comes for a minute. */
const aliveEvery = 20;

type Changed = readonly (readonly [topic: string, data: string])[];

const encoder = new TextEncoder();
const alive = encoder.encode(": alive\n\n");

/**
 * Server-sent events for open pages: one timer for all of them, which runs while there are any. A topic is sent to all
 * when it has changed, and to who comes anew; its text is made once.
 */
export class EventStream {
  readonly #options: EventStreamOptions;
  readonly #listeners = new Set<Listener>();
  readonly #last = new Map<string, string>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #ticks = 0;

  constructor(options: EventStreamOptions) {
    this.#options = options;
    options.closing.addEventListener("abort", () => {
      for (const listener of this.#listeners) listener.end();
    }, { once: true });
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  /** The answer to who wants to listen. HEAD gets the headers alone. */
  reply(method: string): Reply {
    const { mostListeners = 256, closing } = this.#options;
    if (closing.aborted || this.#listeners.size >= mostListeners) {
      const why = closing.aborted ? "The vault is shutting down" : `${mostListeners} pages are listening already`;
      return problemReply(method, { status: 503, detail: `${why}; try again later`, headers: [["retry-after", "10"]] });
    }
    const headers = [
      ["content-type", "text/event-stream"],
      ["cache-control", "no-store"],
      ["x-accel-buffering", "no"],
    ] as const;
    return { status: 200, headers, body: method === "HEAD" ? null : this.#open(), cache: "none" };
  }

  #open(): ChunkReader {
    const listener = new Listener(() => this.#left(listener));
    if (this.#listeners.size === 0) this.#start();
    this.#listeners.add(listener);
    const all = [...this.#last].map(([topic, data]) => eventOf(topic, data)).join("");
    listener.send(encoder.encode(`retry: 3000\n\n${all}`));
    return listener;
  }

  #start(): void {
    this.#changed();
    this.#timer = setInterval(() => this.#tick(), this.#options.everyMs ?? 1000);
    Deno.unrefTimer(Number(this.#timer));
  }

  #left(listener: Listener): void {
    this.#listeners.delete(listener);
    if (this.#listeners.size > 0) return;
    clearInterval(this.#timer);
    this.#last.clear();
  }

  #tick(): void {
    const changed = this.#changedOrNull();
    if (changed === null) return;
    this.#ticks += 1;
    const text = changed.map(([topic, data]) => eventOf(topic, data)).join("");
    const chunk = text !== "" ? encoder.encode(text) : this.#ticks % aliveEvery === 0 ? alive : null;
    if (chunk === null) return;
    for (const listener of this.#listeners) listener.send(chunk);
  }

  /**
   * Null where a fault keeps topics from being made. A timer has nobody to tell: the streams end, and the request of who
   * comes again fails with it.
   */
  #changedOrNull(): Changed | null {
    try {
      return this.#changed();
    } catch {
      for (const listener of this.#listeners) listener.end();
      return null;
    }
  }

  /** The topics that have changed since the last time, with their texts. */
  #changed(): Changed {
    const all = Object.entries(this.#options.topics()).map(([topic, data]) => [topic, JSON.stringify(data)] as const);
    const changed = all.filter(([topic, data]) => this.#last.get(topic) !== data);
    for (const [topic, data] of changed) this.#last.set(topic, data);
    return changed;
  }
}

function eventOf(topic: string, data: string): string {
  return `event: ${topic}\ndata: ${data}\n\n`;
}

/** One open page. */
class Listener implements ChunkReader {
  readonly #waiting: Chunk[] = [];
  readonly #left: () => void;
  #ended = false;
  #wake = () => {};

  constructor(left: () => void) {
    this.#left = left;
  }

  send(chunk: Chunk): void {
    if (this.#waiting.length === mostWaiting) return this.end();
    this.#waiting.push(chunk);
    this.#wake();
  }

  async read(): Promise<Chunk | null> {
    while (this.#waiting.length === 0 && !this.#ended) await new Promise<void>((resolve) => this.#wake = resolve);
    return this.#waiting.shift() ?? null;
  }

  /** Ends the stream once what waits has been sent. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#left();
    this.#wake();
  }

  release(): void {}

  close(): void {
    this.end();
  }
}
