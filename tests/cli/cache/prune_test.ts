import assert from "node:assert/strict";
import { runCaptured } from "../../support/run_captured.ts";
import { createTempDir } from "../../support/temp_dir.ts";
import { CacheScene, lastColumn } from "./cache_scene.ts";

/** Five bodies of 1000 bytes, unused for 1, 2, 30, 40 and 50 days; pypi/shared and files/shared have the same one. */
async function openFilled(): Promise<CacheScene> {
  const scene = new CacheScene();
  await scene.put("pypi/new", { usedDays: 1 });
  await scene.put("pypi/shared", { body: "shared", usedDays: 40 });
  await scene.put("files/shared", { body: "shared", usedDays: 40 });
  await scene.put("pypi/older", { usedDays: 30 });
  await scene.put("pypi/oldest", { usedDays: 50 });
  await scene.put("files/new", { usedDays: 2 });
  return scene;
}

async function namesIn(scene: CacheScene): Promise<string[]> {
  return lastColumn(await scene.run("ls"));
}

const all = ["files/new", "files/shared", "pypi/new", "pypi/older", "pypi/oldest", "pypi/shared"];
const without = (...names: string[]) => all.filter((name) => !names.includes(name));

const cases: [args: string[], left: string[], output: RegExp][] = [
  [
    ["--unused-for", "45d"],
    without("pypi/oldest"),
    /^Removed 1 body, 1000 bytes, and 1 entry; 3\.9 KiB are left\n$/,
  ],
  [["--unused-for", "29d"], ["files/new", "pypi/new"], /^Removed 3 bodies, 2\.9 KiB, and 4 entries; 2 KiB are left\n$/],
  [["--unused-for", "60d"], all, /^Removed 0 bodies/],
  [["--to", "2500"], ["files/new", "pypi/new"], /^Removed 3 bodies/],
  [["--to", "4000"], without("pypi/oldest"), /^Removed 1 body,/],
  [["--to", "5kB"], all, /^Removed 0 bodies/],
  [["--unused-for", "29d", "--backend", "pypi"], without("pypi/oldest", "pypi/older"), /^Removed 2 bodies/],
  [
    ["--to", "2kB", "--backend", "pypi"],
    without("pypi/oldest", "pypi/older"),
    /^Removed 2 bodies, .*; 2 KiB are left\n$/,
  ],
  [
    ["--unused-for", "29d", "--dry-run"],
    all,
    /^Would remove 3 bodies, 2\.9 KiB, and 4 entries; 2 KiB would be left\n$/,
  ],
];

for (const [args, left, output] of cases) {
  Deno.test(`cache prune ${args.join(" ")} removes what was not used for longest, and nothing else`, async () => {
    await using scene = await openFilled();
    const { code, stdout, stderr } = await scene.run("prune", ...args);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, output);
    assert.deepEqual(await namesIn(scene), left);
    await scene.fixture.restartAfter(() => Deno.removeSync(`${scene.dir}/usage.json`));
  });
}

Deno.test("cache prune leaves what is pinned, and says that it did not come as far as it should", async () => {
  await using scene = await openFilled();
  await scene.run("pin", "oldest", "files/**");
  const { code, stderr } = await scene.run("prune", "--to", "2kB");
  assert.equal(code, 1);
  assert.match(stderr, /^2\.9 KiB are more than --to 2kB: the rest is pinned, /);
  assert.deepEqual(await namesIn(scene), ["files/new", "files/shared", "pypi/oldest", "pypi/shared"]);
  await scene.fixture.restartAfter(() => Deno.removeSync(`${scene.dir}/usage.json`));
});

Deno.test("cache prune leaves what an offline backend has unless that is named", async () => {
  await using scene = await openFilled();
  await using dir = await createTempDir();
  const config = dir.join("config.yml");
  const backend = (name: string, more = "") =>
    `{type: http, name: ${name}, config: {base_url: "http://127.0.0.1:9"${more}}}`;
  await Deno.writeTextFile(config, `backends: [${backend("pypi", ", offline: true")}, ${backend("files")}]`);
  const prune = (...args: string[]) =>
    runCaptured(["cache", "prune", "--config", config, "--cache-dir", scene.dir, ...args]);
  assert.equal((await prune("--unused-for", "1h")).code, 0);
  assert.deepEqual(await namesIn(scene), without("files/new"));
  assert.equal((await prune("--unused-for", "45d", "--backend", "pypi")).code, 0);
  assert.deepEqual(await namesIn(scene), without("files/new", "pypi/oldest"));
  await scene.fixture.restartAfter(() => Deno.removeSync(`${scene.dir}/usage.json`));
});

Deno.test("bodies that no entry names go with what is unused", async () => {
  await using scene = await openFilled();
  await scene.fixture.restartAfter(() => Deno.removeSync(`${scene.dir}/entries/pypi`, { recursive: true }));
  const { stdout } = await scene.run("prune", "--unused-for", "1h", "--json");
  assert.deepEqual(JSON.parse(stdout), { dry_run: false, bodies: 5, bytes: 5000, entries: 2, left: 0 });
  await scene.fixture.restartAfter(() => Deno.removeSync(`${scene.dir}/usage.json`));
});

Deno.test("cache prune wants to know how far", async () => {
  await using scene = await openFilled();
  for (const args of [[], ["--to", "1GB", "--unused-for", "1d"]]) {
    const { code, stderr } = await scene.run("prune", ...args);
    assert.deepEqual([code, stderr], [2, "cache prune needs --to SIZE or --unused-for AGE, one of them\n"]);
  }
});
