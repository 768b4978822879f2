import assert from "node:assert/strict";
import { cacheRoute } from "../../src/api/cache_route.ts";
import type { Asked } from "../../src/api/route.ts";
import type { CommandContext } from "../../src/cache_commands/contract.ts";
import { VaultError } from "../../src/errors.ts";
import { FsLayout } from "../../src/store/fs_layout.ts";
import { writtenMisses } from "../../src/store/misses.ts";
import type { ChunkReader } from "../../src/vault/vault.ts";
import { CacheScene } from "../cli/cache/cache_scene.ts";

function contextOf(dir: string): CommandContext {
  return {
    ...{ dir, besideClients: true, digestOf: () => null },
    nextOf: () => Promise.resolve([]),
    async *fetchAgain() {},
    offlineBackends: () => Promise.resolve([]),
    misses: writtenMisses(new FsLayout(dir)),
    changed: () => Promise.resolve(),
    damaged: () => Promise.resolve(),
  };
}

async function linesOf(reader: ChunkReader): Promise<readonly Record<string, unknown>[]> {
  let text = "";
  for (let chunk = await reader.read(); chunk !== null; chunk = await reader.read()) {
    text += new TextDecoder().decode(chunk);
  }
  return text.trimEnd().split("\n").map((line) => JSON.parse(line));
}

Deno.test("commands on the cache of a server: few at once, until they have ended, failed or are left", async () => {
  await using scene = new CacheScene();
  for (let file = 0; file < 300; file++) await scene.put(`files/${file}`, { body: "same" });
  const closing = new AbortController();
  const route = cacheRoute(contextOf(scene.dir), closing.signal);
  const open = (command: string, input: unknown) => {
    const asked = { query: {}, body: { command, input } } as Asked<unknown, unknown>;
    return route.reply(asked, "POST").body as ChunkReader;
  };
  const list = () => open("ls", { patterns: [] });
  const [left, whole] = [list(), list()];
  const isOverloaded = (error: unknown) => error instanceof VaultError && error.code === "overloaded";
  assert.throws(list, isOverloaded);
  assert.match(new TextDecoder().decode((await left.read())!), /^\{"item":\{"name":"files\/0"/);
  left.close();
  assert.equal(await left.read(), null);
  const lines = await linesOf(whole);
  assert.deepEqual([lines.length, lines.at(-1)], [301, { result: null }]);
  assert.equal(new Set(lines.map((line) => JSON.stringify(line))).size, 301);
  await Deno.writeTextFile(`${scene.dir}/pins.json`, "garbage");
  const failed = await linesOf(open("purge", { patterns: ["files/0"], pinned: false, all: false, dryRun: false }));
  assert.match(JSON.stringify(failed.at(-1)), /^\{"error":\{"code":"storage_failed","message":"Cannot read the pins/);
  const [one, two] = [list(), list()];
  assert.throws(list, isOverloaded, "those that have ended count no more");
  await one.read();
  closing.abort();
  assert.match(JSON.stringify((await linesOf(one)).at(-1)), /"error"/, "a server that goes away says so");
  two.close();
  await Deno.remove(`${scene.dir}/pins.json`);
});
