import assert from "node:assert/strict";
import { carryOut, planChange, planUndo } from "../../src/setup/change.ts";
import type { Edit } from "../../src/setup/edit/edit.ts";
import { keptFolder } from "../../src/setup/kept_change.ts";
import { runToSuccess } from "../support/run_command.ts";
import { createTempDir } from "../support/temp_dir.ts";

const edit = (url: string): Edit => ({
  kind: "values",
  format: "ini",
  values: [{ section: "global", key: "index-url", line: `index-url = ${url}` }],
});

async function scene(text: string | null) {
  const dir = await createTempDir();
  const path = dir.join("pip.conf");
  const owner = (client: string) => ({ folder: keptFolder(dir.join("state"), path), client });
  if (text !== null) await Deno.writeTextFile(path, text);
  return {
    ...{ dir, path },
    apply: async (url = "http://v", client = "pip") => await carryOut(await planChange(path, edit(url), owner(client))),
    undo: async (client = "pip") => {
      const plan = await planUndo(path, owner(client));
      if (plan !== null) await carryOut(plan);
      return plan !== null;
    },
    read: () => Deno.readTextFile(path),
    [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose](),
  };
}

for (
  const text of ["", "x", "[global]\r\nindex-url = old\r\n# a", "\uFEFF[install]\n\n", "[global]\nindex-url = http://v"]
) {
  Deno.test(`undo restores ${JSON.stringify(text)} byte for byte, also after two changes`, async () => {
    await using file = await scene(text);
    await file.apply("http://first");
    await file.apply();
    await file.apply();
    assert.match(await file.read(), /http:\/\/v/);
    assert.doesNotMatch(await file.read(), /first/);
    await file.undo();
    assert.equal(await file.read(), text);
    assert.equal(await file.undo(), false);
  });
}

Deno.test("undo removes a file that was made", async () => {
  await using file = await scene(null);
  await file.apply();
  await file.undo();
  await assert.rejects(file.read(), Deno.errors.NotFound);
});

Deno.test("undo of one client leaves what another one needs, and the last one leaves nothing", async () => {
  await using file = await scene(null);
  await file.apply("http://first", "one");
  await file.apply("http://v", "two");
  assert.equal(await file.undo("one"), true);
  assert.equal(await file.undo("one"), false);
  assert.match(await file.read(), /http:\/\/v\n/);
  assert.equal(await file.undo("two"), true);
  assert.deepEqual([...Deno.readDirSync(file.dir.path)], []);
});

Deno.test("undo leaves what others have changed since", async () => {
  await using file = await scene("[global]\nindex-url = old\ntimeout = 1\n");
  await file.apply();
  await Deno.writeTextFile(file.path, (await file.read()).replace("timeout = 1", "timeout = 2") + "retries = 3\n");
  await file.undo();
  assert.equal(await file.read(), "[global]\nindex-url = old\ntimeout = 2\nretries = 3\n");
});

Deno.test("undo refuses where others have changed the same line, and says where the old one is", async () => {
  await using file = await scene("[global]\n");
  await file.apply();
  await Deno.writeTextFile(file.path, (await file.read()).replace("http://v", "http://other"));
  await assert.rejects(file.undo(), /changed since in the lines .* what it was is in/);
  assert.match(await file.read(), /http:\/\/other/);
});

Deno.test("a file behind a link is changed where it is, with its mode", async () => {
  await using file = await scene(null);
  const real = file.dir.join("real");
  await Deno.writeTextFile(real, "[global]\n", { mode: 0o640 });
  await Deno.symlink("real", file.path);
  await file.apply();
  assert.equal((await Deno.lstat(file.path)).isSymlink, true);
  assert.equal((await Deno.stat(real)).mode! & 0o777, 0o640);
  assert.equal(await Deno.readTextFile(real), "[global]\nindex-url = http://v\n");
  await file.undo();
  assert.equal(await Deno.readTextFile(real), "[global]\n");
});

Deno.test("a read-only file, one that is no text and one that cannot be parsed stay as they are", async () => {
  await using file = await scene("[global]\n");
  await Deno.chmod(file.path, 0o444);
  await assert.rejects(file.apply(), /read-only/);
  assert.equal(await file.read(), "[global]\n");
  await Deno.chmod(file.path, 0o644);
  await Deno.writeFile(file.path, new Uint8Array([0xff, 0xfe, 0x5b]));
  await assert.rejects(file.apply(), /no text in UTF-8/);
  await Deno.writeTextFile(file.path, "= wrong\n");
  await assert.rejects(file.apply(), /Cannot change ".*pip.conf", which stays as it is.* line 1/);
  assert.equal(await file.read(), "= wrong\n");
});

Deno.test("what is no file of one name alone stays as it is, and so it does in a dry run", async () => {
  await using file = await scene("[global]\n");
  await Deno.link(file.path, file.dir.join("other"));
  const plan = () => planChange(file.path, edit("http://v"), { folder: file.dir.join("state/x"), client: "pip" });
  await assert.rejects(plan(), /another name \(a hard link\)/);
  await Deno.remove(file.path);
  await runToSuccess(["mkfifo", file.path]);
  await assert.rejects(plan(), /pip\.conf" is no file/);
  await Deno.remove(file.path);
  await Deno.symlink("/dev/null", file.path);
  await assert.rejects(plan(), /pip\.conf" is no file/);
  await Deno.remove(file.path);
  await Deno.symlink("nowhere", file.path);
  await assert.rejects(plan(), /a link to a file that does not exist/);
  assert.equal(await Deno.readTextFile(file.dir.join("other")), "[global]\n");
});

Deno.test("a file of 100,000 lines is changed and restored, also where others have changed it since", async () => {
  const lines = Array.from({ length: 100_000 }, (_, at) => `key-${at} = 1\n`);
  await using file = await scene(`[a]\n${lines.join("")}[global]\n`);
  await file.apply();
  await Deno.writeTextFile(file.path, `# mine\n${await file.read()}# mine\n`);
  await file.undo();
  assert.equal(await file.read(), `# mine\n[a]\n${lines.join("")}[global]\n# mine\n`);
});

Deno.test("where a change cannot be kept, it says so and changes nothing", async () => {
  await using file = await scene("[global]\n");
  const folder = file.dir.join("state", "a".repeat(256));
  const plan = await planChange(file.path, edit("http://v"), { folder, client: "pip" });
  await assert.rejects(carryOut(plan), { code: "storage_failed", message: /Cannot make .*too long/ });
  assert.equal(await file.read(), "[global]\n");
});
