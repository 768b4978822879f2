import assert from "node:assert/strict";
import { TextBuffer } from "../../src/bundle/text_buffer.ts";

Deno.test("a text buffer has what was appended, whatever it is and however long", () => {
  const buffer = new TextBuffer();
  const texts = ["", "plain", "ä€😀", "\ud800", "x".repeat(200_000), "ü".repeat(100_000)];
  for (const text of texts) buffer.append(text);
  buffer.appendBytes(new TextEncoder().encode("end"));
  const expected = new TextEncoder().encode(texts.join("") + "end");
  assert.equal(buffer.length, expected.byteLength);
  assert.deepEqual(buffer.bytes(), expected);
});

Deno.test("bytes of a text buffer stay what they were when more is appended", () => {
  const buffer = new TextBuffer();
  buffer.append("first");
  const bytes = buffer.bytes();
  buffer.append("second".repeat(50_000));
  assert.equal(new TextDecoder().decode(bytes), "first");
});
