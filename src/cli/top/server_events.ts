import { linesOfAnswer } from "../control/answer_lines.ts";

/** One event of a stream of server-sent events. */
export interface ServerEvent {
  /** `message` where the server names none. */
  readonly name: string;
  readonly data: string;
}

/**
 * Yields the events of a stream (WHATWG HTML, server-sent events) and null for each comment, by which a server shows
 * that it is there. Ends with the stream. Throws for an event that has no end.
 */
export async function* serverEvents(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<ServerEvent | null> {
  let name = "";
  let data: string[] = [];
  for await (const line of linesOfAnswer(body)) {
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
