import assert from "node:assert/strict";
import { createWheel } from "../../support/pypi/python_package.ts";
import { runToSuccess } from "../../support/run_command.ts";
import { BundleScene } from "../bundle_scene.ts";

const app = createWheel("app", "1.0");

function wheels(scene: BundleScene): string {
  const path = scene.path("wheels");
  Deno.mkdirSync(path, { recursive: true });
  Deno.writeFileSync(`${path}/${app.filename}`, app.bytes);
  return path;
}

Deno.test("bundle import recognises what other tools have made, and says what became of it", async () => {
  await using scene = await BundleScene.open();
  const path = wheels(scene);
  const first = await scene.bundle("inside", "import", path);
  assert.deepEqual([first.code, first.stderr], [0, ""]);
  assert.match(
    first.stdout,
    /^Imported .*wheels, a wheelhouse, a folder of Python packages: 3 new files, .*; 0 were cached already; 0 could not/,
  );
  assert.match(
    (await scene.bundle("inside", "import", path)).stdout,
    / 2 were cached already; 0 could not be imported\n$/,
  );
});

Deno.test("bundle import --dry-run names what a foreign source has, and stores nothing", async () => {
  await using scene = await BundleScene.open();
  const { code, stdout, stderr } = await scene.bundle("inside", "import", wheels(scene), "--dry-run");
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^Would import .*: 3 files, /);
  assert.ok(stderr.includes(`${app.filename}, ${app.bytes.byteLength} bytes\n`), stderr);
  assert.deepEqual(await scene.names(), []);
});

Deno.test("what could not be imported is named on stderr, with exit code 1", async () => {
  await using scene = await BundleScene.open();
  scene.writeConfig("inside", scene.insideDir, { served: "backends: [{type: dockerhub, config: {}}]" });
  const { code, stdout, stderr } = await scene.bundle("inside", "import", wheels(scene));
  assert.equal(code, 1);
  assert.match(stdout, /1 could not be imported\n$/);
  assert.match(
    stderr,
    /^Left out: wheelhouse: no backend serves Python packages\. This would serve them:\n {2}backends:/,
  );
});

Deno.test("where bundles must be signed, foreign sources are refused unless they are meant", async () => {
  await using scene = await BundleScene.open();
  await scene.bundle("inside", "key", "new", scene.path("key"));
  const cases: [string, string[]][] = [
    ["bundles: {require_signature: true}", []],
    [`bundles: {trust: [${scene.path("key.pub.pem")}]}`, []],
    ["", ["--trust", scene.path("key.pub.pem")]],
  ];
  for (const [top, args] of cases) {
    scene.writeConfig("inside", scene.insideDir, { top });
    const refused = await scene.bundle("inside", "import", wheels(scene), ...args);
    assert.equal(refused.code, 1);
    assert.match(
      refused.stderr,
      /only signed bundles are taken here, and it is none of Artifact Vault.*add --unsigned\n$/,
    );
    assert.deepEqual(await scene.names(), []);
  }
  assert.equal((await scene.bundle("inside", "import", wheels(scene), "--unsigned")).code, 0);
  // Nothing of an archive is unpacked before it is refused.
  Deno.writeFileSync(scene.path("cut.tar.bz2"), new TextEncoder().encode(`BZh9${"x".repeat(2000)}`));
  const args = [scene.path("cut.tar.bz2"), "--trust", scene.path("key.pub.pem")];
  assert.match((await scene.bundle("inside", "import", ...args)).stderr, /only signed bundles are taken here/);
  assert.match((await scene.bundle("inside", "import", ...args, "--unsigned")).stderr, /Cannot unpack/);
});

Deno.test("a bundle never counts as foreign: not packed by another program, and not with its end cut off", async () => {
  await using scene = await BundleScene.open();
  await scene.put("files/a");
  await scene.export("folder/");
  await runToSuccess(["tar", "-czf", scene.path("packed.tar.gz"), "-C", scene.path("folder"), "."]);
  const packed = await scene.bundle("inside", "import", scene.path("packed.tar.gz"));
  assert.equal(packed.code, 1);
  assert.match(packed.stderr, /it is a bundle that another program has packed; unpack it, and import the folder\n$/);
  await scene.export("bundle.tar");
  Deno.truncateSync(scene.path("bundle.tar"), 1300);
  const cut = await scene.bundle("inside", "import", scene.path("bundle.tar"));
  assert.match(cut.stderr, /it ends too early\n$/);
  assert.deepEqual(await scene.names(), []);
});

Deno.test("anything else is refused with a list of what can be imported", async () => {
  await using scene = await BundleScene.open();
  Deno.mkdirSync(scene.path("empty"));
  const { code, stderr } = await scene.bundle("inside", "import", scene.path("empty"));
  assert.equal(code, 1);
  assert.match(stderr, /^Cannot import ".*empty": it is no bundle, and nothing else that is recognised: an OCI image/);
  assert.equal((await scene.bundle("inside", "import", scene.path("missing"))).code, 2);
});
