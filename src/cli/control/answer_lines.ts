import type { ApiAnswer } from "./vault_api.ts";

const mostChars = 16 * 1024 * 1024;

/**
 * Yields the lines of an answer without their ends, which may be LF, CR LF or CR; what stands behind the last end is no
 * line. Throws for a line of more than 16 million characters.
 */
export async function* linesOfAnswer(body: ApiAnswer["body"]): AsyncGenerator<string, undefined> {
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
      if (chars > mostChars) throw new Error("a line of its answer is too long");
      if (at === lines.length - 1) break;
      yield begun.join("");
      [begun, chars] = [[], 0];
    }
  }
}
