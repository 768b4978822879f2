/** A parsed HTTP/1.x request head; bodies are not read, since nothing here is ever sent one. */
export interface RequestHead {
  readonly method: string;
  /** As sent: path and query, or an absolute URL. */
  readonly target: string;
  readonly version: string;
  readonly headers: Headers;
}

const mostHeadBytes = 256 * 1024;

/** Reads a request head of up to 256 KiB; null when the client is gone. Clients must not pipeline. */
export async function readHead(conn: Deno.Conn): Promise<RequestHead | null> {
  let buffer = new Uint8Array(4 * 1024);
  for (let length = 0; length < mostHeadBytes;) {
    if (length === buffer.length) buffer = new Uint8Array(buffer.buffer.transfer(2 * length));
    const count = await conn.read(buffer.subarray(length)).catch(() => null);
    if (count === null) return null;
    length += count;
    const text = new TextDecoder().decode(buffer.subarray(0, length));
    if (text.endsWith("\r\n\r\n")) return parseHead(text);
  }
  return null;
}

/** Waits until the client has closed its side, or the connection is broken. */
export async function clientGone(conn: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(1024);
  while (await conn.read(buffer).catch(() => null) !== null);
}

/** Writes all of `bytes`; throws when the connection is broken. */
export async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}

/** A response head, as bytes. */
export function formatHead(status: number, headers: Iterable<readonly [string, string]>): Uint8Array<ArrayBuffer> {
  const lines = [...headers].map(([name, value]) => `${name}: ${value}\r\n`);
  return new TextEncoder().encode(`HTTP/1.1 ${status} Status\r\n${lines.join("")}\r\n`);
}

function parseHead(text: string): RequestHead {
  const [first = "", ...lines] = text.trimEnd().split("\r\n");
  const [method = "", target = "", version = ""] = first.split(" ");
  const headers = new Headers();
  for (const line of lines) headers.append(line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim());
  return { method, target, version, headers };
}
