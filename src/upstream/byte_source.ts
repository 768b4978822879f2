/** Bytes that are read into the caller's memory. */
export interface ByteSource {
  /** At least one byte at the beginning of `buffer`'s memory, or null at the end. */
  read(buffer: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer> | null>;
  /** Gives up the rest; a read that is waiting ends with null. */
  cancel(reason: unknown): void;
}

type ByteStream = ReadableStream<Uint8Array<ArrayBuffer>>;

/** Locks the stream. The body of a native `fetch` is read without copying, any other one is copied. */
export function openByteSource(stream: ByteStream): ByteSource {
  const reader = byobReader(stream);
  return reader === null ? new CopyingSource(stream.getReader()) : new DirectSource(reader);
}

/** Whether a stream is a byte stream cannot be asked, only tried. */
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

/** Gives up a body that nobody wants, with its connection. */
export function discardBody(response: Response): void {
  if (response.body !== null) cancelQuietly(response.body, undefined);
}

/** A stream that has already failed says so again when it is cancelled; nobody is waiting for that. */
function cancelQuietly(stream: { cancel(reason: unknown): Promise<void> }, reason: unknown): void {
  stream.cancel(reason).catch(() => {});
}
