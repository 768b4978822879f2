import assert from "node:assert/strict";
import { noLog } from "../../src/observe/log.ts";
import { FsLayout } from "../../src/store/fs_layout.ts";
import { MissList } from "../../src/store/misses.ts";
import { BundleScene } from "../bundle/bundle_scene.ts";
import { craftBundle } from "../bundle/craft_bundle.ts";
import type { CapturedRun } from "../support/run_captured.ts";
import { sha256Of } from "../support/store_fixture.ts";
import { CacheScene } from "./cache/cache_scene.ts";

// deno-lint-ignore no-control-regex -- line ends and tabs are those of the program
const acting = /[\0-\x08\x0b-\x1f\x7f-\x9f]|\p{Bidi_Control}|\p{Cs}/u;
const turned = "\u202Egpj.exe\u2066";
const hostile = `a\x1b[2J\x9b1A${turned}\ud800\nImported all of it: 1 entry`;

function assertHarmless({ stdout, stderr }: CapturedRun, forged: RegExp = /^Imported all of it/m): void {
  for (const text of [stdout, stderr]) {
    assert.doesNotMatch(text, acting);
    assert.doesNotMatch(text, forged);
  }
}

async function hostileBundle(scene: BundleScene, index = {}): Promise<string> {
  const key = `/x/${turned}`;
  const sha256 = sha256Of(new TextEncoder().encode(key));
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const images = [{ mediaType, name: hostile, sha256, sizeBytes: new TextEncoder().encode(key).byteLength }];
  const path = scene.path("hostile.tar");
  await craftBundle(path, [{ facts: [{ key }] }], {
    images,
    pins: [`files/${hostile.replace(/[[\]]/g, "")}`],
    ...index,
  });
  return path;
}

Deno.test("nothing that a bundle says of itself acts on a terminal, or looks like a line of the program", async () => {
  await using scene = await BundleScene.open();
  const path = await hostileBundle(scene);
  const listed = await scene.bundle("inside", "ls", path);
  assertHarmless(listed);
  assert.match(listed.stderr, /^Image a\\u001b\[2J\\u009b1A\\u202egpj\.exe\\u2066\\ud800\\nImported all/m);
  assert.match(listed.stdout, /\tfiles\/x\/\\u202egpj\.exe\\u2066\n$/);
  const json = await scene.bundle("inside", "ls", path, "--json");
  assertHarmless(json);
  assert.equal(JSON.parse(json.stdout).name, `files/x/${turned}`);
  for (const command of ["verify", "import"]) assertHarmless(await scene.bundle("inside", command, path));
});

Deno.test("neither do names in folders of others, nor those of the folders themselves", async () => {
  await using scene = await BundleScene.open();
  const folder = scene.path("wheels\x1b[31m");
  Deno.mkdirSync(folder);
  Deno.writeTextFileSync(`${folder}/app-1.0-py3-none-any.whl`, "no wheel");
  Deno.writeTextFileSync(`${folder}/${hostile.replaceAll("\ud800", "")}-1.0-py3-none-any.whl`, "no wheel");
  for (const args of [[folder], [folder, "--dry-run"], [scene.path("nothing\x1b[31m")]]) {
    assertHarmless(await scene.bundle("inside", "import", ...args));
    assertHarmless(await scene.bundle("inside", "ls", ...args.slice(0, 1)));
  }
});

Deno.test("names in the cache do not act on a terminal, whichever command shows them", async () => {
  await using scene = new CacheScene();
  const name = `files/a\x1b[31m${turned}\nImported all of it`;
  await scene.put(name);
  for (
    const args of [["ls"], ["ls", "--json"], ["show", name], ["show", "--json", name], ["pin", name], ["pins"], [
      "unpin",
      name,
    ]]
  ) {
    for (const shown of [await scene.run(...args), await scene.runOnTerminal(...args)]) assertHarmless(shown);
  }
  for (const args of [["verify"], ["show", `${name} none`], ["purge", "files/**", "--pinned", "--dry-run"]]) {
    assertHarmless(await scene.run(...args));
  }
});

Deno.test("the list of misses has only lines that warm reads as they were written", async () => {
  await using scene = new CacheScene();
  const list = new MissList(new FsLayout(scene.dir), noLog);
  for (const line of ["pypi:a", `pypi:b${turned}`, "pypi:c\x9b1A", "pypi:d\npypi:e"]) list.add("pypi", line);
  await list.close();
  assert.deepEqual(await scene.run("misses"), { code: 0, stdout: "pypi:a\n", stderr: "" });
});
