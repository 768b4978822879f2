import assert from "node:assert/strict";
import { dirname } from "node:path";
import { prepareCacheDir } from "../../src/cli/cache_dir.ts";
import { FsLayout } from "../../src/store/fs_layout.ts";
import { runCaptured } from "../support/run_captured.ts";
import { createTempDir } from "../support/temp_dir.ts";

for (const folder of new FsLayout("").folders) {
  Deno.test(`a carried cache directory whose ${folder.slice(1)} is a link is refused, and what that leads to stays`, async () => {
    await using dir = await createTempDir();
    const [cache, elsewhere] = [dir.join("cache"), dir.join("elsewhere")];
    Deno.mkdirSync(`${elsewhere}/folder`, { recursive: true });
    Deno.writeTextFileSync(`${elsewhere}/folder/file`, "mine");
    const longAgo = new Date(Date.now() - 30 * 24 * 3_600_000);
    Deno.utimeSync(`${elsewhere}/folder`, longAgo, longAgo);
    Deno.mkdirSync(dirname(cache + folder), { recursive: true });
    Deno.symlinkSync(elsewhere, cache + folder);
    const commands = [["cache", "verify", "--repair"], ["bundle", "import", elsewhere]];
    for (const args of commands) {
      const { code, stderr } = await runCaptured([...args, "--cache-dir", cache]);
      assert.equal(code, 1);
      assert.match(stderr, /^Cannot use .*" is a link, and files elsewhere could be removed/);
    }
    for (const offline of [true, false]) await assert.rejects(prepareCacheDir(cache, { offline }), /is a link/);
    assert.equal(Deno.readTextFileSync(`${elsewhere}/folder/file`), "mine");
  });
}

Deno.test("a cache directory may itself be a link", async () => {
  await using dir = await createTempDir();
  Deno.mkdirSync(dir.join("real"));
  Deno.symlinkSync(dir.join("real"), dir.join("cache"));
  await prepareCacheDir(dir.join("cache"));
  assert.equal((await runCaptured(["cache", "verify", "--cache-dir", dir.join("cache")])).code, 0);
});

Deno.test({
  name: "commands that write into another user's cache directory say so, with what to do",
  ignore: Deno.build.os !== "linux" || Deno.uid() !== 0,
}, async () => {
  await using dir = await createTempDir();
  const said = async (...args: string[]) => (await runCaptured([...args, "--cache-dir", dir.path])).stderr;
  const others = /belongs to another user, .*: chown -R 61234:61235 "\/.*\/"$/m;
  assert.doesNotMatch(await said("cache", "pin", "mine"), others);
  Deno.chownSync(dir.path, 61234, 61235);
  const list = dir.join("list.txt");
  Deno.writeTextFileSync(list, "/nothing/serves/this\n");
  const commands = ["cache pin a", "cache unpin a", "cache purge a", `bundle import ${dir.path}`, `warm ${list}`];
  for (const words of commands.map((command) => command.split(" "))) {
    assert.match(await said(...words), others, words.join(" "));
  }
  assert.doesNotMatch(await said("cache", "stats"), others);
});
