import { Buffer } from "node:buffer";
import { Decompress } from "fzstd";
import bzip from "seek-bzip";
import xz from "xz-decompress";
import { WindowTooLarge, ZstdFrames } from "../../archive/zstd_frame.ts";
import { gunzip } from "./gunzip.ts";

type Bytes = Uint8Array<ArrayBuffer>;
type Write = (chunk: Uint8Array) => void;

/** The error for a document that is not packed in the way it says, or in a way that is not known. */
export class UnpackError extends Error {
  override readonly name = "UnpackError";
}

/** The error for a document that unpacks to more than it may. */
export class DocumentTooLarge extends Error {
  override readonly name = "DocumentTooLarge";
}

/** seek-bzip needs the packed document in memory as a whole; those who pack with bzip2 have small ones. */
export const maxBzipBytes = 64 * 1024 * 1024;
const outputBytes = 64 * 1024;

/**
 * Unpacks a document to its end; several packed streams in a row count as one. `coding` is `identity`, `gzip`,
 * `deflate`, `xz`, `bzip2` or `zstd`. A chunk is valid only until `write` returns. Throws `UnpackError`, and whatever
 * `write` throws as its cause; a `DocumentTooLarge` of `write` passes unchanged.
 */
export async function unpack(packed: ReadableStream<Bytes>, coding: string, write: Write): Promise<void> {
  try {
    await unpackAs(coding, packed, write);
  } catch (error) {
    if (error instanceof WindowTooLarge) throw new UnpackError(error.message, { cause: error });
    if (error instanceof DocumentTooLarge || error instanceof UnpackError) throw error;
    throw new UnpackError(`it says that it is packed (${coding}), and is not`, { cause: error });
  }
}

async function unpackAs(coding: string, packed: ReadableStream<Bytes>, write: Write): Promise<void> {
  switch (coding) {
    case "identity":
      return await writeAll(packed, write);
    case "gzip":
      return await writeAll(gunzip(packed), write);
    case "deflate":
      return await writeAll(packed.pipeThrough(new DecompressionStream("deflate")), write);
    case "xz":
      return await writeAll(new xz.XzReadableStream(packed), write);
    case "bzip2":
      return await unpackBzip(packed, write);
    case "zstd":
      return await unpackZstd(packed, write);
    default:
      throw new UnpackError(`it is packed in the way "${coding}"`);
  }
}

async function writeAll(chunks: AsyncIterable<Uint8Array>, write: Write): Promise<void> {
  for await (const chunk of chunks) write(chunk);
}

/** All at once at the end: the decoder takes no more input once it has begun. */
async function unpackBzip(packed: ReadableStream<Bytes>, write: Write): Promise<void> {
  const chunks: Bytes[] = [];
  let packedBytes = 0;
  for await (const chunk of packed) {
    packedBytes += chunk.byteLength;
    if (packedBytes > maxBzipBytes) throw new Error(`it is larger than ${maxBzipBytes} bytes`);
    chunks.push(chunk);
  }
  if (packedBytes === 0) throw new Error("it is empty");
  const output = new Output(write);
  bzip.decode(Buffer.concat(chunks), output, true);
  output.flush();
}

/** Takes bytes one by one, and writes many of them at a time. */
class Output {
  readonly #write: Write;
  readonly #bytes = new Uint8Array(outputBytes);
  #length = 0;

  constructor(write: Write) {
    this.#write = write;
  }

  writeByte(byte: number): void {
    this.#bytes[this.#length++] = byte;
    if (this.#length === outputBytes) this.flush();
  }

  flush(): void {
    this.#write(this.#bytes.subarray(0, this.#length));
    this.#length = 0;
  }
}

async function unpackZstd(packed: ReadableStream<Bytes>, write: Write): Promise<void> {
  const decoder = new Decompress((chunk) => void write(chunk));
  // The decoder makes room for whatever a frame asks for.
  const frames = new ZstdFrames();
  let isEmpty = true;
  for await (const chunk of packed) {
    isEmpty = false;
    frames.push(chunk);
    decoder.push(chunk);
  }
  if (isEmpty) throw new Error("it is empty");
  decoder.push(new Uint8Array(), true);
}
