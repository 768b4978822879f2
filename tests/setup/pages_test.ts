import assert from "node:assert/strict";
import { startBackends } from "../support/app_fixture.ts";

const upstream = "http://127.0.0.1:9";
const backends = [
  { type: "dockerhub", name: "docker", config: { registry_url: upstream } },
  { type: "pypi", name: "company", config: { index_url: `${upstream}/simple` } },
  { type: "pypi", name: "pypi", config: { index_url: `${upstream}/simple` } },
  { type: "http", name: "files", config: { base_url: upstream } },
  { type: "http", name: "central", config: { base_url: upstream, prefix: "/maven" } },
];

Deno.test("each client has a script with the address by which it was asked for, and hostile ones make none", async (t) => {
  await using app = await startBackends(backends, { top: { trusted_proxies: ["127.0.0.1"] } });
  const ask = (path: string, headers = {}) => app.ask(path, { headers });

  await t.step("the list has the clients that are served, and no other ones", async () => {
    const { status, text } = await ask("/-/setup", { host: "vault.example.com:8080" });
    assert.equal(status, 200);
    const names = [...text.matchAll(/^([\w-]+) {2,}/gm)].map(([, name]) => name);
    assert.deepEqual(names.filter((name) => /docker|pip|npm|maven|cargo|apt/.test(name!)), ["docker", "pip", "maven"]);
    assert.match(text, /^ {13}curl -fsS http:\/\/vault\.example\.com:8080\/-\/setup\/pip \| sh$/m);
  });

  await t.step("a script has the usual backend, and another one where it is asked for", async () => {
    const { text, headers } = await ask("/-/setup/pip", { host: "vault.example.com:8080" });
    assert.match(headers.get("content-type")!, /^text\/plain/);
    assert.match(text, /'index-url = http:\/\/vault\.example\.com:8080\/pypi\/simple'/);
    assert.match((await ask("/-/setup/pip?backend=company")).text, /'index-url = http:\/\/vault\/company\/simple'/);
    assert.match((await ask("/-/setup/pip?prefix=/company")).text, /'index-url = http:\/\/vault\/company\/simple'/);
    assert.equal((await ask("/-/setup/podman", { host: "[::1]:8080" })).status, 400);
    const names = (await ask("/-/setup", { host: "[::1]:8080" })).text.match(/^(docker|podman) /gm);
    assert.deepEqual(names, ["docker "], "podman cannot be given an address of IPv6");
    const page = await ask("/", { host: "[::1]:8080", accept: "text/html" });
    assert.deepEqual([/setup\/docker/.test(page.text), /podman/.test(page.text)], [true, false]);
    assert.match((await ask("/-/setup/docker")).text, /"registry-mirrors": \["http:\/\/vault"\]/);
    assert.match((await ask("/-/setup/skopeo")).text, /^client='podman'$/m);
    assert.match((await ask("/-/setup/gradle")).text, /url = '\\''http:\/\/vault\/maven'\\''/);
  });

  await t.step("behind a proxy it is the proxy's address", async () => {
    const headers = { "x-forwarded-host": "repo.example.com", "x-forwarded-proto": "https" };
    const { text } = await ask("/-/setup/pip", { ...headers, "x-forwarded-prefix": "/vault" });
    assert.match(text, /'index-url = https:\/\/repo\.example\.com\/vault\/pypi\/simple'/);
    assert.doesNotMatch(text, /trusted-host/);
  });

  await t.step("the page has the same lines, and those of backends without settings", async () => {
    const { text } = await ask("/", { host: "vault.example.com:8080", accept: "text/html" });
    const lines = [...text.matchAll(/<pre[^>]*>(.*?)<\/pre>/gs)].map(([, line]) => line!.replace(/&#39;/g, "'"));
    const url = "http://vault.example.com:8080";
    const of = (word: string) => lines.filter((line) => line.includes(word));
    assert.deepEqual(
      lines.filter((line) => line.startsWith("pip ")),
      ["company", "pypi"].map((name) => `pip install --index-url ${url}/${name}/simple PROJECT`),
    );
    assert.deepEqual(of("setup/pip"), [
      `curl -fsS '${url}/-/setup/pip?backend=company' | sh`,
      `curl -fsS ${url}/-/setup/pip | sh`,
    ]);
    assert.equal(of("setup/docker").length, 1);
    assert.deepEqual(of("curl -fO"), [`curl -fO ${url}/files/PATH`, `curl -fO ${url}/maven/PATH`]);
    const hostile = await ask("/", { host: "a;evil", accept: "text/html" });
    assert.doesNotMatch(hostile.text, /curl|pip install/, "nothing to copy into a shell");
  });

  await t.step("hosts and names that might be code are refused, and not repeated", async () => {
    const words = [
      "a$(evil)",
      "a`evil`",
      "a;evil",
      "a'evil",
      "a&evil",
      "a%24%28evil%29",
      "a|evil",
      'a"evil',
      "-evil",
      "a*evil",
    ];
    for (const host of words) {
      for (const path of ["/-/setup", "/-/setup/pip"]) {
        const { status, text } = await ask(path, { host });
        assert.deepEqual([status, /^#!|curl/.test(text)], [400, false], host);
        const proxied = await ask(path, { "x-forwarded-host": host });
        assert.ok(!proxied.text.includes(host), host);
      }
      const unknown = await ask(`/-/setup/${encodeURIComponent(host)}`);
      assert.deepEqual([unknown.status, unknown.text.includes("evil")], [404, false]);
    }
    for (const prefix of ["/$(evil)", "/a;evil", "/a'evil"]) {
      const { text } = await ask("/-/setup/pip", { "x-forwarded-host": "a", "x-forwarded-prefix": prefix });
      assert.ok(!text.includes("evil"), prefix);
    }
  });

  await t.step("what is not served is 404 with what is, and only GET and HEAD are possible", async () => {
    const { status, text } = await ask("/-/setup/npm");
    assert.deepEqual([status, /It serves: docker, .*pip/.test(text)], [404, true]);
    for (const query of ["backend=files", "prefix=/files", "backend=pypi&prefix=/company"]) {
      assert.equal((await ask(`/-/setup/pip?${query}`)).status, 404, query);
    }
    assert.equal((await app.ask("/-/setup/pip", { method: "POST" })).status, 405);
    const head = await app.ask("/-/setup/pip", { method: "HEAD" });
    assert.deepEqual([head.status, head.text], [200, ""]);
  });
});

Deno.test("a backend whose prefix clients cannot be given leaves the others their settings", async () => {
  const odd = { type: "pypi", name: "odd", config: { index_url: `${upstream}/simple`, prefix: "/it's(odd)" } };
  await using app = await startBackends([odd, ...backends.slice(0, 1)]);
  const { status, text } = await app.ask("/-/setup");
  assert.deepEqual([status, /^docker/m.test(text), /^pip/m.test(text)], [200, true, false]);
  assert.equal((await app.ask("/-/setup/pip")).status, 404);
});

Deno.test("the list of a vault without a backend of a known client says so", async () => {
  await using app = await startBackends([{ type: "http", name: "files", config: { base_url: upstream } }]);
  const { status, text } = await app.ask("/-/setup");
  assert.deepEqual([status, text.includes("no backend of a client"), text.includes("--undo")], [200, true, false]);
});
