import { messageOf, VaultError } from "../../errors.ts";
import { type ApiRequest, type ControlAnswer, readFirstLine, writeAll } from "./protocol.ts";
import type { ApiAnswer, VaultApi } from "./vault_api.ts";

const bufferBytes = 64 * 1024;

/** The own pages of the server whose control socket is at `path`. */
export function socketApi(path: string, url: string): VaultApi {
  return {
    url,
    async ask(request, signal) {
      try {
        return await askOnce(path, request, signal);
      } catch (error) {
        throw error instanceof VaultError ? error : new VaultError(
          "upstream_down",
          `The server does not answer: ${messageOf(error)}`,
          { cause: error },
        );
      }
    },
  };
}

async function askOnce(path: string, request: ApiRequest, signal?: AbortSignal): Promise<ApiAnswer> {
  signal?.throwIfAborted();
  const connection = await Deno.connect({ transport: "unix", path });
  let isOpen = true;
  const close = () => {
    if (isOpen) connection.close();
    isOpen = false;
    signal?.removeEventListener("abort", close);
  };
  signal?.addEventListener("abort", close);
  try {
    await writeAll(connection, new TextEncoder().encode(`api ${JSON.stringify(request)}\n`));
    const { line, rest } = await readFirstLine(connection);
    const answer = line === "" ? null : JSON.parse(line) as ControlAnswer;
    if (answer?.kind === "api") return { status: answer.status, body: bodyOf(connection, rest, close) };
    throw new VaultError("upstream_down", `The server does not answer: ${whyNot(answer)}`);
  } catch (error) {
    close();
    throw error;
  }
}

function whyNot(answer: ControlAnswer | null): string {
  if (answer === null) return "it has closed the connection";
  return answer.kind === "failed" ? answer.message : `it has answered something else: ${answer.kind}`;
}

/** What has come already, and then what comes until the end of the connection. */
function bodyOf(connection: Deno.Conn, rest: Uint8Array<ArrayBuffer>, close: () => void): ApiAnswer["body"] {
  return new ReadableStream({
    start(controller) {
      if (rest.length > 0) controller.enqueue(rest);
    },
    async pull(controller) {
      const buffer = new Uint8Array(bufferBytes);
      const count = await connection.read(buffer);
      if (count !== null) return controller.enqueue(buffer.subarray(0, count));
      close();
      controller.close();
    },
    cancel: close,
  }, { highWaterMark: 0 });
}
