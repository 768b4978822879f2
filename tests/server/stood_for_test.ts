import assert from "node:assert/strict";
import { parseTarget } from "../../src/http/path.ts";
import { StoodForUrls } from "../../src/server/stood_for.ts";
import { askRaw } from "../support/raw_client.ts";
import { fakeBackend, fakeFile } from "./fake_vault.ts";
import { Served } from "./served.ts";

const ubuntu = {
  ...fakeBackend("ubuntu", "/ubuntu"),
  standsFor: ["http://archive.example.org/ubuntu", "http://us.archive.example.org/ubuntu"],
};
const security = { ...fakeBackend("security", "/security"), standsFor: ["http://archive.example.org/ubuntu/security"] };
const vendor = { ...fakeBackend("vendor", "/vendor"), standsFor: ["https://apt.vendor.example:8443"] };
const backends = [fakeBackend("http", "/http"), ubuntu, security, vendor];

const routed: readonly [url: string, backend: string, path: string][] = [
  ["http://archive.example.org/ubuntu/dists/x/InRelease", "ubuntu", "/dists/x/InRelease"],
  ["http://ARCHIVE.example.org:80/ubuntu/dists/x", "ubuntu", "/dists/x"],
  ["http://us.archive.example.org/ubuntu", "ubuntu", "/"],
  ["http://archive.example.org/ubuntu/security/dists/x", "security", "/dists/x"],
  ["http://archive.example.org/ubuntu/security-too/x", "ubuntu", "/security-too/x"],
  ["https://archive.example.org/ubuntu/x", "ubuntu", "/x"],
  ["http://apt.vendor.example:8443/x", "vendor", "/x"],
  ["http://HTTPS///archive.example.org/ubuntu/x", "ubuntu", "/x"],
  ["http://https///apt.vendor.example:8443/a/b", "vendor", "/a/b"],
  ["http://vault:8080/HTTPS///archive.example.org/ubuntu/x", "ubuntu", "/x"],
  ["http://vault:8080/HTTPS/archive.example.org/ubuntu/x", "ubuntu", "/x"],
];

for (const [url, backend, path] of routed) {
  Deno.test(`stood for: ${url}`, () => {
    const route = new StoodForUrls(backends).find(parseTarget(url, null));
    assert.deepEqual([route?.backend.name, route?.path], [backend, path]);
  });
}

const refused = [
  "http://archive.example.org/debian/x",
  "http://archive.example.org/ubuntux",
  "http://archive.example.org/",
  "http://HTTPS///elsewhere.example.org/ubuntu/x",
  "http://vault/HTTPS///elsewhere.example.org/ubuntu/x",
  "http://HTTPS///apt.vendor.example/x",
];

for (const url of refused) {
  Deno.test(`not stood for: ${url}`, () => {
    assert.throws(() => new StoodForUrls(backends).find(parseTarget(url, null)), { code: "denied" });
  });
}

const own = [
  "http://vault:8080/ubuntu/x",
  "http://elsewhere.example.org/ubuntu/x",
  "http://archive.example.org:8080/ubuntu/x",
  "http://vault/HTTPS",
  "http://vault/http/HTTPS///archive.example.org/ubuntu/x",
];

for (const url of own) {
  Deno.test(`for the vault itself: ${url}`, () => {
    assert.equal(new StoodForUrls(backends).find(parseTarget(url, null)), null);
  });
}

Deno.test("without such backends nothing is stood for", () => {
  const urls = new StoodForUrls([fakeBackend("http", "/http")]);
  const target = parseTarget("http://HTTPS///archive.example.org/ubuntu/x", null);
  assert.equal(urls.find(target), null);
  assert.equal(urls.unknown(target, new Headers({ "proxy-connection": "keep-alive" })), null);
});

Deno.test("a proxied request is answered, also where the vault has such a path itself", async () => {
  await using served = new Served({ backends, files: { "/metrics": fakeFile() } });
  const answer = await askRaw(served.url(""), "http://archive.example.org/ubuntu/metrics", {
    headers: { host: "archive.example.org" },
  });
  assert.equal(answer.text, "0123456789");
  assert.deepEqual(served.vault.asks.map(({ artifact }) => artifact.backend), ["ubuntu"]);
});

const explained = [
  { name: "apt", headers: { "user-agent": "Debian APT-HTTP/1.3 (2.6.1)" } },
  { name: "another client of a proxy", headers: { "proxy-connection": "Keep-Alive" } },
];

for (const { name, headers } of explained) {
  Deno.test(`${name} is told which hosts the vault stands for`, async () => {
    await using served = new Served({ backends });
    const request = { headers: { host: "elsewhere.example.org", ...headers } };
    const answer = await askRaw(served.url(""), "http://elsewhere.example.org/debian/x", request);
    assert.equal(answer.status, 403);
    assert.match(answer.text, /"elsewhere\.example\.org\/debian\/x"[^]*http:\/\/archive\.example\.org\/ubuntu, /);
  });
}

Deno.test("CONNECT is refused with 405 and what to do instead", async () => {
  await using served = new Served({ backends });
  const answer = await askRaw(served.url(""), "apt.vendor.example:8443", { method: "CONNECT" });
  assert.equal(answer.status, 405);
  assert.equal(answer.headers.get("allow"), "GET, HEAD");
  assert.match(answer.text, /HTTPS\/\/\/host\/path/);
});
