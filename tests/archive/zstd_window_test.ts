import assert from "node:assert/strict";
import { ByteReader } from "../../src/archive/byte_reader.ts";
import { decompressed } from "../../src/archive/compression.ts";
import { unpack, UnpackError } from "../../src/backends/shared/unpack.ts";
import { VaultError } from "../../src/errors.ts";

const mib = 1024 * 1024;
const magic = [0x28, 0xb5, 0x2f, 0xfd];
/** The last block, with one byte. */
const block = [0x09, 0, 0, 0x78];
const skippable = [0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 7];
/** A frame whose window has this descriptor (RFC 8878 §3.1.1.1.2). */
const frame = (window: number) => [...magic, 0, window, ...block];
const small = frame(0);

const wrong: readonly (readonly [what: string, bytes: readonly number[], asked: string])[] = [
  ["an eighth more than it may", frame(0x89), String(144 * mib)],
  ["the most that can be said", frame(0xff), String(2 ** 41 * 15 / 8)],
  ["content of 4 GiB in one segment", [...magic, 0xe0, 0, 0, 0, 0, 1, 0, 0, 0, ...block], String(2 ** 32)],
  ["that behind a dictionary", [...magic, 0xa1, 9, 0xff, 0xff, 0xff, 0xff, ...block], String(2 ** 32 - 1)],
];

/** In pieces of one byte, as slow as a connection may be, or whole. */
function streamOf(bytes: readonly number[], pieceBytes: number): ReadableStream<Uint8Array<ArrayBuffer>> {
  const starts = Array.from({ length: Math.ceil(bytes.length / pieceBytes) }, (_, index) => index * pieceBytes);
  return ReadableStream.from(starts.map((start) => Uint8Array.from(bytes.slice(start, start + pieceBytes))));
}

async function unpacked(bytes: readonly number[], pieceBytes: number): Promise<string> {
  let text = "";
  await unpack(streamOf(bytes, pieceBytes), "zstd", (chunk) => text += new TextDecoder().decode(chunk));
  return text;
}

async function readArchive(bytes: readonly number[]): Promise<string> {
  const rest = [...bytes];
  const source = decompressed(
    new ByteReader({
      read(into) {
        const taken = rest.splice(0, into.byteLength);
        into.set(taken);
        return Promise.resolve(taken.length === 0 ? null : taken.length);
      },
      close() {},
    }),
    "zstd",
  );
  const into = new Uint8Array(10);
  const count = await source.read(into);
  return new TextDecoder().decode(into.subarray(0, count ?? 0));
}

for (const [what, bytes, asked] of wrong) {
  const message = new RegExp(`^its zstd data need ${asked} bytes of memory, and at most 134217728 are given to them$`);

  Deno.test(`a list whose frame asks for ${what} is not unpacked, wherever the frame stands`, async () => {
    for (const before of [[], small, skippable, [...small, ...skippable]]) {
      for (const pieceBytes of [1, 1000]) {
        await assert.rejects(unpacked([...before, ...bytes], pieceBytes), (error) => {
          assert.ok(error instanceof UnpackError);
          assert.match(error.message, message);
          return true;
        });
      }
    }
  });

  Deno.test(`an archive whose frame asks for ${what} is refused`, async () => {
    await assert.rejects(readArchive(bytes), (error) => {
      assert.ok(error instanceof VaultError && error.code === "bundle_wrong");
      assert.match(error.message, message);
      return true;
    });
  });
}

Deno.test("a frame may ask for what those of zstd at its highest level do", async () => {
  const most = frame(0x88);
  assert.equal(await readArchive(most), "x");
  assert.equal(await unpacked([...small, ...skippable, ...most], 1000), "xx");
});
