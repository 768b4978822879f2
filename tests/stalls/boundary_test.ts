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

const pages: Readonly<Record<string, { body: string; headers: Record<string, string> }>> = {
  "elements that are never closed": { body: `<html>${"<div>".repeat(80_000)}`, headers: html },
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
