/** A source of bytes that are read into the caller's memory. */
export interface ByteSource {
  /** Returns at least one byte at the beginning of `buffer`'s memory, or null at the end. */
  read(buffer: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer> | null>;
  /** Cancels the source; a read that is waiting ends with null. */
  cancel(reason: unknown): void;
}

type ByteStream = ReadableStream<Uint8Array<ArrayBuffer>>;

/** Opens a stream, and locks it. The body of a native `fetch` is read without copying, any other one is copied. */
export function openByteSource(stream: ByteStream): ByteSource {
  const reader = byobReader(stream);
  return reader === null ? new CopyingSource(stream.getReader()) : new DirectSource(reader);
}

/** Returns a BYOB reader, or null where the stream is no byte stream: that cannot be asked, only tried. */
function byobReader(stream: ByteStream): ReadableStreamBYOBReader | null {
  try {
    return stream.getReader({ mode: "byob" });
  } catch (error) {
    if (error instanceof TypeError && !stream.locked) return null;
    throw error;
  }
}

class DirectSource implements ByteSource {
  readonly #reader: ReadableStreamBYOBReader;

  constructor(reader: ReadableStreamBYOBReader) {
    this.#reader = reader;
  }

  async read(buffer: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer> | null> {
    const { done, value } = await this.#reader.read(buffer);
    return done ? null : value;
  }

  cancel(reason: unknown): void {
    cancelQuietly(this.#reader, reason);
  }
}

class CopyingSource implements ByteSource {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;
  #rest = new Uint8Array();

  constructor(reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>) {
    this.#reader = reader;
  }

  async read(buffer: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer> | null> {
    while (this.#rest.length === 0) {
      const { done, value } = await this.#reader.read();
      if (done) return null;
      this.#rest = value;
    }
    const length = Math.min(buffer.length, this.#rest.length);
    buffer.set(this.#rest.subarray(0, length));
    this.#rest = this.#rest.subarray(length);
    return buffer.subarray(0, length);
  }

  cancel(reason: unknown): void {
    this.#rest = new Uint8Array();
    cancelQuietly(this.#reader, reason);
  }
}

/** Cancels a body that nobody wants, and so frees its connection. */
export function discardBody(response: Response): void {
  if (response.body !== null) cancelQuietly(response.body, undefined);
}

/** Cancels without errors: a stream that has already failed would report that once more, to nobody. */
function cancelQuietly(stream: { cancel(reason: unknown): Promise<void> }, reason: unknown): void {
  stream.cancel(reason).catch(() => {});
}
