import assert from "node:assert/strict";
import { didYouMean } from "../../src/config/nearest.ts";

const known = ["timeout", "ttl", "token", "http_host", "http_port"];

const cases: [word: string, nearest: string | null][] = [
  ["tiemout", "timeout"],
  ["Timeout", "timeout"],
  ["time_out", "timeout"],
  ["htp_prot", "http_port"],
  ["tokne", "token"],
  ["port", "http_port"],
  ["HOST", "http_host"],
  ["http", "http_host"],
  ["htt", null],
  ["tl", null],
  ["x", null],
  ["completely_other", null],
];

for (const [word, nearest] of cases) {
  Deno.test(`nearest to ${word} is ${nearest}`, () => {
    assert.equal(didYouMean(word, known), nearest === null ? "" : ` (did you mean "${nearest}"?)`);
  });
}
