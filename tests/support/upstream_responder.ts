import { clientGone, formatHead, type RequestHead, writeAll } from "./http1.ts";
import { maxPatternChunk, Pattern } from "./pattern.ts";

/**
 * What goes wrong. Without `afterBytes` it does so before the response head, else after that many bytes of this body.
 */
export type Fault =
  /** The connection is closed, so that exactly so many bytes arrive: a short body. For a reset see `FaultProxy`. */
  | { readonly kind: "close"; readonly afterBytes?: number }
  /** Nothing more is sent until the client has gone. */
  | { readonly kind: "silent"; readonly afterBytes?: number }
  /** More bytes are sent than `Content-Length` announced, then the connection is closed. */
  | { readonly kind: "excess"; readonly bytes: number };

/** One response; everything has a sane default. */
export interface Answer {
  /** 200 when absent; ranges and conditionals are only looked at for a 200. */
  readonly status?: number;
  /** Sent instead of our own of the same name, so that they can lie: a wrong `content-range`, a `content-encoding`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Empty when absent. */
  readonly body?: Pattern | Uint8Array | string;
  /** With its quotes. */
  readonly etag?: string;
  readonly lastModified?: string;
  /** Whether `Range` and `If-Range` are honoured; true when absent. */
  readonly ranges?: boolean;
  /** How the end of the body is told; by `Content-Length` when absent. */
  readonly framing?: "length" | "chunked" | "close";
  readonly fault?: Fault;
}

/** A point in an answer where it stands still. */
export interface Stop {
  /** Absent: before the head. */
  readonly afterBytes: number | undefined;
  pass(): Promise<void>;
}

/** What the responder notes down while it sends. */
export interface Sending {
  sentBytes: number;
}

/** Whether the connection is closed after the answer, as the answer or the client wants. */
export function isLast({ version, headers }: RequestHead, answer: Answer): boolean {
  return answer.framing === "close" || version === "HTTP/1.0" || headers.get("connection")?.toLowerCase() === "close";
}

/** Gives one answer to one request; `cut` when the connection is of no further use. Throws when the client has gone. */
export async function respond(
  connection: Deno.Conn,
  request: RequestHead,
  answer: Answer,
  { sending, stops }: { sending: Sending; stops: readonly Stop[] },
): Promise<"sent" | "cut"> {
  const { fault } = answer;
  for (const stop of stops) if (stop.afterBytes === undefined) await stop.pass();
  if (fault !== undefined && fault.kind !== "excess" && fault.afterBytes === undefined) {
    return await fail(connection, fault);
  }

  const body = typeof answer.body === "string"
    ? new TextEncoder().encode(answer.body)
    : answer.body ?? new Uint8Array();
  const size = body instanceof Pattern ? body.size : body.length;
  const { status, start, end, contentRange } = select(request, answer, size);
  await writeAll(
    connection,
    formatHead(status, headersOf(answer, { length: end - start, contentRange, status, last: isLast(request, answer) })),
  );
  if (request.method === "HEAD" || status === 304 || status === 204) return "sent";

  const sender = new BodySender(connection, body, { start, chunked: answer.framing === "chunked", sending });
  const limit = fault && fault.kind !== "excess" ? Math.min(start + (fault.afterBytes ?? 0), end) : end;
  for (const stop of stops.toSorted((a, b) => (a.afterBytes ?? 0) - (b.afterBytes ?? 0))) {
    if (stop.afterBytes === undefined || start + stop.afterBytes > limit) continue;
    await sender.sendUntil(start + stop.afterBytes);
    await stop.pass();
  }
  await sender.sendUntil(limit);
  if (fault?.kind === "excess") await writeAll(connection, new Uint8Array(fault.bytes).fill(0x78));
  if (fault !== undefined) return await fail(connection, fault);
  await sender.finish();
  return "sent";
}

async function fail(connection: Deno.Conn, fault: Fault): Promise<"cut"> {
  if (fault.kind === "silent") await clientGone(connection);
  return "cut";
}

class BodySender {
  #at: number;

  constructor(
    readonly connection: Deno.Conn,
    readonly body: Pattern | Uint8Array,
    readonly options: { start: number; chunked: boolean; sending: Sending },
  ) {
    this.#at = options.start;
  }

  async sendUntil(end: number): Promise<void> {
    while (this.#at < end) {
      const length = Math.min(maxPatternChunk, end - this.#at);
      const chunk = this.body instanceof Pattern
        ? this.body.chunk(this.#at, length)
        : this.body.subarray(this.#at, this.#at + length);
      if (this.options.chunked) await this.#write(`${length.toString(16)}\r\n`);
      await writeAll(this.connection, chunk);
      if (this.options.chunked) await this.#write("\r\n");
      this.#at += length;
      this.options.sending.sentBytes += length;
    }
  }

  async finish(): Promise<void> {
    if (this.options.chunked) await this.#write("0\r\n\r\n");
  }

  #write(text: string): Promise<void> {
    return writeAll(this.connection, new TextEncoder().encode(text));
  }
}

interface Selected {
  readonly status: number;
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
  readonly contentRange?: string;
}

function select({ headers }: RequestHead, answer: Answer, size: number): Selected {
  const whole = { status: answer.status ?? 200, start: 0, end: size };
  if (whole.status !== 200) return whole;
  if (isNotModified(headers, answer)) return { status: 304, start: 0, end: 0 };
  const ifRange = headers.get("if-range");
  if (answer.ranges === false || (ifRange !== null && ifRange !== answer.etag && ifRange !== answer.lastModified)) {
    return whole;
  }
  const match = /^bytes=(\d*)-(\d*)$/.exec(headers.get("range") ?? "");
  if (match === null) return whole;
  const [, first = "", last = ""] = match;
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size : Math.min(Number(last) + 1, size);
  if (start >= end) return { status: 416, start: 0, end: 0, contentRange: `bytes */${size}` };
  return { status: 206, start, end, contentRange: `bytes ${start}-${end - 1}/${size}` };
}

function isNotModified(headers: Headers, { etag, lastModified }: Answer): boolean {
  const ifNoneMatch = headers.get("if-none-match");
  if (ifNoneMatch !== null) return etag !== undefined && ifNoneMatch.split(/,\s*/).includes(etag);
  return lastModified !== undefined && headers.get("if-modified-since") === lastModified;
}

function headersOf(
  answer: Answer,
  { length, contentRange, status, last }: {
    length: number;
    contentRange?: string | undefined;
    status: number;
    last: boolean;
  },
): Map<string, string> {
  const { framing = "length", etag, lastModified, ranges, headers } = answer;
  const list = new Map<string, string>();
  if (framing === "length" && status !== 304) list.set("content-length", String(length));
  if (framing === "chunked") list.set("transfer-encoding", "chunked");
  if (last) list.set("connection", "close");
  if (ranges !== false) list.set("accept-ranges", "bytes");
  if (contentRange !== undefined) list.set("content-range", contentRange);
  if (etag !== undefined) list.set("etag", etag);
  if (lastModified !== undefined) list.set("last-modified", lastModified);
  for (const [name, value] of Object.entries(headers ?? {})) list.set(name.toLowerCase(), value);
  return list;
}
