import assert from "node:assert/strict";
import { BundleScene } from "../../bundle/bundle_scene.ts";
import { missingPrograms } from "../../support/programs.ts";
import { runToSuccess } from "../../support/run_command.ts";
import { canMountVfat, mountVfat } from "../../support/vfat.ts";

Deno.test({
  name: "a split bundle, a directory and a kit are carried on a stick with FAT, and a part that is missing is named",
  ignore: !await canMountVfat(),
}, async () => {
  await using scene = await BundleScene.open();
  for (const name of ["one", "two", "three"]) await scene.put(`files/${name}`, { sizeBytes: 900_000 });
  await scene.put("files/NUL.txt", { sizeBytes: 10 });
  const stick = scene.path("stick");
  await using _stick = await mountVfat(scene.path("stick.img"), stick, 40);
  Deno.writeTextFileSync(scene.path("vault-linux"), "an executable");
  const wanted = await scene.names(scene.outside.root);

  await scene.export("stick/friday.tar", "--part-size", "1MB");
  assert.equal(Deno.statSync(`${stick}/friday.tar.001`).size, 1_000_000);
  await Deno.rename(`${stick}/friday.tar.002`, `${stick}/hidden`);
  const missing = await scene.bundle("inside", "import", `${stick}/friday.tar.parts.json`);
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /the part friday\.tar\.002 is missing; copy it again/);
  await Deno.rename(`${stick}/hidden`, `${stick}/friday.tar.002`);

  await scene.export("stick/folder/");
  const kit = ["--kit", `${stick}/kit`, "--executable", scene.path("vault-linux")];
  assert.equal((await scene.bundle("outside", "export", scene.path("friday.tar"), ...kit)).code, 0);
  for (const carried of ["friday.tar.parts.json", "folder", "kit/friday.tar"]) {
    const cacheDir = scene.path(`inside-${carried.length}`);
    scene.writeConfig("inside", cacheDir);
    const { code, stderr } = await scene.bundle("inside", "import", `${stick}/${carried}`);
    assert.equal(code, 0, `${carried}: ${stderr}`);
    assert.deepEqual(await scene.names(cacheDir), wanted);
  }
});

Deno.test({
  name: "a split bundle, a directory and a kit come through a file system of FAT unchanged",
  ignore: missingPrograms("mkfs.vfat", "mcopy").length > 0,
}, async () => {
  await using scene = await BundleScene.open();
  for (const name of ["one", "two"]) await scene.put(`files/${name}`, { sizeBytes: 900_000 });
  const wanted = await scene.names(scene.outside.root);
  Deno.writeTextFileSync(scene.path("vault-linux"), "an executable");
  const there = scene.path("there");
  await Deno.mkdir(there);
  await scene.export("there/friday.tar", "--part-size", "1MB");
  await scene.export("there/folder/");
  const kit = ["--kit", `${there}/kit`, "--executable", scene.path("vault-linux")];
  assert.equal((await scene.bundle("outside", "export", scene.path("monday.tar"), ...kit)).code, 0);

  const image = scene.path("stick.img");
  const back = scene.path("back");
  await Deno.mkdir(back);
  await runToSuccess(["mkfs.vfat", "-C", image, String(40 * 1024)]);
  const names = [...Deno.readDirSync(there)].map(({ name }) => `${there}/${name}`);
  await runToSuccess(["mcopy", "-s", "-i", image, ...names, "::"]);
  await runToSuccess(["mcopy", "-s", "-n", "-i", image, "::*", back]);
  for (const carried of ["friday.tar.parts.json", "folder", "kit/monday.tar"]) {
    const cacheDir = scene.path(`inside-${carried.length}`);
    scene.writeConfig("inside", cacheDir);
    const { code, stderr } = await scene.bundle("inside", "import", `${back}/${carried}`);
    assert.equal(code, 0, `${carried}: ${stderr}`);
    assert.deepEqual(await scene.names(cacheDir), wanted);
  }
});
