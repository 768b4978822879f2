import type { Backend } from "../../src/backend.ts";
import type { Log } from "../../src/observe/log.ts";
import type { LogFields } from "../../src/observe/log_format.ts";
import { Metrics } from "../../src/observe/metrics.ts";
import { createHandler, type Handler } from "../../src/server/handler.ts";
import type { OwnPages } from "../../src/server/own_pages.ts";
import { RequestsUnderWay } from "../../src/server/requests_under_way.ts";
import type { TrustedProxies } from "../../src/server/trusted_proxies.ts";
import type { UpstreamLeaks } from "../../src/server/upstream_leaks.ts";
import { fakeBackend, type FakeFile, FakeVault } from "./fake_vault.ts";

export interface LoggedLine {
  readonly level: string;
  readonly message: string;
  readonly fields: LogFields;
}

/** A log that is read line by line. */
export class ReadableLog implements Log {
  readonly debugs = true;
  readonly #lines: LoggedLine[] = [];
  readonly #readers: ((line: LoggedLine) => void)[] = [];

  debug = (message: string, fields?: LogFields) => this.#take("debug", message, fields);
  info = (message: string, fields?: LogFields) => this.#take("info", message, fields);
  warning = (message: string, fields?: LogFields) => this.#take("warning", message, fields);
  error = (message: string, fields?: LogFields) => this.#take("error", message, fields);

  /** The next line, as soon as it comes. */
  next(): Promise<LoggedLine> {
    const line = this.#lines.shift();
    return line ? Promise.resolve(line) : new Promise((resolve) => this.#readers.push(resolve));
  }

  #take(level: string, message: string, fields: LogFields = {}): void {
    const line = { level, message, fields };
    const reader = this.#readers.shift();
    if (reader) reader(line);
    else this.#lines.push(line);
  }
}

export interface ServedOptions {
  readonly files?: Readonly<Record<string, FakeFile | (() => never)>>;
  readonly backends?: readonly Backend[];
  readonly probe?: () => string | null;
  readonly isShuttingDown?: () => boolean;
  readonly maxRequests?: number;
  readonly serverNames?: readonly string[];
  readonly trustedProxies?: TrustedProxies;
  readonly ownPages?: readonly OwnPages[];
  readonly leaks?: UpstreamLeaks;
}

/** A real server on the handler, and what is behind it. */
export class Served implements AsyncDisposable {
  readonly vault: FakeVault;
  readonly log = new ReadableLog();
  readonly metrics: Metrics;
  /** What the server calls. */
  readonly handler: Handler;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor({ files = {}, backends = [fakeBackend("http", "/http")], ...rest }: ServedOptions = {}) {
    this.vault = new FakeVault(files);
    this.metrics = new Metrics({
      version: "0",
      backends: backends.map(({ name }) => name),
      cacheBytes: () => 0,
      upstreams: () => [],
      transfers: () => [],
    });
    this.handler = createHandler({
      backends,
      vault: this.vault,
      metrics: this.metrics,
      log: this.log,
      probe: rest.probe ?? (() => null),
      isShuttingDown: rest.isShuttingDown ?? (() => false),
      ...rest.leaks !== undefined && { leaks: rest.leaks },
      ...rest.ownPages !== undefined && { ownPages: rest.ownPages },
      ...rest.maxRequests !== undefined && { underWay: new RequestsUnderWay(rest.maxRequests) },
      ...rest.trustedProxies !== undefined && { trustedProxies: rest.trustedProxies },
      ...rest.serverNames !== undefined && { serverNames: rest.serverNames },
    }).handle;
    const onError = () => new Response(null, { status: 500 });
    this.#server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {}, onError }, this.handler);
  }

  get port(): number {
    return this.#server.addr.port;
  }

  url(path: string): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  /** Sends bytes as they are, and reads until the server closes. */
  async exchange(raw: string): Promise<string> {
    const connection = await this.connect(raw);
    const chunks: number[] = [];
    const buffer = new Uint8Array(64 * 1024);
    for (;;) {
      const count = await connection.read(buffer).catch(() => null);
      if (count === null) break;
      chunks.push(...buffer.subarray(0, count));
    }
    connection.close();
    return Array.from(chunks, (byte) => String.fromCharCode(byte)).join("");
  }

  /** Sends bytes as they are; the caller closes. */
  async connect(raw: string): Promise<Deno.TcpConn> {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port: this.port });
    const bytes = Uint8Array.from(raw, (character) => character.charCodeAt(0));
    for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
    return connection;
  }

  /** One request on a connection of its own. */
  async ask(method: string, target: string, headers: Readonly<Record<string, string>> = {}): Promise<RawAnswer> {
    const lines = Object.entries({ host: "vault", connection: "close", ...headers });
    const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
    return parseAnswer(await this.exchange(`${method} ${target} HTTP/1.1\r\n${head}\r\n`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

/** An answer as it came over the wire; header names in lower case. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** Takes an answer apart; a chunked body stays as it is. */
export function parseAnswer(text: string): RawAnswer {
  const end = text.indexOf("\r\n\r\n");
  const [first = "", ...lines] = text.slice(0, end).split("\r\n");
  const headers = lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  return { status: Number(first.split(" ")[1]), headers: new Map(headers), body: text.slice(end + 4) };
}
