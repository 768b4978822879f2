import { Buffer } from "node:buffer";
import { Decompress } from "fzstd";
import bzip from "seek-bzip";
import xz from "xz-decompress";
import { gunzip } from "../../shared/gunzip.ts";

/** How an index is packed. */
export type Compression = "bz2" | "gz" | "xz" | "zst" | "none";

type Bytes = Uint8Array<ArrayBuffer>;
type Write = (chunk: Uint8Array) => void;

/** An index packed with bzip2 is in memory as a whole; those who pack so have small ones. */
const maxBzipBytes = 64 * 1024 * 1024;
const outputBytes = 64 * 1024;

/**
 * Unpacks an index to its end; several streams one behind the other are one. Each chunk is only good until `write`
 * returns. Throws where it is not packed so, or cut short, and what `write` throws.
 */
export async function unpack(packed: ReadableStream<Bytes>, compression: Compression, write: Write): Promise<void> {
  switch (compression) {
    case "gz":
      return await writeAll(gunzip(packed), write);
    case "xz":
      return await writeAll(new xz.XzReadableStream(packed), write);
    case "bz2":
      return await unpackBzip(packed, write);
    case "zst":
      return await unpackZstd(packed, write);
    case "none":
      return await writeAll(packed, write);
  }
}

async function writeAll(chunks: AsyncIterable<Uint8Array>, write: Write): Promise<void> {
  for await (const chunk of chunks) write(chunk);
}

/** All at once at the end: the decoder takes no more when it has begun. */
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

/** Takes bytes one by one, and hands many of them on. */
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
  let isEmpty = true;
  for await (const chunk of packed) {
    isEmpty = false;
    decoder.push(chunk);
  }
  if (isEmpty) throw new Error("it is empty");
  decoder.push(new Uint8Array(), true);
}
