// The whole program, asked by hostile clients of hostile upstreams: nobody else has to wait.
import assert from "node:assert/strict";
import { type AppFixture, startBackends } from "../support/app_fixture.ts";
import { type FakeUpstream, startFakeUpstream } from "../support/fake_upstream.ts";
import { longestStall, tolerableMs } from "../support/stall.ts";

function startVault({ origin }: FakeUpstream): Promise<AppFixture> {
  return startBackends([
    { type: "http", name: "files", config: { prefix: "/files", base_url: origin, retries: 0 } },
    { type: "pypi", name: "pypi", config: { prefix: "/pypi", index_url: `${origin}/simple`, retries: 0 } },
    { type: "apt", name: "apt", config: { prefix: "/debian", mirror_url: `${origin}/debian`, retries: 0 } },
    { type: "oci", name: "images", config: { prefix: "/images", registry_url: origin, retries: 0 } },
  ]);
}

const paths: Readonly<Record<string, string>> = {
  "a query of dots": `/nope?q=${"a.".repeat(30_000)}`,
  "a query of schemes": `/files/x?${"a://".repeat(15_000)}`,
  "a query of secrets": `/files/x?${"token=a&".repeat(7_000)}`,
  "a path of dots": `/files/${"./".repeat(4000)}x`,
  "a path of escapes": `/files/${"%2e/".repeat(2000)}x`,
  "a deep path of a repository": `/debian/${"a/".repeat(4000)}Packages`,
  "a deep path with dists": `/debian/${"dists/".repeat(1300)}Packages.gz`,
  "a package of digits": `/debian/pool/a_${"1".repeat(8000)}.x`,
  "a project of dashes": `/pypi/simple/a${"-".repeat(8000)}a/`,
  "a file of dashes": `/pypi/packages/a${"-1".repeat(4000)}.tar.gz`,
  "an image of v2": `/v2/images/${"v2/".repeat(2000)}manifests/x`,
};

const heads: Readonly<Record<string, readonly [path: string, headers: Record<string, string>]>> = {
  "Accept with open quotes": ["/pypi/simple/a/", { accept: '"a,'.repeat(15_000) }],
  "Accept of wildcards": ["/pypi/simple/a/", { accept: "*/*;q=0.5,".repeat(6_000) }],
  "many ranges": ["/files/x", { range: `bytes=${"1-2,".repeat(15_000)}` }],
  "tags without end": ["/files/x", { "if-none-match": '"a" W/'.repeat(10_000) + '"' }],
};

Deno.test("hostile requests: nobody else waits", async (t) => {
  await using upstream = startFakeUpstream();
  upstream.serve("/x", { body: "x", etag: '"1"' });
  await using app = await startVault(upstream);
  const requests = [
    ...Object.entries(paths).map(([name, path]) => [name, path, {}] as const),
    ...Object.entries(heads).map(([name, [path, headers]]) => [name, path, headers] as const),
  ];
  for (const [name, path, headers] of requests) {
    await t.step(name, async () => {
      const ms = await longestStall(() => app.ask(path, { headers }));
      assert.ok(ms < tolerableMs, `${Math.round(ms)} ms`);
    });
  }
  await app.idle();
});

const html = { "content-type": "text/html" };
const json = { "content-type": "application/vnd.pypi.simple.v1+json" };
const sha256 = "a".repeat(64);

function largePage(count: number): string {
  const files = Array.from({ length: count }, (_, n) => {
    const filename = `a-1.${n}-cp313-cp313-manylinux_2_17_x86_64.manylinux2014_x86_64.whl`;
    return { filename, url: `../../packages/${filename}`, hashes: { sha256 }, "core-metadata": { sha256 } };
  });
  return JSON.stringify({ meta: { "api-version": "1.1" }, name: "a", files });
}

const pages: Readonly<Record<string, { body: string; headers: Record<string, string> }>> = {
  "elements that are never closed": { body: `<html>${"<div>".repeat(80_000)}`, headers: html },
  "20,000 files": { body: largePage(20_000), headers: json },
  "10 MiB of links": { body: `<html>${"<a href=b>".repeat(1_000_000)}`, headers: html },
  "names of dashes": {
    body: `<html>${`<a href="a${"-".repeat(20_000)}1.tar.gz"></a>`.repeat(20)}`,
    headers: html,
  },
};

Deno.test("hostile pages: nobody else waits", async (t) => {
  await using upstream = startFakeUpstream();
  await using app = await startVault(upstream);
  for (const [name, page] of Object.entries(pages)) {
    await t.step(name, async () => {
      upstream.serve("/simple/a/", page);
      const ms = await longestStall(() => app.ask("/pypi/simple/a/"));
      assert.ok(ms < tolerableMs, `${Math.round(ms)} ms`);
    });
  }
  await app.idle();
});

Deno.test("a page of 20,000 files is parsed once for all that is made of it, and streamed from a file", async () => {
  await using upstream = startFakeUpstream();
  await using app = await startVault(upstream);
  upstream.serve("/simple/a/", { body: largePage(20_000), headers: json });
  const first = await app.ask("/pypi/simple/a/", { headers: { accept: json["content-type"] } });
  assert.equal(first.status, 200);
  const { files } = JSON.parse(new TextDecoder().decode(first.body));
  assert.equal(files.length, 20_000);
  const filename = files[19_999].filename;
  upstream.serve(`/packages/${filename}`, { body: "wrong" });
  const link = new URL(files[19_999].url, "http://vault/pypi/simple/a/").pathname;
  assert.equal((await app.ask(link)).status, 502);
  const again = await app.ask("/pypi/simple/a/", { headers: { accept: json["content-type"], range: "bytes=0-9" } });
  assert.equal(again.status, 206);
  assert.deepEqual(again.body, first.body.subarray(0, 10));
  await app.idle();
});

Deno.test("30 clients that read nothing of a large list take no memory for it each", async () => {
  await using upstream = startFakeUpstream();
  await using app = await startVault(upstream);
  const projects = Array.from({ length: 300_000 }, (_, n) => ({ name: `a-project-with-a-long-name-${n}` }));
  upstream.serve("/simple/", { body: JSON.stringify({ meta: { "api-version": "1.0" }, projects }), headers: json });
  const { body } = await app.ask("/pypi/simple/", { headers: { accept: "text/html" } });
  assert.ok(body.byteLength > 20_000_000);
  await app.idle();
  const before = Deno.memoryUsage().rss;
  const clients = await Promise.all(Array.from({ length: 30 }, () => app.connect()));
  for (const client of clients) await client.request("/pypi/simple/", { headers: { accept: "text/html" } });
  // The first byte of the answer is there, so the rest is on its way.
  for (const client of clients) await client.readSome(1);
  const grown = Deno.memoryUsage().rss - before;
  assert.ok(grown < 10 * body.byteLength, `${Math.round(grown / 2 ** 20)} MiB more`);
  for (const client of clients) client[Symbol.dispose]();
  await app.idle();
});
