import assert from "node:assert/strict";
import { compareVersions, isPreRelease } from "../../../src/backends/npm/version_order.ts";

Deno.test("versions are in the order of their precedence (semver.org §11)", () => {
  const sorted = [
    "not a version",
    "0.9.0",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.2.0",
    "1.10.0",
    "2.0.0",
  ];
  assert.deepEqual(sorted.toReversed().toSorted(compareVersions), sorted);
  assert.equal(compareVersions("1.0.0+a", "1.0.0+b"), 0);
});

Deno.test("a pre-release is told from a release", () => {
  assert.deepEqual(["1.0.0-rc.1", "1.0.0", "1.0.0+build-1", "odd"].map(isPreRelease), [true, false, false, true]);
});
