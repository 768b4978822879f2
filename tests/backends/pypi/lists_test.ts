import assert from "node:assert/strict";
import { jsonType } from "../../../src/backends/pypi/page_format.ts";
import { inBatches } from "../../../src/backends/shared/batches.ts";
import { headerOf } from "../../../src/http/headers.ts";
import type { FakeUpstream } from "../../support/fake_upstream.ts";
import { contentTypeOf, PypiScene } from "./scene.ts";

/** Spelt and spaced as no program of ours would. */
const written = (...names: string[]) => `{ "projects" : ${JSON.stringify(names.map((name) => ({ name, "_x": 1 })))} }`;

function serveList(upstream: FakeUpstream, body: string, etag?: string): void {
  upstream.serve("/simple/", { body, headers: { "content-type": "application/json" }, ...etag && { etag } });
}

Deno.test("the JSON list of one index goes out as it came, with the index's own ETag and our word for its type", async () => {
  await using scene = new PypiScene();
  const upstream = scene.startUpstream();
  const backend = scene.backend([scene.index(upstream)]);
  serveList(upstream, written("Demo", "../x"), '"of upstream"');
  const list = await scene.ask(backend, "/simple/", jsonType);
  assert.equal(list.text, written("Demo", "../x"));
  assert.deepEqual([contentTypeOf(list), headerOf(list.headers, "vary")], [jsonType, "Accept"]);
  assert.equal(headerOf(list.headers, "etag"), '"of upstream"');
});

Deno.test("a list of which not all counts is never shown as it came", async () => {
  await using scene = new PypiScene();
  const upstream = scene.startUpstream();
  serveList(upstream, written("demo", "hidden"));
  const backend = scene.backend([scene.index(upstream, { never: ["hidden"] })]);
  const { projects } = JSON.parse((await scene.ask(backend, "/simple/", jsonType)).text);
  assert.deepEqual(projects, [{ name: "demo", _x: 1 }]);
});

Deno.test("a list follows each of the indexes it is made of", async () => {
  await using scene = new PypiScene();
  const [first, second] = [scene.startUpstream(), scene.startUpstream()];
  const backend = scene.backend([scene.index(first), scene.index(second)]);
  const names = async () =>
    [...(await scene.ask(backend, "/simple/")).text.matchAll(/href="(.*?)\/"/g)].map(([, n]) => n);
  serveList(first, written("a"));
  serveList(second, written("b"));
  for (let times = 0; times < 2; times++) assert.deepEqual(await names(), ["a", "b"]);
  serveList(second, written("b", "c"));
  assert.deepEqual(await names(), ["a", "b", "c"]);
  serveList(first, written("c"));
  assert.deepEqual(await names(), ["c", "b"]);
});

Deno.test("what takes long lets others have the thread, and comes in its order", async () => {
  const items = Array.from({ length: 12_345 }, (_, nth) => nth);
  const seen: (number | "another")[] = [];
  setTimeout(() => seen.push("another"));
  for await (const batch of inBatches(items)) seen.push(...batch);
  assert.deepEqual(seen.filter((item) => item !== "another"), items);
  assert.ok(seen.includes("another") && seen.at(-1) !== "another");
});
