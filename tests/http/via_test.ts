import assert from "node:assert/strict";
import { routeOf, viaOf } from "../../src/http/via.ts";

const me = "vault-1";

const cases: readonly [via: string, expected: ReturnType<typeof routeOf>][] = [
  ["1.1 squid.example", { kind: "open" }],
  ["1.1 vault-12, HTTP/1.1 other:8080", { kind: "open" }],
  ["1.1 squid (says vault-1, 1.1 vault-1)", { kind: "open" }],
  ["1.1 vault-1", { kind: "loop", through: [] }],
  ["1.0 fred,1.1 \t vault-1 (here) , 1.1 p.example (x, y)", { kind: "loop", through: ["p.example"] }],
  ["", { kind: "open" }],
  [" , ,nonsense", { kind: "open" }],
  [Array(33).fill("1.1 p").join(), { kind: "too_long" }],
  ["1.1 " + "p".repeat(5000), { kind: "too_long" }],
];

for (const [via, expected] of cases) {
  Deno.test(`Via: ${via.slice(0, 60)}`, () => assert.deepEqual(routeOf(via, me), expected));
}

Deno.test("a sent Via has those before us and then us", () => {
  assert.equal(viaOf(null, me), "1.1 vault-1");
  assert.equal(viaOf("1.0 fred", me), "1.0 fred, 1.1 vault-1");
});
