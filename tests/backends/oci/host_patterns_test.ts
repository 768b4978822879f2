import assert from "node:assert/strict";
import { HostPatterns } from "../../../src/backends/oci/host_patterns.ts";

const patterns = [
  "quay.io",
  "*.gcr.io",
  "*.dkr.ecr.*.amazonaws.com",
  "*.lan.example:5000",
  "docker.io",
  "reg.example:443",
];

const names: readonly (readonly [name: string, fit: string | null])[] = [
  ["quay.io", "named"],
  ["evilquay.io", null],
  ["quay.io.evil.example", null],
  ["cdn.quay.io", null],
  ["quay.io:5000", null],
  ["quayXio", null],
  ["us.gcr.io", "pattern"],
  ["gcr.io", null],
  [".gcr.io", null],
  ["a.b.gcr.io", null],
  ["usXgcr.io", null],
  ["us.gcr.io:5000", null],
  ["1.dkr.ecr.eu-west-1.amazonaws.com", "pattern"],
  ["1.dkr.ecr.evil.example.amazonaws.com", null],
  ["a.lan.example:5000", "pattern"],
  ["a.lan.example", null],
  ["registry-1.docker.io", "named"],
  ["index.docker.io", "named"],
  ["reg.example", "named"],
  ["10.0.0.1", null],
  ["[::1]", null],
  ["localhost", null],
];

for (const [name, fit] of names) {
  Deno.test(`${name} fits ${fit === null ? "nothing" : `as ${fit}`}`, () => {
    assert.equal(new HostPatterns(patterns).fit(name), fit);
    assert.equal(new HostPatterns([...patterns, "any"]).fit(name), fit ?? "any");
  });
}
