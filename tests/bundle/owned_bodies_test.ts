import assert from "node:assert/strict";
import { OwnedBodies } from "../../src/bundle/owned_bodies.ts";
import { sha256Of } from "../support/store_fixture.ts";

const digestOf = (seed: number) => sha256Of(new TextEncoder().encode(String(seed)));

Deno.test("a body has each backend that it was added with, and no other one", () => {
  const bodies = new OwnedBodies();
  const [one, two, three] = [1, 2, 3].map(digestOf) as [string, string, string];
  const added = [[one, "a"], [one, "a"], [one, "b"], [two, null], [two, "b"], [two, "a"], [one, "b"]] as const;
  const results = added.map(([sha256, backend]) => bodies.add(sha256, backend));
  assert.deepEqual(results, ["body", "nothing", "backend", "body", "backend", "backend", "nothing"]);
  assert.equal(bodies.add(three, null), "body");
  assert.deepEqual([bodies.has(three), bodies.has(three, "a"), bodies.has(one, "b"), bodies.has(one, "c")], [
    ...[true, false, true, false],
  ]);
});
