import { Readable } from "node:stream";
import zlib from "node:zlib";
import { Decompress } from "fzstd";
import { messageOf, VaultError } from "../errors.ts";
import type { ByteReader } from "./byte_reader.ts";
import type { ByteSink } from "./byte_sink.ts";
import type { ByteSource } from "./byte_source.ts";
import { WindowTooLarge, ZstdFrame } from "./zstd_frame.ts";

export type Compression = "gzip" | "zstd";

const magics: readonly (readonly [Compression, readonly number[]])[] = [
  ["gzip", [0x1f, 0x8b]],
  ["zstd", [0x28, 0xb5, 0x2f, 0xfd]],
];
const chunkBytes = 256 * 1024;
const gzipEndBytes = 8;

/** The compression of what begins with these four bytes; null for none. */
export function compressionOf(beginning: Uint8Array): Compression | null {
  const [found] = magics.find(([, magic]) => magic.every((byte, at) => beginning[at] === byte)) ?? [];
  return found ?? null;
}

/** The compression that the name of a file asks for; null for none. */
export function compressionNamed(path: string): Compression | null {
  if (/\.t?gz$/i.test(path)) return "gzip";
  return /\.t?zst$/i.test(path) ? "zstd" : null;
}

/**
 * Decompresses what a reader has. Its `read` throws `bundle_interrupted` where the data ends too early, and
 * `bundle_wrong` where they are damaged, or where something stands behind them that adds nothing.
 */
export function decompressed(reader: ByteReader, compression: Compression): ByteSource {
  const chunks = chunksOf(reader.asSource());
  const input = compression === "zstd" ? oneFrame(chunks) : chunks;
  const decoder = compression === "gzip" ? zlib.createGunzip() : zstdOrNull(() => zlib.createZstdDecompress());
  const output = decoder === null ? unzstd(input) : inflate(input, decoder, compression);
  let rest: Uint8Array = new Uint8Array();
  return {
    async read(into) {
      while (rest.byteLength === 0) {
        const { done, value } = await output.next().catch((error) => fail(error, compression));
        if (done) return null;
        rest = value;
      }
      const taken = rest.subarray(0, into.byteLength);
      into.set(taken);
      rest = rest.subarray(taken.byteLength);
      return taken.byteLength;
    },
    close: () => reader.close(),
  };
}

/** Compresses, fast rather than small, what is written to `sink`. Throws `config_invalid` without a compressor. */
export function compressing(sink: ByteSink, compression: Compression): ByteSink {
  const stream = compression === "gzip" ? zlib.createGzip({ level: 1, chunkSize: chunkBytes }) : createZstd();
  let failure: { readonly error: unknown } | null = null;
  let giveUp = (_error: unknown) => {};
  // At its end the compressor of the runtime may begin another frame, with nothing in it.
  const frame = compression === "zstd" ? new ZstdFrame() : null;
  const copied = (async () => {
    for await (const chunk of stream) await sink.write(frame === null ? chunk : chunk.subarray(0, frame.push(chunk)));
  })();
  // The write under way, the next one or the end reports it.
  copied.catch((error) => {
    failure = { error };
    stream.destroy();
    giveUp(error);
  });
  return {
    write(bytes) {
      if (failure !== null) return Promise.reject(failure.error);
      // Nothing of a write is kept when it is done: there may be any number of them.
      return new Promise((resolve, reject) => {
        giveUp = reject;
        stream.write(bytes.slice(), (error) => error ? reject(error) : resolve());
      });
    },
    async finish() {
      stream.end();
      await copied;
      await sink.finish();
    },
    abort() {
      stream.destroy();
      sink.abort();
    },
  };
}

function createZstd(): zlib.ZstdCompress {
  const stream = zstdOrNull(() => zlib.createZstdCompress({ chunkSize: chunkBytes }));
  if (stream !== null) return stream;
  throw new VaultError(
    "config_invalid",
    "This program cannot write .zst, since the runtime in it has no compressor for that; choose a name that ends with " +
      ".tar.gz or .tar, or pipe through zstd: artifact-vault bundle export - | zstd > bundle.tar.zst",
  );
}

/** Null where the runtime has none: Deno before 2.7 has the functions, and they throw. */
function zstdOrNull<Stream>(create: () => Stream): Stream | null {
  try {
    return create();
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

async function* chunksOf(source: ByteSource): AsyncGenerator<Uint8Array> {
  for (;;) {
    const chunk = new Uint8Array(chunkBytes);
    const count = await source.read(chunk);
    if (count === null) return;
    yield chunk.subarray(0, count);
  }
}

async function* inflate(
  input: AsyncIterable<Uint8Array>,
  stream: zlib.Gunzip | zlib.ZstdDecompress,
  compression: Compression,
): AsyncGenerator<Uint8Array> {
  let inputBytes = 0;
  let outputBytes = 0;
  let last: Uint8Array = new Uint8Array();
  const seen = (chunk: Uint8Array) => {
    inputBytes += chunk.byteLength;
    last = lastOf(last, chunk);
  };
  const source = Readable.from(watched(input, seen), { objectMode: false });
  source.on("error", (error) => stream.destroy(error));
  for await (const chunk of source.pipe(stream)) {
    outputBytes += chunk.byteLength;
    yield chunk;
  }
  // What stands behind the compressed data is none of it, and nothing else would look at it.
  if (stream.bytesWritten !== inputBytes) throw surplus();
  // A gzip member ends with the checksum and the size of its content: an empty one may stand there, too.
  if (compression === "gzip" && outputBytes > 0 && last.every((byte) => byte === 0)) throw surplus();
}

/** The end of what has come, as long as that of a gzip member (RFC 1952 §2.3.1). */
function lastOf(before: Uint8Array, chunk: Uint8Array): Uint8Array {
  return Uint8Array.from([...before, ...chunk.subarray(-gzipEndBytes)].slice(-gzipEndBytes));
}

/** Decoders differ in what they do with a second frame. */
async function* oneFrame(input: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const frame = new ZstdFrame();
  for await (const chunk of input) {
    if (frame.push(chunk) < chunk.byteLength) throw surplus();
    yield chunk;
  }
}

async function* watched(
  input: AsyncIterable<Uint8Array>,
  see: (chunk: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of input) {
    see(chunk);
    yield chunk;
  }
}

function surplus(): VaultError {
  return new VaultError("bundle_wrong", "there are bytes after its end");
}

async function* unzstd(input: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let made: Uint8Array[] = [];
  let isWhole = false;
  const decoder = new Decompress((chunk, isLast) => {
    made.push(chunk);
    isWhole ||= isLast === true;
  });
  for await (const chunk of input) {
    decoder.push(chunk);
    yield* made;
    made = [];
  }
  decoder.push(new Uint8Array(), true);
  yield* made;
  if (!isWhole) throw new Error("unexpected EOF");
}

function fail(error: unknown, compression: Compression): never {
  if (error instanceof VaultError) throw error;
  if (error instanceof WindowTooLarge) throw new VaultError("bundle_wrong", error.message, { cause: error });
  const isCut = /unexpected (?:end of file|EOF)/i.test(messageOf(error));
  const what = isCut ? `its ${compression} data end too early` : `its ${compression} data are damaged`;
  throw new VaultError(isCut ? "bundle_interrupted" : "bundle_wrong", what, { cause: error });
}
