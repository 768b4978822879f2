import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { missingPrograms } from "../support/programs.ts";
import { mib } from "../support/random_file.ts";
import { runToSuccess } from "../support/run_command.ts";
import { createScene } from "../support/scene.ts";

Deno.test({
  name: "zsync brings an old file up to date by the parts that have changed",
  ignore: missingPrograms("nginx", "zsync", "zsyncmake").length > 0,
}, async () => {
  await using scene = await createScene();
  const { name } = await scene.addFile("disk.img", 16 * mib);
  const upstreamPath = scene.dir.join("upstream", name);
  const current = await Deno.readFile(upstreamPath);
  const old = current.slice();
  for (let at = mib; at < old.length; at += 3 * mib) old.fill(7, at, at + 10_000);
  const oldPath = scene.dir.join("old.img");
  await Deno.writeFile(oldPath, old);
  await runToSuccess(["zsyncmake", "-u", name, "-o", `${upstreamPath}.zsync`, upstreamPath]);
  await using vault = await scene.startVault();
  const newPath = scene.dir.join("new.img");
  await runToSuccess(["zsync", "-i", oldPath, "-o", newPath, vault.url(`/files/${name}.zsync`)]);
  assert.ok(Buffer.from(await Deno.readFile(newPath)).equals(current));
  const [line, bytes] = await vault.waitForLine(/disk\.img 206 (\d+) bytes/);
  assert.ok(Number(bytes) < mib, line);
});
