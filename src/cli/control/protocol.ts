/** The commands that a running server takes at its control socket. */
export type ControlCommand = "status" | "configuration" | "reload";

/** What it answers, as one line of JSON. */
export type ControlAnswer =
  | { readonly kind: "status"; readonly pid: number; readonly url: string; readonly version: string }
  /** The configuration in use, without secrets. */
  | { readonly kind: "configuration"; readonly configuration: unknown }
  | ({ readonly kind: "reload" } & ReloadOutcome)
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

/** Reads a line from a connection, without its end; what there is where the connection ends before. */
export async function readLine(connection: Deno.Conn): Promise<string> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(16 * 1024);
  let text = "";
  while (!text.includes("\n") && text.length < mostBytes) {
    const count = await connection.read(buffer);
    if (count === null) break;
    text += decoder.decode(buffer.subarray(0, count), { stream: true });
  }
  return text.split("\n", 1)[0]!;
}

/** Writes a value as one line of JSON. */
export async function writeLine(connection: Deno.Conn, value: unknown): Promise<void> {
  let bytes = new TextEncoder().encode(`${JSON.stringify(value)}\n`);
  while (bytes.length > 0) bytes = bytes.subarray(await connection.write(bytes));
}
