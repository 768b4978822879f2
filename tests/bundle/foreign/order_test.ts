import assert from "node:assert/strict";
import { apt } from "../../../src/backends/apt/apt.ts";
import { importForeign } from "../../../src/bundle/foreign/import.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { configSchema } from "../../../src/configuration.ts";
import { noLog } from "../../../src/observe/log.ts";
import type { Shelf, ShelfItem } from "../../../src/shelf.ts";
import { createTempDir } from "../../support/temp_dir.ts";

function requestFor(path: string, needs?: string): ShelfItem {
  return { kind: "request", name: path, sizeBytes: 4, request: { path: `/debian/${path}` }, ...needs && { needs } };
}

/** Imports a shelf into an empty cache; one line for each outcome. */
async function importShelf(shelf: Shelf): Promise<string[]> {
  await using dir = await createTempDir();
  const backends = [{ type: "apt", name: "debian", config: { mirror_url: "http://deb.example.org/debian" } }];
  const text = JSON.stringify({ cache_dir: dir.path, cache_min_free: 0, backends });
  const config = await loadConfig({ schema: configSchema, text, env: () => undefined });
  const parts = [{ type: apt, shelf, name: "shelf", backends: config.backends }];
  const source = {
    name: "shelf",
    description: shelf.description,
    parts,
    leftOut: [],
    totalBytes: () => Promise.resolve(0),
    close() {},
  };
  const outcomes = await Array.fromAsync(importForeign(source, { config, log: noLog, version: "0.0.0" }));
  return outcomes.map(({ name, outcome }) => `${outcome.kind} ${name}`);
}

Deno.test("eight bodies are asked for at once, and what leads to them once all are there", async () => {
  const names = Array.from({ length: 20 }, (_, at) => `pool/${at}.deb`);
  const eight = Promise.withResolvers<void>();
  const [asked, most] = [{ now: 0, before: 0 }, { atOnce: 0 }];
  const lines = await importShelf({
    description: "a source",
    async fetch(request) {
      if (request.url.endsWith("/last.deb")) return new Response(`${asked.before} before`);
      most.atOnce = Math.max(most.atOnce, ++asked.now);
      if (asked.now === 8) eight.resolve();
      await eight.promise;
      asked.now -= 1;
      asked.before += 1;
      return new Response("body");
    },
    async *items(target) {
      yield* names.map((name) => requestFor(name));
      yield { kind: "wait" };
      assert.equal(asked.before, 20);
      yield requestFor("pool/last.deb");
      yield { kind: "wait" };
      assert.equal(await (await target.ask({ path: "/debian/pool/last.deb" })).text(), "20 before");
    },
  });
  assert.equal(most.atOnce, 8);
  assert.deepEqual(lines, [...names, "pool/last.deb"].map((name) => `imported ${name}`));
});

Deno.test("what leads to a body that could not be imported is left out, however many are asked for at once", async () => {
  const lines = await importShelf({
    description: "a source",
    fetch: ({ url }) =>
      url.endsWith("/1.deb") ? Promise.reject(new Error("broken")) : Promise.resolve(new Response("a")),
    async *items() {
      yield* ["pool/0.deb", "pool/1.deb", "pool/2.deb"].map((name) => requestFor(name, "all"));
      yield { kind: "wait" };
      yield requestFor("pool/last.deb", "all");
    },
  });
  assert.deepEqual(lines, [
    "imported pool/0.deb",
    "failed pool/1.deb",
    "imported pool/2.deb",
    "left_out pool/last.deb",
  ]);
});
