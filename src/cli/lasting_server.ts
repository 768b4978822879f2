import { messageOf, VaultError } from "../errors.ts";
import type { Log } from "../observe/log.ts";

type Server = Deno.HttpServer<Deno.NetAddr>;

export interface LastingServerOptions {
  /** Starts to accept connections on this port, or throws. */
  readonly open: (port: number) => Server;
  readonly port: number;
  /** True where `open` may be called while another server has the port. False when absent. */
  readonly sharesPort?: boolean;
  readonly log: Log;
  /** Called each time that the server could not accept a connection. */
  readonly acceptFailed?: () => void;
}

/** The wait before the port is opened again. It doubles with each failure in a row, up to the longest. */
const waitMs = { first: 10, longest: 1000 };
/** After a server has lasted this long, the wait is the first one again. */
const soundMs = 10_000;
/** The log says at most this often that the port is opened again. */
const logEveryMs = 10_000;
/** After the port could not be opened for this long, the program ends, to be started anew. */
const giveUpMs = 60_000;

/**
 * A server that keeps accepting connections when its listener fails. `Deno.serve` ends at the first error of `accept`
 * (no descriptor left, or a client that left too early). Its connections stay until it is shut down, so that is done:
 * requests under way are answered, idle and half-sent ones are closed, which also frees descriptors. Then the port is
 * opened again.
 */
export class LastingServer {
  readonly #options: LastingServerOptions;
  readonly #draining = new Set<Promise<void>>();
  readonly #lost = Promise.withResolvers<never>();
  #current: Server;
  #closing = false;
  #openedAt = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #nextWaitMs = waitMs.first;
  #loggedAt = -Infinity;

  /** Throws where the port cannot be opened. */
  constructor(options: LastingServerOptions) {
    this.#options = options;
    this.#lost.promise.catch(() => {});
    this.#current = this.#open(options.port);
  }

  get addr(): Deno.NetAddr {
    return this.#current.addr;
  }

  /** Rejects with a VaultError when the port could not be opened again for a minute. */
  get lost(): Promise<never> {
    return this.#lost.promise;
  }

  /**
   * Opens the port anew, with whatever `open` uses by now, and closes the old one. Requests under way are answered.
   * Where the port can be shared, throws as `open`; then the old one stays. Elsewhere connections in the moment between
   * are refused.
   */
  reopen(): void {
    if (this.#closing) return;
    const old = this.#current;
    if (this.#options.sharesPort === true) {
      this.#current = this.#open(this.addr.port);
      clearTimeout(this.#retry);
      return this.#drainAside(old);
    }
    this.#drainAside(old);
    clearTimeout(this.#retry);
    this.#openSoon(performance.now());
  }

  /** Accepts no more connections. Resolves when all requests under way have been answered. */
  async shutdown(): Promise<void> {
    this.#closing = true;
    clearTimeout(this.#retry);
    await Promise.all([this.#drain(this.#current), ...this.#draining]);
  }

  #open(port: number): Server {
    const server = this.#options.open(port);
    this.#openedAt = performance.now();
    server.finished.catch((error) => this.#failed(server, error));
    return server;
  }

  #failed(server: Server, error: unknown): void {
    if (this.#closing || server !== this.#current) return;
    this.#drainAside(server);
    this.#options.acceptFailed?.();
    this.#warn(`Cannot accept connections: ${messageOf(error)}. Idle ones are closed, and the port is opened again`);
    if (performance.now() - this.#openedAt > soundMs) this.#nextWaitMs = waitMs.first;
    this.#openSoon(performance.now());
  }

  #openSoon(since: number): void {
    this.#retry = setTimeout(() => this.#openAgain(since), this.#nextWaitMs);
    this.#nextWaitMs = Math.min(2 * this.#nextWaitMs, waitMs.longest);
  }

  #openAgain(since: number): void {
    const { port } = this.addr;
    try {
      this.#current = this.#open(port);
    } catch (error) {
      if (performance.now() - since < giveUpMs) return this.#openSoon(since);
      const message = `Cannot listen on port ${port} again: ${messageOf(error)}`;
      this.#lost.reject(new VaultError("internal", message, { cause: error }));
    }
  }

  #drainAside(server: Server): void {
    const draining = this.#drain(server);
    this.#draining.add(draining);
    draining.then(() => this.#draining.delete(draining));
  }

  /** Shuts a server down, also one whose listener has failed. */
  async #drain(server: Server): Promise<void> {
    await server.shutdown().catch(() => {});
  }

  #warn(message: string): void {
    const now = performance.now();
    if (now - this.#loggedAt < logEveryMs) return;
    this.#loggedAt = now;
    this.#options.log.warning(message);
  }
}
