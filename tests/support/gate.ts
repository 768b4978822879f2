/** Passes connections on, one to one, and lets a request that a pattern finds wait for leave. */
export class Gate implements AsyncDisposable {
  readonly port: number;
  readonly #listener: Deno.Listener;
  readonly #options: GateOptions;
  readonly #open = new Set<Deno.Conn>();
  readonly #serving: Promise<void>;

  constructor(options: GateOptions) {
    this.#options = options;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = (this.#listener.addr as Deno.NetAddr).port;
    this.#serving = this.#serve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const connection of this.#open) closeQuietly(connection);
    await this.#serving;
  }

  async #serve(): Promise<void> {
    const passing: Promise<void>[] = [];
    for await (const client of this.#listener) passing.push(this.#pass(client));
    await Promise.all(passing);
  }

  async #pass(client: Deno.Conn): Promise<void> {
    const { hostname, port } = new URL(this.#options.to);
    const server = await Deno.connect({ hostname, port: Number(port) });
    for (const connection of [client, server]) this.#open.add(connection);
    await Promise.race([this.#copy(client, server, true), this.#copy(server, client, false)]);
    for (const connection of [client, server]) {
      this.#open.delete(connection);
      closeQuietly(connection);
    }
  }

  async #copy(from: Deno.Conn, to: Deno.Conn, gated: boolean): Promise<void> {
    const buffer = new Uint8Array(64 * 1024);
    try {
      for (let count = await from.read(buffer); count !== null; count = await from.read(buffer)) {
        const bytes = buffer.slice(0, count);
        if (gated && this.#options.stops.test(new TextDecoder().decode(bytes))) await this.#options.leave();
        for (let at = 0; at < bytes.length;) at += await to.write(bytes.subarray(at));
      }
    } catch {
      // One side has left; so does the other.
    }
  }
}

export interface GateOptions {
  /** The origin it leads to. */
  readonly to: string;
  /** Found in what clients send, it makes them wait. */
  readonly stops: RegExp;
  /** Resolves when they may go on. */
  leave(): Promise<void>;
}

function closeQuietly(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
