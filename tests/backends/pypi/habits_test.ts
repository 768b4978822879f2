import assert from "node:assert/strict";
import { htmlType, jsonType } from "../../../src/backends/pypi/page_format.ts";
import { headerOf } from "../../../src/http/headers.ts";
import { FakeNow } from "../../support/fake_now.ts";
import type { FakeUpstream } from "../../support/fake_upstream.ts";
import { hashOf, PypiScene, servePage } from "./scene.ts";

const wheel = "demo-1.0-py3-none-any.whl";
const html = { "content-type": "text/html" };

/** An index of its own habits, and a backend for it. */
async function setUp(habits: (upstream: FakeUpstream) => void) {
  await using stack = new AsyncDisposableStack();
  const scene = stack.use(new PypiScene());
  const upstream = scene.startUpstream();
  habits(upstream);
  const owned = stack.move();
  const backend = scene.backend([scene.index(upstream)]);
  return { scene, upstream, backend, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function gzip(text: string): Promise<Uint8Array<ArrayBuffer>> {
  return await new Response(new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"))).bytes();
}

Deno.test("a page has the name it was asked by, wherever it is", async () => {
  await using all = await setUp((upstream) => {
    upstream.serve("/simple/demo/", { status: 302, headers: { location: "/pages/demo/index.html" } });
    upstream.serve("/pages/demo/index.html", { body: `<a href="${wheel}">wheel</a>`, headers: html });
  });
  assert.equal(JSON.parse((await all.scene.ask(all.backend, "/simple/demo/", jsonType)).text).name, "demo");
});

Deno.test("a link with a signature is looked up on a page of now, even if one is held", async () => {
  using now = new FakeNow();
  let signature = 1;
  const target = () => `/files/${wheel}?signature=${signature}`;
  await using all = await setUp((upstream) => {
    upstream.serve(`/files/${wheel}`, (request) => request.target === target() ? { body: "a wheel" } : { status: 403 });
  });
  const { scene, upstream } = all;
  const backend = scene.backend([scene.index(upstream)], { ttlMs: 3_600_000 });
  const list = () => servePage(upstream, "demo", [{ filename: wheel, body: "a wheel", url: target() }]);
  list();
  const link = (await scene.links(backend, "/simple/demo/")).get(wheel)!;
  signature = 2;
  list();
  now.advance(1_800_000);
  assert.equal((await scene.ask(backend, link)).text, "a wheel");
  await upstream[Symbol.asyncDispose]();
  now.advance(1_800_000);
  assert.equal((await scene.ask(backend, link)).text, "a wheel", "it is held, whatever its signature");
});

Deno.test("files that only their queries tell apart are told apart, by their names", async () => {
  const bodies = { [wheel]: "a wheel", "demo-1.0.tar.gz": "an sdist" };
  await using all = await setUp((upstream) => {
    const files = Object.entries(bodies).map(([filename, body], nth) => ({ filename, body, url: `/get?id=${nth}` }));
    servePage(upstream, "demo", files.map((file) => ({ ...file, keys: { "core-metadata": true } })));
    for (const { url, body } of files) {
      upstream.serve(url, { body });
      upstream.serve(url.replace("?", ".metadata?"), { body: `metadata of ${body}` });
    }
  });
  const { scene, backend, upstream } = all;
  const links = await scene.links(backend, "/simple/demo/");
  for (const [filename, body] of Object.entries(bodies)) {
    const link = links.get(filename)!;
    assert.equal(link, `/files/demo/http/${new URL(upstream.origin).host}/get/${filename}`);
    assert.equal((await scene.ask(backend, link)).text, body);
    assert.equal((await scene.ask(backend, `${link}.metadata`)).text, `metadata of ${body}`);
  }
});

Deno.test("of several hashes in a link the strongest counts", async () => {
  await using all = await setUp((upstream) => {
    const body = `<a href="${wheel}#md5=${"0".repeat(32)}&amp;sha256=${hashOf("a wheel")}">wheel</a>`;
    upstream.serve("/simple/demo/", { body, headers: html });
    upstream.serve(`/simple/demo/${wheel}`, { body: "a wheel" });
  });
  assert.equal((await all.scene.follow(all.backend, "/simple/demo/", wheel)).text, "a wheel");
});

Deno.test("a page that comes packed, though nobody asked for that, is read", async () => {
  const body = await gzip(`<a href="${wheel}">wheel</a>`);
  await using all = await setUp((upstream) => {
    upstream.serve("/simple/demo/", { body, headers: { ...html, "content-encoding": "gzip" } });
  });
  assert.deepEqual([...(await all.scene.links(all.backend, "/simple/demo/")).keys()], [wheel]);
});

// Deno 2.6 unpacks it before we see it, and has its own words for what goes wrong.
const codings: [contentEncoding: string, packed: boolean][] = [
  ["", false],
  ["aws-chunked", false],
  ["identity,aws-chunked", false],
  ["gzip, aws-chunked", true],
  ["x-gzip", true],
];

for (const [coding, packed] of codings) {
  Deno.test(`a page whose Content-Encoding is "${coding}" is read`, async () => {
    await using all = await setUp(() => {});
    const { scene, upstream, backend } = all;
    const page = `<html><a href="${wheel}">wheel</a></html>`;
    const headers = { ...html, "content-encoding": coding };
    upstream.serve("/simple/demo/", { body: packed ? await gzip(page) : page, headers });
    assert.deepEqual([...(await scene.links(backend, "/simple/demo/")).keys()], [wheel]);
  });
}

Deno.test("a page in several gzip members is read to its end", async () => {
  await using all = await setUp(() => {});
  const { scene, upstream, backend } = all;
  const members = [await gzip("<html>"), await gzip(`<a href="${wheel}">wheel</a>`)];
  const headers = { ...html, "content-encoding": "gzip" };
  upstream.serve("/simple/demo/", { body: await new Blob(members).bytes(), headers });
  assert.deepEqual([...(await scene.links(backend, "/simple/demo/")).keys()], [wheel]);
});

for (const type of ["application/octet-stream", "text/plain", "binary/octet-stream"]) {
  Deno.test(`a page in JSON that is sent as ${type} is read`, async () => {
    await using all = await setUp(() => {});
    const { scene, upstream, backend } = all;
    const body = JSON.stringify({
      meta: { "api-version": "1.0" },
      name: "demo",
      files: [{ filename: wheel, url: wheel, hashes: {} }],
    });
    upstream.serve("/simple/demo/", { body, headers: { "content-type": type } });
    assert.deepEqual([...(await scene.links(backend, "/simple/demo/")).keys()], [wheel]);
  });
}

for (const coding of ["gzip", "br"]) {
  Deno.test(`a page that only says it is packed (${coding}) is an error of the index`, async () => {
    await using all = await setUp((upstream) => {
      const headers = { ...html, "content-encoding": coding };
      upstream.serve("/simple/demo/", { body: `<a href="${wheel}">wheel</a>`, headers });
    });
    const asked = all.scene.ask(all.backend, "/simple/demo/");
    await assert.rejects(asked, { code: "upstream_failed", message: /\/simple\/demo\// });
  });
}

Deno.test("a small page that unpacks to more than any page has is refused", async () => {
  const mebibyte = await gzip(" ".repeat(1024 * 1024));
  const body = await new Blob([...Array.from({ length: 64 }, () => mebibyte), await gzip(" ")]).bytes();
  await using all = await setUp((upstream) => {
    upstream.serve("/simple/demo/", { body, headers: { ...html, "content-encoding": "gzip" } });
  });
  const asked = all.scene.ask(all.backend, "/simple/demo/");
  await assert.rejects(asked, { code: "upstream_failed", message: /is larger than/ });
});

Deno.test("attributes of links are passed on, and no browser runs what is in them", async () => {
  await using all = await setUp((upstream) => {
    upstream.serve("/simple/demo/", { body: `<a href="${wheel}" onclick="alert()" data-x="1">w</a>`, headers: html });
  });
  const { text, headers } = await all.scene.ask(all.backend, "/simple/demo/", htmlType);
  assert.match(text, /data-x="1"/);
  assert.equal(headerOf(headers, "content-security-policy"), "default-src 'none'");
});
