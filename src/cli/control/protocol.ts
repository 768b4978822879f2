/** The commands that a running server takes at its control socket. */
export type ControlCommand = "status" | "configuration" | "reload";

/**
 * A request to the server's own pages, such as its API; as a command, `api` and this as JSON. `path` begins with `/-/`;
 * `body` is JSON for POST and null for GET.
 */
export interface ApiRequest {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body: unknown;
}

/** Returns the method and the body with which a request is sent over HTTP. */
export function requestInitOf({ method, body }: ApiRequest): RequestInit {
  if (method === "GET") return { method };
  return { method, body: JSON.stringify(body), headers: { "content-type": "application/json" } };
}

/** What the server answers to a command, as one line of JSON. */
export type ControlAnswer =
  | { readonly kind: "status"; readonly pid: number; readonly url: string; readonly version: string }
  /** The configuration in use, without secrets. */
  | { readonly kind: "configuration"; readonly configuration: unknown }
  | ({ readonly kind: "reload" } & ReloadOutcome)
  /** The body follows the line, up to the end of the connection. */
  | { readonly kind: "api"; readonly status: number }
  | { readonly kind: "failed"; readonly message: string };

/** What came of reading the configuration again. */
export type ReloadOutcome =
  | {
    readonly isChanged: true;
    /** A line for each change that is in force. */
    readonly changes: readonly string[];
    /** A line for each change that needs a restart. */
    readonly waiting: readonly string[];
    readonly warnings: readonly string[];
  }
  | {
    readonly isChanged: false;
    /** Everything that is wrong, a line each. The old configuration stays in use. */
    readonly problems: string;
  };

const mostBytes = 4 * 1024 * 1024;
const bufferBytes = 16 * 1024;
const lineEnd = "\n".charCodeAt(0);

/** The first line of what a connection brings, without its end, and what has come behind it so far. */
export interface FirstLine {
  readonly line: string;
  readonly rest: Uint8Array<ArrayBuffer>;
}

/** Reads the first line from a connection; what there is where the connection ends before, or the line is too long. */
export async function readFirstLine(connection: Deno.Conn): Promise<FirstLine> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(bufferBytes);
  let line = "";
  while (line.length < mostBytes) {
    const count = await connection.read(buffer);
    if (count === null) break;
    const bytes = buffer.subarray(0, count);
    const end = bytes.indexOf(lineEnd);
    line += decoder.decode(end < 0 ? bytes : bytes.subarray(0, end), { stream: true });
    if (end >= 0) return { line, rest: bytes.slice(end + 1) };
  }
  return { line, rest: new Uint8Array() };
}

/** Writes a value as one line of JSON. */
export async function writeLine(connection: Deno.Conn, value: unknown): Promise<void> {
  await writeAll(connection, new TextEncoder().encode(`${JSON.stringify(value)}\n`));
}

/** Writes all of some bytes. */
export async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await connection.write(rest));
}
