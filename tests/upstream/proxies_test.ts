import assert from "node:assert/strict";
import { createProxyOf } from "../../src/upstream/proxies.ts";

const both = { HTTP_PROXY: "http://us:pw@plain.test:3128", https_proxy: "secure.test:3129" };

const cases: readonly (readonly [
  name: string,
  configured: string | undefined,
  environment: Readonly<Record<string, string>>,
  url: string,
  proxy: string | null,
])[] = [
  ["none is set", undefined, {}, "https://a.test/", null],
  ["http, without its login", undefined, both, "http://a.test/", "http://plain.test:3128"],
  ["https, in lower case and without a scheme", undefined, both, "https://a.test/", "http://secure.test:3129"],
  ["one for all", undefined, { ALL_PROXY: "socks5://all.test:1080" }, "https://a.test/", "socks5://all.test:1080"],
  ["configured", "http://own.test:8080", both, "https://a.test/", "http://own.test:8080"],
  ["configured, and taken out", "http://own.test:8080", { NO_PROXY: "b.test, .a.test" }, "https://x.a.test/", null],
  [
    "an entry that is the end of a name only",
    undefined,
    { ...both, NO_PROXY: "test2,a.tes" },
    "http://a.test/",
    "http://plain.test:3128",
  ],
  ["everything is taken out", undefined, { ...both, no_proxy: "*" }, "http://a.test/", null],
  ["an address", undefined, { ...both, NO_PROXY: "10.0.0.1" }, "http://10.0.0.1/", null],
  ["a network", undefined, { ...both, NO_PROXY: "10.0.0.0/8,fd00::/8" }, "http://[fd00::1]/", null],
  ["another network", undefined, { ...both, NO_PROXY: "10.0.0.0/8" }, "http://11.0.0.1/", "http://plain.test:3128"],
];

for (const [name, configured, environment, url, proxy] of cases) {
  Deno.test(`the proxy of a URL: ${name}`, () => {
    assert.equal(createProxyOf(configured, (variable) => environment[variable])(url), proxy);
  });
}
