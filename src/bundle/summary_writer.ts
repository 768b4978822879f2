import type { ByteSink } from "../archive/byte_sink.ts";
import { compressing } from "../archive/compression.ts";
import type { ChainLink } from "./index_document.ts";
import type { SummedBody } from "./known_bodies.ts";
import type { Summary } from "./summary.ts";

const bufferedLines = 4096;

/** Writes a summary (`Summary`), compressed, line by line. */
export class SummaryWriter {
  readonly #sink: ByteSink;
  readonly #last: number;
  #lines: string[] = [];

  constructor(sink: ByteSink, chain: readonly ChainLink[]) {
    this.#sink = compressing(sink, "gzip");
    this.#last = chain.length - 1;
    this.#lines.push(JSON.stringify({ summary: 1, chain }));
  }

  /** Adds a body of the bundle at this place of the chain; of the last one when absent. */
  async body({ sha256, backend, link = this.#last }: Omit<SummedBody, "link"> & Partial<SummedBody>): Promise<void> {
    await this.#add(JSON.stringify(["b", sha256, link, ...backend === null ? [] : [backend]]));
  }

  async fact(sha256: string): Promise<void> {
    await this.#add(JSON.stringify(["f", sha256]));
  }

  /** The other side still has what it had: its chain is the beginning of the chain of this one. */
  async repeat(summary: Summary): Promise<void> {
    for await (const line of summary.lines()) await this.#add(line);
  }

  async finish(): Promise<void> {
    await this.#flush();
    await this.#sink.finish();
  }

  abort(): void {
    this.#sink.abort();
  }

  #add(line: string): Promise<void> | void {
    this.#lines.push(line);
    if (this.#lines.length >= bufferedLines) return this.#flush();
  }

  async #flush(): Promise<void> {
    const text = this.#lines.map((line) => `${line}\n`).join("");
    this.#lines = [];
    await this.#sink.write(new TextEncoder().encode(text));
  }
}
