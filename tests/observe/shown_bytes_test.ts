import assert from "node:assert/strict";
import { shownBytes } from "../../src/observe/shown_bytes.ts";

for (
  const [bytes, text] of [
    [0, "0 bytes"],
    [1023, "1023 bytes"],
    [1024, "1 KiB"],
    [1536, "1.5 KiB"],
    [1024 ** 2 - 1, "1 MiB"],
    [824 * 1024 ** 2, "824 MiB"],
    [1024 ** 6 * 5, "5120 PiB"],
  ] as const
) {
  Deno.test(`${bytes} bytes are shown as ${text}`, () => assert.equal(shownBytes(bytes), text));
}
