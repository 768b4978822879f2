import assert from "node:assert/strict";
import { isAtOneOf, isSameHostOrItsHttps, isSameOwner } from "../../src/upstream/own_host.ts";

const owners: readonly [a: string, b: string, same: boolean][] = [
  ["registry-1.docker.io", "auth.docker.io", true],
  ["registry.gitlab.com", "gitlab.com", true],
  ["registry.corp.lan", "auth.corp.lan", true],
  ["127.0.0.1:5000", "127.0.0.1:5001", true],
  ["registry.example.com", "registry.example.com.evil.net", false],
  ["registry.example.com", "evil-example.com", false],
  ["registry.example.co.uk", "evil.co.uk", false],
  ["jane.github.io", "mallory.github.io", false],
  ["127.0.0.1", "127.0.0.2", false],
  ["registry", "auth", false],
];

for (const [a, b, same] of owners) {
  Deno.test(`${a} and ${b} are ${same ? "" : "not "}of one owner`, async () => {
    assert.equal(await isSameOwner(new URL(`https://${a}`), new URL(`https://${b}`)), same);
  });
}

const ways: readonly [from: string, to: string, same: boolean][] = [
  ["https://a.test/x", "https://a.test/y", true],
  ["http://a.test", "https://a.test", true],
  ["https://a.test", "http://a.test", false],
  ["https://a.test", "https://b.a.test", false],
];

for (const [from, to, same] of ways) {
  Deno.test(`what is for ${from} may ${same ? "" : "not "}go to ${to}`, () => {
    assert.equal(isSameHostOrItsHttps(new URL(from), new URL(to)), same);
  });
}

Deno.test("a port of https is an origin of its own; the https of a plain http one is the same server", () => {
  assert.equal(isAtOneOf([new URL("https://a.test")], new URL("https://a.test:8443/x")), false);
  assert.equal(isAtOneOf([new URL("http://a.test:8080")], new URL("https://a.test:8443/x")), true);
  assert.equal(isAtOneOf([new URL("http://a.test:8080")], new URL("http://a.test:8081/x")), false);
});
