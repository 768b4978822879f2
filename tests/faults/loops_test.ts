import assert from "node:assert/strict";
import { startApp, startBackends } from "../support/app_fixture.ts";
import { startFakeUpstream } from "../support/fake_upstream.ts";
import { freePort } from "../support/free_port.ts";

function httpBackend(upstream: string) {
  return { type: "http", name: "files", config: { prefix: "/files", base_url: upstream } };
}

function loopAt(port: number): string {
  return `http://127.0.0.1:${port}/files`;
}

for (const method of ["GET", "HEAD"]) {
  Deno.test(`a vault in front of itself is 508 at once, for ${method}`, async () => {
    const port = freePort();
    await using app = await startBackends([httpBackend(loopAt(port))], { top: { http_port: port } });
    const answer = await app.ask("/files/a", { method });
    assert.equal(answer.status, 508);
    if (method === "GET") assert.match(answer.text, /: it answered 508, loop detected; this URL leads back to where/);
    const inner = await app.logged(/an upstream of backend "files" leads back to this vault, directly/);
    assert.match(inner, /508/);
    assert.equal(app.lines.filter((line) => line.includes(" /files/a ")).length, 2, app.lines.join("\n"));
  });
}

Deno.test("two vaults in a ring are 508 at once, and the message names the other", async () => {
  const port = freePort();
  await using one = await startBackends([httpBackend(loopAt(port))]);
  await using two = await startBackends([httpBackend(`${one.origin}/files`)], { top: { http_port: port } });
  assert.equal((await two.ask("/files/a")).status, 508);
  await two.logged(/an upstream of backend "files" leads back to this vault, by way of vault-[0-9a-f]{12}/);
});

Deno.test("an index in a ring is 508 too: what a backend reads for a request carries the request's Via", async () => {
  const port = freePort();
  const index = (url: string) => ({ type: "pypi", name: "index", config: { prefix: "/pypi", index_url: url } });
  await using one = await startBackends([index(`http://127.0.0.1:${port}/pypi/simple/`)]);
  await using two = await startBackends([index(`${one.origin}/pypi/simple/`)], { top: { http_port: port } });
  assert.equal((await two.ask("/pypi/simple/numpy/")).status, 508);
});

Deno.test("a registry whose token server is the vault itself is 508", async () => {
  const port = freePort();
  await using upstream = startFakeUpstream();
  const challenge = `Bearer realm="http://127.0.0.1:${port}/files/token",service="x"`;
  upstream.serve("/v2/x/manifests/1", { status: 401, headers: { "www-authenticate": challenge } });
  const registry = {
    type: "oci",
    name: "images",
    config: { prefix: "/images", registry_url: upstream.origin, allow_private_redirects: true },
  };
  await using app = await startBackends([registry, httpBackend(loopAt(port))], { top: { http_port: port } });
  const answer = await app.ask("/v2/x/manifests/1");
  assert.equal(answer.status, 508, answer.text);
});

Deno.test("upstream learns which proxies a request came through, and a list that is too long is refused", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body: "a" });
  upstream.serve("/b", { body: "b" });
  await using app = await startApp({ upstream: upstream.origin });
  assert.equal((await app.ask("/files/a")).status, 200);
  assert.equal((await app.ask("/files/b", { headers: { via: "1.0 squid.example" } })).status, 200);
  const [first, second] = upstream.requests.map(({ headers }) => headers.get("via") ?? "");
  assert.match(first!, /^1\.1 vault-[0-9a-f]{12}$/);
  assert.equal(second, `1.0 squid.example, ${first}`);
  const refused = await app.ask("/files/a", { headers: { via: Array(40).fill("1.1 p").join(", ") } });
  assert.equal(refused.status, 508);
  assert.match(refused.text, /passed through too many proxies/);
});

Deno.test("where a copy is held, a loop is an outage like others", async () => {
  await using upstream = startFakeUpstream();
  const headers = { "cache-control": "max-age=0", etag: `"1"` };
  upstream.serve("/a", (_request, nth) => nth === 0 ? { body: "a", headers } : { status: 508 });
  await using app = await startApp({ upstream: upstream.origin });
  await app.ask("/files/a");
  await app.idle();
  const stale = await app.ask("/files/a");
  assert.deepEqual([stale.status, stale.text], [200, "a"]);
});
