import { createHash, type Hash } from "node:crypto";
import type { ReadableBody } from "../../document.ts";
import { VaultError } from "../../errors.ts";
import type { HeaderList } from "../../http/headers.ts";
import { redactUrl } from "../../observe/redact.ts";
import type { OpenedArtifact } from "../vault.ts";

/** An opened body, for a reader that may want all of it, a part or nothing. It ends with `close`. */
export class OpenedBody implements ReadableBody {
  readonly #opened: OpenedArtifact;
  readonly #maxBytes: number;
  /** The hash of the body, where its digest is not known yet. */
  readonly #hash: Hash | null;
  #reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> | null = null;
  #sha256: string | null = null;
  #readBytes = 0;
  #ended = false;

  readonly signal: AbortSignal;

  constructor(opened: OpenedArtifact, { maxBytes, signal }: { maxBytes: number; signal: AbortSignal }) {
    this.#opened = opened;
    this.#maxBytes = maxBytes;
    this.signal = signal;
    this.#hash = opened.sha256 === undefined ? createHash("sha256") : null;
  }

  get headers(): HeaderList {
    return this.#opened.headers;
  }

  get sizeBytes(): number | undefined {
    return this.#opened.sizeBytes;
  }

  get url(): string {
    return redactUrl(this.#opened.upstream);
  }

  get location(): string {
    return this.#opened.location ?? this.url;
  }

  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    this.#checkSize(this.sizeBytes ?? 0);
    return this.#opened.bytes ?? await new Response(this.stream()).bytes();
  }

  stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return new ReadableStream({
      pull: async (controller) => {
        const chunk = await this.#next();
        if (chunk === null) controller.close();
        else controller.enqueue(chunk);
      },
    }, { highWaterMark: 0 });
  }

  /** The SHA-256 of the whole body, which is read to its end where that takes it. Rejects where the body is broken. */
  async sha256(): Promise<string> {
    if (this.#hash === null) return this.#opened.sha256!;
    while (await this.#next() !== null);
    return this.#sha256 ??= this.#hash.digest("hex");
  }

  close(): void {
    if (this.#reader === null) this.#opened.close();
    else if (!this.#ended) this.#reader.cancel().catch(() => {});
  }

  async #next(): Promise<Uint8Array<ArrayBuffer> | null> {
    if (this.#ended) return null;
    this.#checkSize(this.sizeBytes ?? 0);
    this.#reader ??= this.#opened.stream().getReader();
    const { done, value } = await this.#reader.read();
    if (done) {
      this.#ended = true;
      return null;
    }
    this.#readBytes += value.byteLength;
    this.#checkSize(this.#readBytes);
    this.#hash?.update(value);
    return value;
  }

  #checkSize(bytes: number): void {
    if (bytes <= this.#maxBytes) return;
    throw tooLarge(this.url, this.#maxBytes);
  }
}

/** Returns the error for a body that is too large to be parsed. */
export function tooLarge(url: string, maxBytes: number): VaultError {
  return new VaultError("upstream_failed", `Cannot make sense of "${url}": it is larger than ${maxBytes} bytes`);
}
