import type { ByteSink } from "./byte_sink.ts";
import type { MemberSink } from "./member_source.ts";
import { blockBytes, formatHeader, paddingOf } from "./tar_header.ts";

const bufferBytes = 1024 * 1024;

/** Writes members as a tar archive. Small pieces are collected, so that each write is large. */
export class TarWriter implements MemberSink {
  readonly #sink: ByteSink;
  readonly #buffer = new Uint8Array(bufferBytes);
  #filled = 0;
  #sizeBytes = 0;

  constructor(sink: ByteSink) {
    this.#sink = sink;
  }

  has(): boolean {
    return false;
  }

  async begin(name: string, sizeBytes: number): Promise<void> {
    this.#sizeBytes = sizeBytes;
    await this.write(formatHeader({ name, sizeBytes }));
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#filled + bytes.byteLength > bufferBytes) await this.#flush();
    if (bytes.byteLength >= bufferBytes) return await this.#sink.write(bytes);
    this.#buffer.set(bytes, this.#filled);
    this.#filled += bytes.byteLength;
  }

  async end(): Promise<void> {
    await this.write(new Uint8Array(paddingOf(this.#sizeBytes)));
  }

  async finish(): Promise<void> {
    await this.write(new Uint8Array(2 * blockBytes));
    await this.#flush();
    await this.#sink.finish();
  }

  abort(): void {
    this.#sink.abort();
  }

  async #flush(): Promise<void> {
    if (this.#filled > 0) await this.#sink.write(this.#buffer.subarray(0, this.#filled));
    this.#filled = 0;
  }
}
