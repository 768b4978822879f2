import assert from "node:assert/strict";
import { FactSet } from "../../src/bundle/fact_set.ts";
import { KnownBodies } from "../../src/bundle/known_bodies.ts";
import { sha256Of } from "../support/store_fixture.ts";

const digestOf = (seed: number) => sha256Of(new TextEncoder().encode(String(seed)));

Deno.test("a body is first for one backend, and new for each that the other side does not have it for", () => {
  const known = new KnownBodies();
  const [one, two, three] = [1, 2, 3].map(digestOf) as [string, string, string];
  known.add({ sha256: one, backend: "a", link: 0 });
  known.add({ sha256: one, backend: "a", link: 1 });
  known.add({ sha256: two, backend: null, link: 1 });
  const met = [[one, "a"], [one, "b"], [one, "b"], [two, "a"], [two, "a"], [three, "a"], [three, "b"]] as const;
  assert.deepEqual(met.map(([sha256, backend]) => known.meet(sha256, backend)), [
    { isFirst: true, isNew: false },
    { isFirst: false, isNew: true },
    { isFirst: false, isNew: false },
    { isFirst: true, isNew: true },
    { isFirst: false, isNew: false },
    { isFirst: true, isNew: true },
    { isFirst: false, isNew: true },
  ]);
  assert.deepEqual([one, two, three, digestOf(4)].map((sha256) => known.linkOf(sha256)), [0, 1, -1, -1]);
});

Deno.test("a backend that an export meets a body for does not have it on the other side by that", () => {
  const known = new KnownBodies();
  const [one, two] = [1, 2].map(digestOf) as [string, string];
  known.add({ sha256: one, backend: "a", link: 0 });
  for (const backend of ["a", "b"]) known.meet(one, backend);
  known.meet(two, "a");
  assert.deepEqual([known.isThere(one, "a"), known.isThere(one, "b"), known.isThere(two, "a")], [true, false, false]);
  assert.deepEqual([one, two, digestOf(3)].map((sha256) => known.isMet(sha256)), [true, true, false]);
});

Deno.test("a set of facts has what was added, also after it was asked, and nothing else", () => {
  const facts = new FactSet();
  assert.ok(!facts.has(digestOf(0)));
  for (const [from, to] of [[0, 1000], [1000, 70_000], [70_000, 140_000]] as const) {
    for (let seed = from; seed < to; seed++) facts.add(digestOf(seed));
    for (let seed = 0; seed < to; seed += 7) assert.ok(facts.has(digestOf(seed)), `${seed} of ${to}`);
    for (let seed = to; seed < to + 2000; seed++) assert.ok(!facts.has(digestOf(seed)), `${seed} of ${to}`);
  }
});

Deno.test("a hundred thousand bodies and facts of the other side take less than 6 MB outside the heap", () => {
  const before = Deno.memoryUsage().external;
  const [known, facts] = [new KnownBodies(), new FactSet()];
  for (let seed = 0; seed < 100_000; seed++) {
    const sha256 = digestOf(seed);
    known.add({ sha256, backend: "a", link: 0 });
    known.meet(sha256, "a");
    facts.add(sha256);
  }
  const taken = Deno.memoryUsage().external - before;
  assert.ok(taken < 6_000_000, `${taken} bytes`);
  assert.ok(known.isMet(digestOf(0)) && facts.has(digestOf(0)));
});
