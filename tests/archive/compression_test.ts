import assert from "node:assert/strict";
import zlib from "node:zlib";
import { ByteReader } from "../../src/archive/byte_reader.ts";
import { compressing, type Compression, decompressed } from "../../src/archive/compression.ts";
import { ZstdFrame } from "../../src/archive/zstd_frame.ts";
import { VaultError } from "../../src/errors.ts";
import { waitUntil } from "../support/wait_until.ts";

const mib = 1024 * 1024;

Deno.test("what was compressed is not kept in memory", async () => {
  let written = 0;
  const sink = compressing({
    write: (bytes) => void (written += bytes.byteLength),
    finish: () => Promise.resolve(),
    abort() {},
  }, "gzip");
  const chunks: WeakRef<Uint8Array>[] = [];
  for (let count = 0; count < 100; count++) {
    const chunk = new Uint8Array(mib);
    chunks.push(new WeakRef(chunk));
    await sink.write(chunk);
  }
  // Memory is asked for until what nobody holds is collected, however late that is.
  await waitUntil("the chunks are let go", () => {
    new Uint8Array(8 * mib);
    return chunks.filter((chunk) => chunk.deref() !== undefined).length < 50;
  });
  await sink.finish();
  assert.ok(written > 0);
});

Deno.test("a sink that fails ends the write under way, and the later ones, with its error", async () => {
  const failure = new Error("no space left");
  const sink = compressing({
    write() {
      throw failure;
    },
    finish: () => Promise.resolve(),
    abort() {},
  }, "gzip");
  const writeUntilItFails = async () => {
    for (let count = 0; count < 100; count++) {
      await sink.write(crypto.getRandomValues(new Uint8Array(64 * 1024)));
    }
  };
  await assert.rejects(writeUntilItFails(), failure);
  await assert.rejects(Promise.resolve(sink.write(new Uint8Array(1))), failure);
  sink.abort();
});

const joined = (...pieces: readonly Uint8Array[]) => Uint8Array.from(pieces.flatMap((piece) => [...piece]));
const content = new TextEncoder().encode("content ".repeat(1000));
const empty = new Uint8Array();
const skippable = Uint8Array.of(0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 7);

/** Decompresses bytes that come in pieces of this size. */
async function unpacked(bytes: Uint8Array, compression: Compression, pieceBytes: number): Promise<Uint8Array> {
  let at = 0;
  const read = (into: Uint8Array) => {
    const piece = bytes.subarray(at, at + Math.min(pieceBytes, into.byteLength));
    into.set(piece);
    at += piece.byteLength;
    return piece.byteLength === 0 ? null : piece.byteLength;
  };
  const reader = new ByteReader(decompressed(new ByteReader({ read, close() {} }), compression));
  return (await reader.peek(2 * content.byteLength)).slice();
}

for (
  const [what, compression, whole, surplus] of [
    ["an empty gzip member", "gzip", zlib.gzipSync(content), zlib.gzipSync(empty)],
    ["zero bytes", "gzip", zlib.gzipSync(content), new Uint8Array(20)],
    ["an empty zstd frame", "zstd", zlib.zstdCompressSync(content), zlib.zstdCompressSync(empty)],
    ["a zstd frame to be skipped", "zstd", zlib.zstdCompressSync(content), skippable],
  ] as const
) {
  for (const pieceBytes of [1, 7, 100_000]) {
    Deno.test(`${what} behind compressed data is found, in pieces of ${pieceBytes} bytes`, async () => {
      assert.deepEqual(await unpacked(whole, compression, pieceBytes), content);
      for (const more of [surplus, joined(surplus, surplus)]) {
        const wrong = unpacked(joined(whole, more), compression, pieceBytes);
        await assert.rejects(
          wrong,
          (error) => error instanceof VaultError && /bytes after its end/.test(error.message),
        );
      }
    });
  }
}

Deno.test("the end of a zstd frame is found without decompressing it", () => {
  const random = crypto.getRandomValues(new Uint8Array(65_536));
  const contents = [
    empty,
    content,
    random,
    joined(...Array.from({ length: 5 }, () => random), new Uint8Array(300_000)),
  ];
  for (const bytes of contents) {
    for (const checksum of [0, 1]) {
      const params = { [zlib.constants.ZSTD_c_checksumFlag]: checksum };
      const packed = zlib.zstdCompressSync(bytes, { params });
      const end = new ZstdFrame().push(joined(packed, skippable));
      assert.ok(end <= packed.byteLength);
      assert.deepEqual(Uint8Array.from(zlib.zstdDecompressSync(packed.subarray(0, end))), bytes);
    }
  }
});
