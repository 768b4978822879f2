import assert from "node:assert/strict";
import { proxyAdvice as advice } from "../../src/backends/apt/proxy_advice.ts";
import { parseTarget } from "../../src/http/path.ts";
import { ForwardProxy } from "../../src/server/forward_proxy.ts";
import { askRaw } from "../support/raw_client.ts";
import { fakeBackend, fakeFile } from "./fake_vault.ts";
import { Served } from "./served.ts";

const ubuntu = {
  ...fakeBackend("ubuntu", "/ubuntu"),
  proxied: { urls: ["http://archive.example.org/ubuntu", "http://us.archive.example.org/ubuntu"], advice },
};
const security = {
  ...fakeBackend("security", "/security"),
  proxied: { urls: ["http://archive.example.org/ubuntu/security"], advice },
};
const vendor = { ...fakeBackend("vendor", "/vendor"), proxied: { urls: ["https://apt.vendor.example:8443"], advice } };
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
    const whose = new ForwardProxy(backends).find(parseTarget(url, null));
    const { route } = whose.kind === "proxied" ? whose : assert.fail(`it is ${whose.kind}`);
    assert.deepEqual([route.backend.name, route.path], [backend, path]);
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
    const whose = new ForwardProxy(backends).find(parseTarget(url, null));
    assert.equal(whose.kind === "foreign" && whose.error.code, "denied");
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
    assert.equal(new ForwardProxy(backends).find(parseTarget(url, null)).kind, "own");
  });
}

Deno.test("without such backends nothing is stood for", () => {
  const urls = new ForwardProxy([fakeBackend("http", "/http")]);
  const target = parseTarget("http://HTTPS///archive.example.org/ubuntu/x", null);
  assert.equal(urls.find(target).kind, "own");
  assert.equal(urls.unknown(target, new Headers({ "proxy-connection": "keep-alive" })), null);
});

const named: readonly [url: string, kind: string][] = [
  ["http://vault.example.org/ubuntu/x", "own"],
  ["http://VAULT.example.org:8080/ubuntu/x", "own"],
  ["https://vault.example.org/ubuntu/x", "own"],
  ["http://cache:3142/ubuntu/x", "own"],
  ["http://cache/ubuntu/x", "foreign"],
  ["http://localhost:8080/ubuntu/x", "own"],
  ["http://127.0.0.2:8080/ubuntu/x", "own"],
  ["http://[::1]:8080/ubuntu/x", "own"],
  ["http://192.0.2.1/ubuntu/x", "foreign"],
  ["http://elsewhere.example.org/ubuntu/x", "foreign"],
  ["http://vault.example.org.evil.example/ubuntu/x", "foreign"],
  ["http://archive.example.org/ubuntu/x", "proxied"],
  ["http://archive.example.org/debian/x", "foreign"],
  ["http://vault.example.org/HTTPS///archive.example.org/ubuntu/x", "proxied"],
];

for (const [url, kind] of named) {
  Deno.test(`with server_names, ${url} is ${kind}`, () => {
    const urls = new ForwardProxy(backends, ["vault.example.org:80", "vault.example.org", "cache:3142"]);
    assert.equal(urls.find(parseTarget(url, null)).kind, kind);
  });
}

Deno.test("with server_names, a third party's path is not answered by a backend of that prefix", async () => {
  await using served = new Served({ backends, serverNames: ["vault.example.org"], files: { "/x": fakeFile() } });
  const ask = (host: string, path: string) => askRaw(served.url(""), `http://${host}${path}`, { headers: { host } });
  const refused = await ask("elsewhere.example.org", "/ubuntu/x");
  assert.equal(refused.status, 403);
  assert.match(refused.text, /"elsewhere\.example\.org\/ubuntu\/x" is not fetched[^]*"server_names"/);
  assert.equal((await ask("elsewhere.example.org", "/")).status, 403);
  assert.equal((await ask("vault.example.org", "/ubuntu/x")).text, "0123456789");
  assert.deepEqual(served.vault.asks.map(({ artifact }) => artifact.backend), ["ubuntu"]);
});

Deno.test("with server_names, probes by address are answered", async () => {
  await using served = new Served({ backends, serverNames: ["vault.example.org"] });
  const host = "192.0.2.7:8080";
  const answer = await askRaw(served.url(""), "/healthz", { headers: { host } });
  assert.deepEqual([answer.status, answer.text], [200, "ok\n"]);
  assert.equal((await askRaw(served.url(""), "/ubuntu/x", { headers: { host } })).status, 403);
});

const inPaths: readonly [path: string, route: readonly [backend: string, path: string] | null][] = [
  ["/archive.example.org/ubuntu/dists/x", ["ubuntu", "/dists/x"]],
  ["/Archive.example.org/ubuntu", ["ubuntu", "/"]],
  ["/apt.vendor.example:8443/pool/x", ["vendor", "/pool/x"]],
  ["/apt.vendor.example%3A8443/pool/x", ["vendor", "/pool/x"]],
  ["/archive.example.org/debian/x", null],
  ["/elsewhere.example.org/ubuntu/x", null],
  ["/", null],
];

for (const [path, expected] of inPaths) {
  Deno.test(`a host in the path: ${path}`, () => {
    const route = new ForwardProxy(backends).byPath(path);
    assert.deepEqual(route && [route.backend.name, route.path], expected);
  });
}

Deno.test("a prefix comes before a host in the path, and the root behind it", async () => {
  const mirror = fakeBackend("mirror", "/archive.example.org/ubuntu");
  const root = fakeBackend("root", "/");
  await using served = new Served({ backends: [...backends, mirror, root], files: { "/x": fakeFile() } });
  for (const path of ["/archive.example.org/ubuntu/x", "/us.archive.example.org/ubuntu/x", "/x"]) {
    await (await fetch(served.url(path))).bytes();
  }
  assert.deepEqual(served.vault.asks.map(({ artifact }) => artifact.backend), ["mirror", "ubuntu", "root"]);
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
