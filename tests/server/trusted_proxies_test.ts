import assert from "node:assert/strict";
import { TrustedProxies } from "../../src/server/trusted_proxies.ts";
import { fakeBackend, fakeFile } from "./fake_vault.ts";
import { Served } from "./served.ts";

const proxies = new TrustedProxies(["127.0.0.1", "10.0.0.0/8", "2001:db8::/32"]);

interface Case {
  readonly from: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Client, scheme, host and prefix; null where nothing is believed. */
  readonly told:
    | readonly [client: string, scheme?: string | undefined, host?: string | undefined, prefix?: string]
    | null;
}

const cases: Readonly<Record<string, Case>> = {
  "a stranger": { from: "192.0.2.1", headers: { "x-forwarded-for": "198.51.100.7" }, told: null },
  "the client in front of one proxy": {
    ...{ from: "127.0.0.1", told: ["198.51.100.7", "https", "vault.example.com", "/vault"] },
    headers: {
      "x-forwarded-for": "198.51.100.7",
      "x-forwarded-proto": "https",
      "x-forwarded-host": "vault.example.com",
      "x-forwarded-prefix": "/vault/",
    },
  },
  "what a client has made up in front of what the proxy has added": {
    ...{ from: "127.0.0.1", headers: { "x-forwarded-for": "203.0.113.1, 198.51.100.7" }, told: ["198.51.100.7"] },
  },
  "a chain of proxies": {
    ...{ from: "127.0.0.1", headers: { "x-forwarded-for": "198.51.100.7, 10.1.2.3" }, told: ["198.51.100.7"] },
  },
  "nothing but proxies": {
    ...{ from: "127.0.0.1", headers: { "x-forwarded-for": "10.0.0.1, 10.1.2.3" }, told: ["10.0.0.1"] },
  },
  "an address of IPv4 in one of IPv6": {
    ...{ from: "::ffff:127.0.0.1", headers: { "x-forwarded-for": "[2001:db9::1]:4711" }, told: ["2001:db9::1"] },
  },
  "a client that hides": {
    ...{ from: "127.0.0.1", headers: { "x-forwarded-for": "unknown" }, told: ["127.0.0.1"] },
  },
  "Forwarded": {
    ...{ from: "10.0.0.9", told: ["2001:db9::7", "https", "a.example:8443", ""] },
    headers: { forwarded: 'for=203.0.113.1;proto=http, for="[2001:db9::7]:99";proto=https;host="a.example:8443"' },
  },
  "Forwarded of a client whose proxy writes X-Forwarded-For": {
    ...{ from: "10.0.0.9", told: ["198.51.100.7"] },
    headers: { forwarded: "for=203.0.113.1", "x-forwarded-for": "198.51.100.7" },
  },
  "values that are none": {
    ...{ from: "127.0.0.1", told: ["127.0.0.1", undefined, undefined, ""] },
    headers: {
      "x-forwarded-for": "<script>",
      "x-forwarded-proto": "javascript",
      "x-forwarded-host": 'a"b',
      "x-forwarded-prefix": "//evil.example/..",
    },
  },
};

for (const [name, { from, headers, told }] of Object.entries(cases)) {
  Deno.test(`trusted proxies: ${name}`, () => {
    const read = proxies.read(new Headers(headers), { host: from, port: 1 });
    if (told === null) return assert.equal(read, null);
    const [client, scheme, host, prefix = ""] = told;
    assert.deepEqual([read?.client.host, read?.scheme, read?.host, read?.prefix], [client, scheme, host, prefix]);
  });
}

Deno.test("a trusted proxy's client is in the log, and its links lead through the proxy; a stranger's are not believed", async () => {
  const headers = {
    "x-forwarded-for": "198.51.100.7",
    "x-forwarded-proto": "https",
    "x-forwarded-host": "vault.example.com",
    "x-forwarded-prefix": "/cache",
  };
  for (const isTrusted of [true, false]) {
    const seen: string[] = [];
    const backend = fakeBackend("http", "/http");
    const resolve = backend.resolve.bind(backend);
    await using served = new Served({
      files: { "/file": fakeFile() },
      backends: [{
        ...backend,
        resolve(request, vault) {
          seen.push(`${request.origin}${request.base} ${request.client.host}`);
          return resolve(request, vault);
        },
      }],
      ...isTrusted && { trustedProxies: proxies },
    });
    assert.equal((await served.ask("GET", "/http/file", headers)).status, 200);
    const own = "http://vault/http 127.0.0.1";
    assert.deepEqual(seen, [isTrusted ? "https://vault.example.com/cache/http 198.51.100.7" : own]);
    const { message } = await served.log.next();
    assert.match(message, isTrusted ? /client 198\.51\.100\.7 / : /client 127\.0\.0\.1 /);
  }
});
