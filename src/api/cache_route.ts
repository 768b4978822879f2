import { setImmediate } from "node:timers";
import { z } from "zod";
import { type CommandContext, type CommandName, inputs } from "../cache_commands/contract.ts";
import { runCommand } from "../cache_commands/run_command.ts";
import { messageOf, VaultError } from "../errors.ts";
import { redact } from "../observe/redact.ts";
import type { Reply } from "../server/reply.ts";
import type { Chunk, ChunkReader } from "../vault/vault.ts";
import type { Asked, ReplyRoute } from "./route.ts";
import { noQuery } from "./schemas.ts";
import { wrongInput } from "./wrong_input.ts";

const names = Object.keys(inputs) as [CommandName, ...CommandName[]];

const cacheBody = z.strictObject({
  command: z.enum(names).describe("As in artifact-vault cache"),
  input: z.record(z.string(), z.unknown()).default({}).describe("Its options"),
});

const line = z.looseObject({}).describe("visited, item, result or error").meta({ mediaType: "application/jsonl" });

/** Each reads the whole cache. */
const mostRunning = 2;
const encoder = new TextEncoder();
/** The characters of the lines that are sent together. */
const mostTogether = 32 * 1024;

/** Lets `artifact-vault cache` work on the cache of a server: its answer is a line of JSON for each thing that comes. */
export function cacheRoute(context: CommandContext, closing: AbortSignal): ReplyRoute {
  let running = 0;
  return {
    method: "POST",
    path: "/cache",
    summary: "Do to the cache what artifact-vault cache does, and tell of it line by line",
    query: noQuery,
    body: cacheBody,
    answers: { 200: line },
    reply({ body }: Asked<unknown, z.output<typeof cacheBody>>): Reply {
      const { data: input, error } = inputs[body.command].safeParse(body.input);
      if (error !== undefined) throw wrongInput(error, "body");
      if (running >= mostRunning) {
        const message =
          `${running} commands are running on the cache, and no more at once are allowed; try again later`;
        throw new VaultError("overloaded", message, { retryAfterSeconds: 10 });
      }
      running += 1;
      const reader = new LineReader((signal) => runCommand(body.command, input as never, { context, signal }), {
        closing,
        ended: () => void (running -= 1),
      });
      const headers = [["content-type", "application/jsonl"], ["cache-control", "no-store"]] as const;
      return { status: 200, headers, body: reader, cache: "none" };
    },
  };
}

interface LineReaderOptions {
  readonly closing: AbortSignal;
  readonly ended: () => void;
}

/** Sends what comes as lines of JSON, as fast as the client reads them; a client that leaves aborts it. */
class LineReader implements ChunkReader {
  readonly #lines: AsyncIterator<object, undefined>;
  readonly #abort = new AbortController();
  readonly #stop = () => this.#abort.abort();
  readonly #options: LineReaderOptions;
  /** What was asked for and has not been sent. */
  #next: Promise<IteratorResult<object, undefined>> | null = null;
  #isOver = false;

  constructor(start: (signal: AbortSignal) => AsyncIterable<object, undefined>, options: LineReaderOptions) {
    this.#options = options;
    this.#lines = start(this.#abort.signal)[Symbol.asyncIterator]();
    options.closing.addEventListener("abort", this.#stop);
  }

  /** Lines that come in the same turn of the event loop are sent together. */
  async read(): Promise<Chunk | null> {
    if (this.#isOver) return null;
    const turn = new Promise<undefined>((resolve) => setImmediate(() => resolve(undefined)));
    let text = "";
    try {
      while (text.length < mostTogether) {
        this.#next ??= this.#lines.next();
        const next = text === "" ? await this.#next : await Promise.race([this.#next, turn]);
        if (next === undefined || next.done && text !== "") break;
        this.#next = null;
        if (next.done) {
          this.#end();
          return null;
        }
        text += `${JSON.stringify(next.value)}\n`;
      }
    } catch (error) {
      this.#end();
      const code = error instanceof VaultError ? error.code : "storage_failed";
      text += `${JSON.stringify({ error: { code, message: redact(messageOf(error)) } })}\n`;
    }
    return encoder.encode(text);
  }

  release(): void {}

  close(): void {
    this.#abort.abort();
    this.#lines.return?.().catch(() => {});
    this.#end();
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#options.closing.removeEventListener("abort", this.#stop);
    this.#options.ended();
  }
}
