import assert from "node:assert/strict";
import { ByteReader } from "../../src/archive/byte_reader.ts";
import { openFileSource } from "../../src/archive/file_source.ts";
import { blockBytes, formatHeader, paddingOf } from "../../src/archive/tar_header.ts";
import { TarReader } from "../../src/archive/tar_reader.ts";
import { TarWriter } from "../../src/archive/tar_writer.ts";
import { createFileSink } from "../../src/archive/file_sink.ts";
import { bytesOf } from "../support/store_fixture.ts";
import { createTempDir } from "../support/temp_dir.ts";
import { runToSuccess } from "../support/run_command.ts";

Deno.test("what the writer writes, the real tar unpacks, and the reader reads", async () => {
  await using dir = await createTempDir();
  const sizes = [0, 1, 511, 512, 513, 3_000_000];
  const writer = new TarWriter(createFileSink(dir.join("a.tar")));
  for (const size of sizes) {
    await writer.begin(`blobs/${size}`, size);
    await writer.write(bytesOf(String(size), size));
    await writer.end();
  }
  await writer.finish();
  await runToSuccess(["tar", "-xf", dir.join("a.tar"), "-C", dir.path]);
  const reader = new TarReader(new ByteReader(openFileSource(dir.join("a.tar"))));
  for (const size of sizes) {
    assert.deepEqual(Deno.readFileSync(dir.join("blobs", String(size))), bytesOf(String(size), size));
    const member = await reader.open(`blobs/${size}`, size);
    const bytes = new Uint8Array(size);
    let at = 0;
    for (let chunk; (chunk = await member.next()) !== null; at += chunk.byteLength) bytes.set(chunk, at);
    assert.equal(at, size);
    assert.deepEqual(bytes, bytesOf(String(size), size));
  }
  await reader.finish();
  reader.close();
});

for (const sizeBytes of [8 * 1024 ** 3 - 1, 8 * 1024 ** 3, 123_456_789_012]) {
  Deno.test(`a member of ${sizeBytes} bytes has a header that the real tar understands`, async () => {
    await using dir = await createTempDir();
    const path = dir.join("large.tar");
    const header = formatHeader({ name: "large", sizeBytes });
    Deno.writeFileSync(path, header);
    // The bytes of the member and the end are a hole.
    Deno.truncateSync(path, header.byteLength + sizeBytes + paddingOf(sizeBytes) + 2 * blockBytes);
    assert.match(await runToSuccess(["tar", "-tvf", path]), new RegExp(` ${sizeBytes} 1970-01-01 .* large$`));
    const reader = new TarReader(new ByteReader(openFileSource(path)));
    const member = await reader.open("large", sizeBytes);
    await member.skip();
    await reader.finish();
    reader.close();
  });
}
