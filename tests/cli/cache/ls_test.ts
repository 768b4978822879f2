import assert from "node:assert/strict";
import { runCaptured } from "../../support/run_captured.ts";
import { CacheScene, lastColumn } from "./cache_scene.ts";

async function openFilled(): Promise<CacheScene> {
  const scene = new CacheScene();
  await scene.put("pypi/files/a-1.whl", { sizeBytes: 300, storedDays: 3, usedDays: 1 });
  await scene.put("pypi/files/b-1.whl", { sizeBytes: 100, storedDays: 40, usedDays: 35 });
  await scene.put("docker/library/alpine/manifests/3.20", { sizeBytes: 200, storedDays: 10, usedDays: 9 });
  return scene;
}

const all = ["docker/library/alpine/manifests/3.20", "pypi/files/a-1.whl", "pypi/files/b-1.whl"];
const [alpine = "", a = "", b = ""] = all;

const lists: [args: string[], names: string[]][] = [
  [[], all],
  [["--sort", "name", "--limit", "1"], [alpine]],
  [["--sort", "size"], [a, alpine, b]],
  [["--sort", "size", "--limit", "2"], [a, alpine]],
  [["--sort", "age"], [b, alpine, a]],
  [["--sort", "used", "--limit", "1"], [b]],
  [["--backend", "pypi"], [a, b]],
  [["--backend", "pypi", "--backend", "docker"], all],
  [["--match", "*.whl"], [a, b]],
  [["--match", "docker/**"], [alpine]],
  [["--match", "docker/library/*/manifests/*", "--match", "a-*", "--match", "**/a-1.whl"], [alpine, a]],
  [["--older-than", "7d"], [alpine, b]],
  [["--unused-for", "30d"], [b]],
  [["--unused-for", "7d", "--backend", "docker"], [alpine]],
  [["--match", "nothing"], []],
];

Deno.test("cache ls lists what was asked for, in the order that was asked for", async (t) => {
  await using scene = await openFilled();
  for (const [args, names] of lists) {
    await t.step(`ls ${args.join(" ")}`, async () => {
      const result = await scene.run("ls", ...args);
      assert.deepEqual([result.code, result.stderr, lastColumn(result)], [0, "", names]);
    });
  }
});

Deno.test("cache ls --json prints one object a line", async () => {
  await using scene = await openFilled();
  const { stdout } = await scene.run("ls", "--json", "--sort", "size");
  const [first, ...others] = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.equal(others.length, 2);
  assert.deepEqual([first.name, first.size, first.sha256.length], [a, 300, 64]);
  assert.ok(Date.parse(first.stored) < Date.parse(first.used));
});

Deno.test("cache ls is a table on a terminal, and an escape sequence in a name does not reach it", async () => {
  await using scene = await openFilled();
  await scene.put("docker/\x1b[31mred");
  const { stdout } = await scene.runOnTerminal("ls", "--backend", "docker");
  const [title, ...rows] = stdout.trimEnd().split("\n");
  assert.match(title!, /^ +SIZE +STORED +USED +NAME$/);
  assert.match(rows[0]!, /^1000 bytes +0 s +0 s +docker\/\\u001b\[31mred$/);
  assert.match(rows[1]!, /^ 200 bytes +10 d +9 d +docker\/library\/alpine\/manifests\/3.20$/);
});

Deno.test("an entry whose body is gone is listed, and never counts as unused", async () => {
  await using scene = await openFilled();
  Deno.removeSync(scene.bodyPath(await scene.put("pypi/gone", { usedDays: 50 })));
  await scene.fixture.restartAfter(() => Deno.removeSync(`${scene.dir}/usage.json`));
  assert.match((await scene.runOnTerminal("ls", "--match", "gone")).stdout, /no body {2}pypi\/gone\n$/);
  assert.deepEqual(lastColumn(await scene.run("ls", "--unused-for", "30d")), [b]);
});

Deno.test("a file that is no entry makes cache ls fail, after the list of all others", async () => {
  await using scene = await openFilled();
  Deno.writeTextFileSync(`${scene.dir}/entries/pypi/files/a-1.whl~.json`, "{}");
  const result = await scene.run("ls");
  assert.deepEqual([result.code, lastColumn(result)], [1, [alpine, b]]);
  assert.match(result.stderr, /^1 file in the place of entries cannot be read, such as ".*a-1\.whl~\.json"; /);
});

const refusals: [args: string[], code: number, message: RegExp][] = [
  [["--sort", "colour"], 2, /^--sort: "colour" is not a known word; write name, size, age, used\n$/],
  [["--limit", "0"], 2, /^--limit: "0" is not a whole number above zero; write 1 or more\n$/],
  [["--unused-for", "long"], 2, /^--unused-for: "long" is not a duration; write 90s, 12h or 30d\n$/],
  [["--backend", "npm"], 2, /^--backend: "npm" has nothing in the cache ".*"; there are docker, pypi\n$/],
  [["--cache-dir", "/nowhere"], 1, /^Cannot look into the cache directory "\/nowhere": there is no such directory; /],
];

Deno.test("cache ls says what is wrong with a command line", async () => {
  await using scene = await openFilled();
  for (const [args, code, message] of refusals) {
    const result = await runCaptured(["cache", "ls", "--cache-dir", scene.dir, ...args]);
    assert.equal(result.code, code);
    assert.match(result.stderr, message);
  }
});
