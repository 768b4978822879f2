import { TextLineStream } from "./text_line_stream.ts";

/** How long a server may take for what a test waits for; a hung server fails the test instead of hanging it. */
const patienceMs = 30_000;

interface Waiter {
  readonly pattern: RegExp;
  readonly found: (match: RegExpMatchArray) => void;
  readonly failed: (error: Error) => void;
}

/** A server program under test: its output line by line, and an end that is always by its own pid. */
export class ServerProcess implements AsyncDisposable {
  readonly #name: string;
  readonly #child: Deno.ChildProcess;
  readonly #waiters = new Set<Waiter>();
  readonly #reading: Promise<unknown>;
  /** Everything it wrote to stdout and stderr, in the order it came. */
  readonly lines: string[] = [];
  readonly status: Promise<Deno.CommandStatus>;
  #running = true;

  constructor(command: readonly string[], options: Pick<Deno.CommandOptions, "cwd" | "env" | "clearEnv"> = {}) {
    const [program = "", ...args] = command;
    this.#name = program;
    this.#child = new Deno.Command(program, { ...options, args, stdin: "null", stdout: "piped", stderr: "piped" })
      .spawn();
    this.#reading = Promise.all([this.#read(this.#child.stdout), this.#read(this.#child.stderr)]);
    this.status = this.#ended();
  }

  get pid(): number {
    return this.#child.pid;
  }

  get running(): boolean {
    return this.#running;
  }

  get output(): string {
    return this.lines.join("\n");
  }

  /** The first line, past or to come, that matches; throws when the program ends or stays silent instead. */
  waitForLine(pattern: RegExp): Promise<RegExpMatchArray> {
    const past = this.lines.map((line) => line.match(pattern)).find((match) => match !== null);
    if (past) return Promise.resolve(past);
    const { promise, resolve, reject } = Promise.withResolvers<RegExpMatchArray>();
    const waiter = { pattern, found: resolve, failed: reject };
    const timer = setTimeout(() => reject(this.#error(`has not written ${pattern}`)), patienceMs);
    this.#waiters.add(waiter);
    if (!this.#running) reject(this.#error(`ended before it wrote ${pattern}`));
    return promise.finally(() => {
      clearTimeout(timer);
      this.#waiters.delete(waiter);
    });
  }

  /** Sends the signal and waits for the end; does nothing to a program that has ended. */
  async stop(signal: Deno.Signal = "SIGTERM"): Promise<Deno.CommandStatus> {
    if (this.#running) this.#child.kill(signal);
    return await this.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const timer = setTimeout(() => this.#running && this.#child.kill("SIGKILL"), patienceMs);
    await this.stop().finally(() => clearTimeout(timer));
  }

  async #ended(): Promise<Deno.CommandStatus> {
    const status = await this.#child.status;
    this.#running = false;
    await this.#reading;
    for (const waiter of this.#waiters) waiter.failed(this.#error(`ended with code ${status.code}`));
    return status;
  }

  async #read(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    for await (const line of stream.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream())) {
      this.lines.push(line);
      for (const waiter of this.#waiters) {
        const match = line.match(waiter.pattern);
        if (match) waiter.found(match);
      }
    }
  }

  #error(what: string): Error {
    return new Error(`${this.#name} ${what}. Its output:\n${this.output}`);
  }
}
