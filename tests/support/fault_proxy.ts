import net from "node:net";

/** Where connections stand still until `release`. */
export interface Stall {
  /** Resolves when the first connection stands here. */
  readonly reached: Promise<void>;
  release(): void;
}

/**
 * Starts a TCP proxy on a free port of 127.0.0.1, in front of a server whose origin is `target`. Close it with `await
 * using`.
 */
export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const proxy = new FaultProxy(new URL(target));
  await proxy.accept();
  return proxy;
}

/**
 * Passes bytes on as they are, and breaks connections as told. Byte counts are those of one connection, from the server
 * to the client, response heads included.
 */
export class FaultProxy implements AsyncDisposable {
  /** Connections that were accepted so far. */
  connectionCount = 0;
  /** Bytes passed on from clients to the server. */
  upBytes = 0;
  /** Bytes passed on from the server to clients. */
  downBytes = 0;
  readonly #target: URL;
  readonly #connections = new Set<Connection>();
  readonly #stalls = new Set<StalledAt>();
  readonly #bucket = new TokenBucket();
  #server: net.Server | null = null;
  #port = 0;
  #cut = { afterBytes: Infinity, times: 0 };

  constructor(target: URL) {
    this.#target = target;
  }

  /** Without a trailing slash; the same after `refuse` and `accept`. */
  get origin(): string {
    return `${this.#target.protocol}//127.0.0.1:${this.#port}`;
  }

  url(target: string): string {
    return this.origin + target;
  }

  /**
   * Breaks each of the next `times` connections after `afterBytes`: with a reset where the runtime can send one
   * (`canReset`), else by closing it.
   */
  cut(afterBytes: number, times = 1): void {
    this.#cut = { afterBytes, times };
  }

  /** Breaks every connection there is, now. */
  cutAll(): void {
    for (const connection of this.#connections) connection.break();
  }

  /** Makes every new connection stand still after `afterBytes`. */
  stall(afterBytes: number): Stall {
    const stall = new StalledAt(afterBytes);
    this.#stalls.add(stall);
    return {
      reached: stall.reached.promise,
      release: () => {
        this.#stalls.delete(stall);
        stall.released.resolve();
      },
    };
  }

  /** All connections together pass on at most so many bytes a second to clients. */
  throttle(bytesPerSecond: number): void {
    this.#bucket.bytesPerSecond = bytesPerSecond;
  }

  /** Refuses connections from the moment it resolves; those there are stay. */
  async refuse(): Promise<void> {
    this.#server?.close();
    this.#server = null;
    while (await isListening(this.#port));
  }

  /** Accepts connections again. */
  async accept(): Promise<void> {
    const server = net.createServer((client) => void this.#serve(client));
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(this.#port, "127.0.0.1", resolve);
    });
    this.#server = server;
    this.#port = (server.address() as net.AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const stall of this.#stalls) stall.released.resolve();
    this.#server?.close();
    this.#server = null;
    this.cutAll();
    await Promise.all([...this.#connections].map((connection) => connection.closed));
  }

  async #serve(client: net.Socket): Promise<void> {
    this.connectionCount++;
    const cutAfter = this.#cut.times-- > 0 ? this.#cut.afterBytes : Infinity;
    const connection = new Connection(client, this.#target);
    this.#connections.add(connection);
    client.on("data", (chunk) => this.upBytes += chunk.length);
    const stops = [...this.#stalls].filter((stall) => stall.afterBytes < cutAfter);
    await this.#passDown(connection, stops.sort((a, b) => a.afterBytes - b.afterBytes), cutAfter);
    await connection.closed;
    this.#connections.delete(connection);
  }

  async #passDown(connection: Connection, stalls: StalledAt[], cutAfter: number): Promise<void> {
    let passed = 0;
    for await (let chunk of connection.received()) {
      while (chunk.length > 0) {
        const stop = Math.min(stalls[0]?.afterBytes ?? Infinity, cutAfter);
        const part = chunk.subarray(0, Math.min(stop - passed, sliceBytes));
        await this.#bucket.take(part.length);
        await connection.send(part);
        passed += part.length;
        this.downBytes += part.length;
        chunk = chunk.subarray(part.length);
        if (passed === cutAfter) return connection.break();
        if (passed === stop) await stalls.shift()?.pass();
      }
    }
  }
}

const sliceBytes = 64 * 1024;

/**
 * Whether `FaultProxy.cut` sends a TCP reset; older runtimes can only close, which looks like an orderly end of the
 * bytes.
 */
export const canReset = "resetAndDestroy" in net.Socket.prototype;

class Connection {
  readonly closed: Promise<void>;
  readonly #client: net.Socket;
  readonly #server: net.Socket;

  constructor(client: net.Socket, target: URL) {
    this.#client = client.setNoDelay();
    this.#server = net.connect(Number(target.port), target.hostname).setNoDelay();
    client.pipe(this.#server);
    this.closed = Promise.all([client, this.#server].map(closing)).then(() => {});
    client.on("close", () => this.#server.destroy());
  }

  /** The bytes from the server; ends when either side has gone. */
  async *received(): AsyncGenerator<Uint8Array> {
    try {
      yield* this.#server;
    } catch {
      this.break();
      return;
    }
    this.#client.end();
  }

  /** Resolves when the client has taken the bytes, or never will. */
  send(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      if (this.#client.destroyed) resolve();
      else this.#client.write(bytes, () => resolve());
    });
  }

  break(): void {
    if (canReset) this.#client.resetAndDestroy();
    else this.#client.destroy();
    this.#server.destroy();
  }
}

function closing(socket: net.Socket): Promise<void> {
  socket.on("error", () => {});
  return new Promise((resolve) => socket.once("close", () => resolve()));
}

/** Closing a listener takes the runtime a moment, in which the kernel still accepts. */
async function isListening(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return false;
    return true;
  }
}

class StalledAt {
  readonly reached = Promise.withResolvers<void>();
  readonly released = Promise.withResolvers<void>();

  constructor(readonly afterBytes: number) {}

  async pass(): Promise<void> {
    this.reached.resolve();
    await this.released.promise;
  }
}

/** Lets bytes through at a rate, with up to a tenth of a second's worth at once. */
class TokenBucket {
  bytesPerSecond = Infinity;
  #freeAt = 0;

  async take(bytes: number): Promise<void> {
    if (this.bytesPerSecond === Infinity) return;
    const now = performance.now();
    this.#freeAt = Math.max(this.#freeAt, now - 100) + bytes / this.bytesPerSecond * 1000;
    if (this.#freeAt > now) await new Promise((resolve) => setTimeout(resolve, this.#freeAt - now));
  }
}
