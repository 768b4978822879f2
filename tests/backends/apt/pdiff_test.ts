import assert from "node:assert/strict";
import { parsePdiffIndex } from "../../../src/backends/apt/pdiff.ts";

const [current, history, patch, download, merged, sha1] = ["0", "1", "2", "3", "4", "5"].map((character) =>
  character.repeat(64)
);
const name = "2026-05-20-1403.49";

function parse(text: string) {
  return Object.fromEntries(parsePdiffIndex(new TextEncoder().encode(text)));
}

Deno.test("patches have the digests of what is downloaded, not of what is unpacked", () => {
  const index = `SHA1-Current: ${sha1!.slice(0, 40)} 100\nSHA256-Current: ${current} 100\n` +
    `SHA256-History:\n ${history} 90 ${name}\nSHA256-Patches:\n ${patch} 5 ${name}\n` +
    `SHA1-Download:\n ${sha1!.slice(0, 40)} 3 ${name}.gz\n${" " + sha1!.slice(0, 40)} 3 old.gz\n` +
    `SHA256-Download:\n ${download} 3 ${name}.gz\n ${merged} 4 T-${name}-F-2026-05-19-0203.04.gz\n` +
    `X-Unmerged-SHA256-Download:\n ${history} 3 one.gz\nX-Patch-Precedence: merged\n`;
  assert.deepEqual(parse(index), {
    [`${name}.gz`]: { algorithm: "sha256", hex: download },
    [`T-${name}-F-2026-05-19-0203.04.gz`]: { algorithm: "sha256", hex: merged },
    "one.gz": { algorithm: "sha256", hex: history },
    "old.gz": { algorithm: "sha1", hex: sha1!.slice(0, 40) },
  });
});

Deno.test("an index that tells of unpacked patches only has none", () => {
  assert.deepEqual(parse(`SHA1-Current: ${sha1!.slice(0, 40)} 100\nSHA1-Patches:\n ${sha1!.slice(0, 40)} 5 x\n`), {});
});

Deno.test("what is no such index is refused", () => {
  for (const text of ["<html>Log in</html>", "", `SHA256-Download:\n ${download} 3 x.gz\n`]) {
    assert.throws(() => parse(text), { code: "upstream_failed", message: /Not an index of patches/ });
  }
});
