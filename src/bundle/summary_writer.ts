import type { ByteSink } from "../archive/byte_sink.ts";
import { compressing } from "../archive/compression.ts";
import { Breather } from "./breather.ts";
import type { ChainLink } from "./index_document.ts";
import type { SummedBody } from "./known_bodies.ts";
import type { Summary } from "./summary.ts";
import { TextBuffer } from "./text_buffer.ts";

const bufferedBytes = 256 * 1024;

/** Writes a summary (`Summary`), compressed, line by line. */
export class SummaryWriter {
  readonly #sink: ByteSink;
  readonly #last: number;
  /** Lines that are not written yet. */
  readonly #text = new TextBuffer();

  constructor(sink: ByteSink, chain: readonly ChainLink[]) {
    this.#sink = compressing(sink, "gzip");
    this.#last = chain.length - 1;
    this.#text.append(`${JSON.stringify({ summary: 1, chain })}\n`);
  }

  /** Adds a body of the bundle at this place of the chain; of the last one when absent. */
  async body({ sha256, backend, link = this.#last }: Omit<SummedBody, "link"> & Partial<SummedBody>): Promise<void> {
    await this.#add(JSON.stringify(["b", sha256, link, ...backend === null ? [] : [backend]]));
  }

  async fact(sha256: string): Promise<void> {
    await this.#add(JSON.stringify(["f", sha256]));
  }

  /** The other side still has what it had: its chain is the beginning of the chain of this one. */
  async repeat(summary: Summary, signal?: AbortSignal): Promise<void> {
    const breather = new Breather(signal);
    for await (const line of summary.lines()) {
      await breather.breathe();
      await this.#add(line);
    }
  }

  async finish(): Promise<void> {
    await this.#flush();
    await this.#sink.finish();
  }

  abort(): void {
    this.#sink.abort();
  }

  #add(line: string): Promise<void> | void {
    this.#text.append(`${line}\n`);
    if (this.#text.length >= bufferedBytes) return this.#flush();
  }

  async #flush(): Promise<void> {
    await this.#sink.write(this.#text.bytes());
    this.#text.clear();
  }
}
