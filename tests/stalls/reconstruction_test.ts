// A client of Xet may ask for all parts of a file at once, of which a very large one has tens of thousands.
import assert from "node:assert/strict";
import { formatReconstruction } from "../../src/backends/huggingface/xet/reconstruction.ts";
import { longestStall, tolerableMs } from "../support/stall.ts";

const fileBytes = 4 * 2 ** 40;

for (const version of ["v1", "v2"] as const) {
  Deno.test(`all parts of a file of 4 TiB, ${version}`, async () => {
    let text = "";
    const stalledMs = await longestStall(async () => {
      text = await formatReconstruction({
        ...{ version, hash: "ab".repeat(32), fileBytes, range: { start: 0, end: fileBytes } },
        urlOf: (name, index) => `http://vault.example.com:8080/huggingface/v1/xorbs/${name}?part=${index}`,
      });
    });
    // All in one go takes 800 ms on a machine that does nothing else.
    assert.ok(stalledMs < 0.6 * tolerableMs, `${stalledMs} ms`);
    const { terms, xorbs, fetch_info: infos } = JSON.parse(text);
    assert.equal(terms.length, 65_665);
    assert.equal(new Set(terms.map(({ hash }: { hash: string }) => hash)).size, terms.length);
    assert.equal(
      terms.reduce((sum: number, one: { unpacked_length: number }) => sum + one.unpacked_length, 0),
      fileBytes,
    );
    const [place] = (xorbs ?? infos)[terms[7].hash];
    assert.match(place.url, /\?part=7$/);
    assert.deepEqual(place.ranges?.[0].bytes ?? place.url_range, { start: 0, end: 511 * (128 * 1024 + 8) - 1 });
  });
}
