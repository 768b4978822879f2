/** One event of a stream of server-sent events. */
export interface ServerEvent {
  /** `message` where the server names none. */
  readonly name: string;
  readonly data: string;
}

const mostChars = 16 * 1024 * 1024;

/**
 * Yields the events of a stream (WHATWG HTML, server-sent events) and null for each comment, by which a server shows
 * that it is there. Ends with the stream. Throws for an event that has no end.
 */
export async function* serverEvents(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<ServerEvent | null> {
  let name = "";
  let data: string[] = [];
  for await (const line of linesOf(body)) {
    const [field = "", value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line)?.slice(1) ?? [];
    if (line.startsWith(":")) yield null;
    else if (field === "event") name = value;
    else if (field === "data") data.push(value);
    else if (line === "") {
      if (data.length > 0) yield { name: name === "" ? "message" : name, data: data.join("\n") };
      [name, data] = ["", []];
    }
  }
}

/** Yields lines without their ends; what stands behind the last one is none. */
async function* linesOf(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let begun: string[] = [];
  let chars = 0;
  let afterReturn = false;
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    if (text === "") continue;
    const lines = (afterReturn && text.startsWith("\n") ? text.slice(1) : text).split(/\r\n|\n|\r/);
    afterReturn = text.endsWith("\r");
    for (const [at, line] of lines.entries()) {
      begun.push(line);
      chars += line.length;
      if (chars > mostChars) throw new Error("a line of its events is too long");
      if (at === lines.length - 1) break;
      yield begun.join("");
      [begun, chars] = [[], 0];
    }
  }
}
