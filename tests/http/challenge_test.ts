import assert from "node:assert/strict";
import { parseChallenges } from "../../src/http/challenge.ts";

type Shown = readonly (readonly [scheme: string, parameters: Record<string, string>])[];

const hub = {
  realm: "https://auth.docker.io/token",
  service: "registry.docker.io",
  scope: "repository:library/ubuntu:pull,push",
};

const cases: readonly (readonly [name: string, value: string, expected: Shown])[] = [
  [
    "Docker Hub's, with a comma in quotes",
    'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/ubuntu:pull,push"',
    [["bearer", hub]],
  ],
  ["names in any case", 'BEARER Realm="R",SERVICE=s', [["bearer", { realm: "R", service: "s" }]]],
  ["spaces around everything", '  Bearer   realm = "r" ,  service="s" , ', [["bearer", { realm: "r", service: "s" }]]],
  ["escapes in quotes", String.raw`Basic realm="a \"b\", \\c \d"`, [["basic", { realm: 'a "b", \\c d' }]]],
  ["an empty value", 'Bearer realm="",service="s"', [["bearer", { realm: "", service: "s" }]]],
  ["unquoted URLs", "Bearer realm=https://a.test/t?x=1,service=a:5000", [
    ["bearer", { realm: "https://a.test/t?x=1", service: "a:5000" }],
  ]],
  ["several in one field, or in several joined ones", 'Bearer realm="a",service="s", Basic realm="b"', [
    ["bearer", { realm: "a", service: "s" }],
    ["basic", { realm: "b" }],
  ]],
  ["schemes without parameters", 'Negotiate, Basic , Bearer realm="a"', [
    ["negotiate", {}],
    ["basic", {}],
    ["bearer", { realm: "a" }],
  ]],
  ["a token68 is passed over", 'Negotiate YWJj/ZGVm, Bearer realm="a"', [
    ["negotiate", {}],
    ["bearer", { realm: "a" }],
  ]],
  ["a scheme's name in quotes is no scheme", 'Basic realm="x, Bearer realm=evil"', [
    ["basic", { realm: "x, Bearer realm=evil" }],
  ]],
  ["empty elements", ',, Bearer realm="a",,service="s",', [["bearer", { realm: "a", service: "s" }]]],
  ["of a repeated name the first counts", 'Bearer realm="a",realm="b"', [["bearer", { realm: "a" }]]],
  ["a parameter before any scheme is nothing", 'realm="a"', []],
  ["an open quote swallows the rest", 'Bearer service="s",realm="a, Basic realm="b"', [["bearer", { service: "s" }]]],
  ["a backslash at the end", 'Bearer realm="a\\', [["bearer", {}]]],
  ["nothing", "", []],
];

for (const [name, value, expected] of cases) {
  Deno.test(`challenges: ${name}`, () => {
    const parsed = parseChallenges(value).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);
    assert.deepEqual(parsed, expected);
  });
}

Deno.test("challenges: a value made to be slow is not", () => {
  assert.deepEqual(parseChallenges('"\\'.repeat(50_000)), []);
  assert.equal(parseChallenges("a ".repeat(50_000)).length, 1);
  assert.equal(parseChallenges("a" + " ".repeat(50_000) + "=").length, 1);
});
