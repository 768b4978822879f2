import { readHead, type RequestHead } from "./http1.ts";
import { type Answer, isLast, respond, type Sending, type Stop } from "./upstream_responder.ts";

export type { Answer, Fault } from "./upstream_responder.ts";

/** What one request is answered with: always the same, or as it depends on the request and how many came before it. */
export type Answers = Answer | ((request: UpstreamRequest, nth: number) => Answer);

/** A request that has reached the upstream. */
export interface UpstreamRequest {
  readonly method: string;
  /** As sent: path and query. */
  readonly target: string;
  readonly headers: Headers;
  readonly range: string | null;
  /** Body bytes handed to the kernel so far. */
  readonly sentBytes: number;
  /** `sent` after the whole answer, `cut` when a fault or the client ended it. */
  readonly finished: Promise<"sent" | "cut">;
}

/** Where answers stand still until `release`. */
export interface Hold {
  /** Resolves when the first response stands here. */
  readonly reached: Promise<void>;
  /** Later responses do not stand still here. */
  letPass(): void;
  release(): void;
}

export interface FakeUpstreamOptions {
  /** PEM texts; the upstream speaks HTTPS. */
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly hostname?: string;
  readonly port?: number;
}

/** Answers one after the other; the last one for ever. */
export function sequence(...answers: readonly [Answer, ...Answer[]]): Answers {
  return (_request, nth) => answers[Math.min(nth, answers.length - 1)] ?? answers[0];
}

/**
 * Starts an HTTP/1.1 server on a free port of 127.0.0.1 that answers, and misbehaves, as told. Close it with `await
 * using`.
 */
export function startFakeUpstream(options: FakeUpstreamOptions = {}): FakeUpstream {
  return new FakeUpstream(options);
}

/** A server that counts what it is asked and can break every rule of HTTP/1.1. */
export class FakeUpstream implements AsyncDisposable {
  /** In the order their heads were complete. */
  readonly requests: UpstreamRequest[] = [];
  /** Without a trailing slash. */
  readonly origin: string;
  readonly #listener: Deno.Listener;
  readonly #answers = new Map<string, { answers: Answers; count: number }>();
  readonly #holds = new Map<string, Set<HeldPlace>>();
  readonly #connections = new Map<Deno.Conn, Promise<void>>();
  readonly #waiting = new Set<() => void>();
  readonly #accepting: Promise<void>;
  #connectionCount = 0;
  #closed = false;

  constructor({ tls, hostname = "127.0.0.1", port = 0 }: FakeUpstreamOptions) {
    this.#listener = tls ? Deno.listenTls({ hostname, port, ...tls }) : Deno.listen({ hostname, port });
    const address = this.#listener.addr as Deno.NetAddr;
    this.origin = `${tls ? "https" : "http"}://${hostname}:${address.port}`;
    this.#accepting = this.#accept();
  }

  get connectionCount(): number {
    return this.#connectionCount;
  }

  /** Body bytes of all responses. */
  get sentBytes(): number {
    return this.requests.reduce((sum, request) => sum + request.sentBytes, 0);
  }

  url(target: string): string {
    return this.origin + target;
  }

  /**
   * Says what `target` is answered with, from now on; a target without a query stands for every query. Others are 404.
   */
  serve(target: string, answers: Answers): void {
    this.#answers.set(target, { answers, count: 0 });
  }

  /** Requests for a target, or a method of it. */
  count(target: string, method?: string): number {
    return this.requests.filter((r) => r.target === target && (method === undefined || r.method === method)).length;
  }

  /** The nth request, counted from 1, of a target or of all, as soon as it is there. */
  async waitForRequest(nth: number, target?: string): Promise<UpstreamRequest> {
    for (;;) {
      const found = this.requests.filter((request) => target === undefined || request.target === target)[nth - 1];
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Makes every response for `target` stand still, before its head or after so many bytes of its body. */
  hold(target: string, afterBytes?: number): Hold {
    const place = new HeldPlace(afterBytes);
    const places = this.#holds.get(target) ?? new Set();
    this.#holds.set(target, places.add(place));
    return {
      reached: place.reached.promise,
      letPass: () => places.delete(place),
      release: () => {
        places.delete(place);
        place.released.resolve();
      },
    };
  }

  /** Stops listening and cuts every connection: from now on, connecting is refused. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#closed) this.#listener.close();
    this.#closed = true;
    for (const places of this.#holds.values()) for (const place of places) place.released.resolve();
    for (const connection of this.#connections.keys()) closeQuietly(connection);
    await Promise.all([this.#accepting, ...this.#connections.values()]);
  }

  async #accept(): Promise<void> {
    for (;;) {
      const connection = await this.#listener.accept().catch((error) => {
        if (error instanceof Deno.errors.BadResource) return null;
        return undefined;
      });
      if (connection === null) return;
      if (connection === undefined) continue;
      if ("setNoDelay" in connection) (connection as Deno.TcpConn).setNoDelay();
      this.#connectionCount++;
      const done = this.#converse(connection).finally(() => {
        closeQuietly(connection);
        this.#connections.delete(connection);
      });
      this.#connections.set(connection, done);
    }
  }

  async #converse(connection: Deno.Conn): Promise<void> {
    for (;;) {
      const head = await readHead(connection);
      if (head === null) return;
      const request = new Received(head);
      const answer = this.#answerTo(request);
      this.requests.push(request);
      for (const wake of this.#waiting) wake();
      this.#waiting.clear();
      const stops = [...this.#holds.get(head.target) ?? []];
      const outcome = await respond(connection, head, answer, { sending: request, stops }).catch(() => "cut" as const);
      request.finish(outcome);
      if (outcome === "cut" || isLast(head, answer)) return;
    }
  }

  #answerTo(request: UpstreamRequest): Answer {
    const entry = this.#answers.get(request.target) ?? this.#answers.get(request.target.split("?")[0] ?? "");
    if (entry === undefined) return { status: 404, body: "not here" };
    const nth = entry.count++;
    return typeof entry.answers === "function" ? entry.answers(request, nth) : entry.answers;
  }
}

class Received implements UpstreamRequest, Sending {
  readonly method: string;
  readonly target: string;
  readonly headers: Headers;
  readonly range: string | null;
  readonly #finished = Promise.withResolvers<"sent" | "cut">();
  readonly finished = this.#finished.promise;
  sentBytes = 0;

  constructor(head: RequestHead) {
    this.method = head.method;
    this.target = head.target;
    this.headers = head.headers;
    this.range = head.headers.get("range");
  }

  finish(outcome: "sent" | "cut"): void {
    this.#finished.resolve(outcome);
  }
}

class HeldPlace implements Stop {
  readonly reached = Promise.withResolvers<void>();
  readonly released = Promise.withResolvers<void>();

  constructor(readonly afterBytes: number | undefined) {}

  async pass(): Promise<void> {
    this.reached.resolve();
    await this.released.promise;
  }
}

function closeQuietly(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
