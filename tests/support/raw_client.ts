import { Buffer } from "node:buffer";
import { writeAll } from "./http1.ts";

export interface RawRequest {
  /** GET where absent. */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** 1.1 where absent. */
  readonly version?: "1.0" | "1.1";
}

/** An answer as it came over the wire: nothing decoded but the chunks. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly text: string;
  /** Whether the client can believe that it has the whole body. */
  readonly complete: boolean;
}

const mostReadBytes = 256 * 1024;

/** One connection of a client that sends its bytes as they are, however wrong, and reads when it likes. */
export class RawClient implements Disposable {
  readonly #connection: Deno.Conn;
  #received = new Uint8Array();

  private constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  static async connect(origin: string): Promise<RawClient> {
    const { hostname, port } = new URL(origin);
    return new RawClient(await Deno.connect({ hostname, port: Number(port) }));
  }

  /** Sends a request head for a target that nothing has normalised; the connection is to be closed after the answer. */
  request(
    target: string | Uint8Array,
    { method = "GET", headers = {}, version = "1.1" }: RawRequest = {},
  ): Promise<void> {
    const encoder = new TextEncoder();
    const lines = Object.entries({ host: "vault", connection: "close", ...headers });
    const rest = [` HTTP/${version}`, ...lines.map(([name, value]) => `${name}: ${value}`), "", ""].join("\r\n");
    const parts = [encoder.encode(`${method} `), typeof target === "string" ? encoder.encode(target) : target];
    return this.send(concat([...parts, encoder.encode(rest)]));
  }

  send(bytes: Uint8Array): Promise<void> {
    return writeAll(this.#connection, bytes);
  }

  /** Reads at most so many bytes and keeps them for `answer`; false at the end. */
  async readSome(bytes = mostReadBytes): Promise<boolean> {
    const buffer = new Uint8Array(bytes);
    const read = await this.#connection.read(buffer).catch(() => null);
    if (read !== null) this.#received = concat([this.#received, buffer.subarray(0, read)]);
    return read !== null;
  }

  /** Reads to the end of the connection. `method` is what was asked with. */
  async answer(method = "GET"): Promise<RawAnswer> {
    const parts = [this.#received];
    let buffer = new Uint8Array(8 * 1024);
    for (;;) {
      const read = await this.#connection.read(buffer).catch(() => null);
      if (read === null) return parseAnswer(concat(parts), method);
      parts.push(buffer.slice(0, read));
      if (read === buffer.length && read < mostReadBytes) buffer = new Uint8Array(2 * read);
    }
  }

  /** Leaves. */
  [Symbol.dispose](): void {
    this.#connection.close();
  }
}

/** One request on a connection of its own. */
export async function askRaw(
  origin: string,
  target: string | Uint8Array,
  request: RawRequest = {},
): Promise<RawAnswer> {
  using client = await RawClient.connect(origin);
  await client.request(target, request);
  return await client.answer(request.method);
}

function parseAnswer(bytes: Uint8Array<ArrayBuffer>, method: string): RawAnswer {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const headEnd = buffer.indexOf("\r\n\r\n");
  const [statusLine = "", ...lines] = buffer.toString("latin1", 0, Math.max(0, headEnd)).split("\r\n");
  const headers = new Headers();
  for (const line of lines) headers.append(line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim());
  const status = Number(statusLine.split(" ")[1] ?? 0);
  const { body, complete } = bodyOf(bytes.subarray(headEnd + 4), { method, status, headers });
  return {
    ...{ status, headers, body, complete: headEnd >= 0 && complete },
    get text() {
      return new TextDecoder().decode(body);
    },
  };
}

function bodyOf(
  bytes: Uint8Array<ArrayBuffer>,
  { method, status, headers }: { method: string; status: number; headers: Headers },
): Pick<RawAnswer, "body" | "complete"> {
  if (method === "HEAD" || status === 304) return { body: bytes, complete: bytes.length === 0 };
  if (headers.get("transfer-encoding") === "chunked") return dechunk(bytes);
  const length = headers.get("content-length");
  return { body: bytes, complete: length === null || bytes.length === Number(length) };
}

function dechunk(bytes: Uint8Array<ArrayBuffer>): Pick<RawAnswer, "body" | "complete"> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for (let at = 0;;) {
    const lineEnd = bytes.indexOf(0x0a, at);
    const size = parseInt(new TextDecoder().decode(bytes.subarray(at, lineEnd)), 16);
    if (lineEnd < 0 || size === 0) return { body: concat(chunks), complete: size === 0 };
    chunks.push(bytes.subarray(lineEnd + 1, lineEnd + 1 + size));
    at = lineEnd + 1 + size + 2;
  }
}

function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
