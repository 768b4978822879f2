import assert from "node:assert/strict";
import { dirname } from "node:path";
import { releaseText, sha256 } from "../../support/apt/upstream.ts";
import { createWheel } from "../../support/pypi/python_package.ts";
import { missingPrograms } from "../../support/programs.ts";
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
    /: 0 new files, 0 bytes; 3 were cached already; 0 could not be imported\n$/,
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

Deno.test("a file with wrong bytes is named by its place in the source, once, and not by a URL", async () => {
  await using scene = await BundleScene.open();
  const mirror = 'backends: [{type: apt, name: debian, config: {mirror_url: "http://deb.example.org/debian"}}]';
  scene.writeConfig("inside", scene.insideDir, { served: mirror });
  const list = `Filename: pool/foo_1_all.deb\nSHA256: ${sha256("foo")}\n`;
  const files = {
    "dists/stable/InRelease": releaseText({ indexes: { "main/binary-amd64/Packages": list }, nth: 1 }),
    "dists/stable/main/binary-amd64/Packages": list,
    "pool/foo_1_all.deb": "fo0",
  };
  for (const [path, content] of Object.entries(files)) {
    const at = scene.path(`outer/mirror/${path}`);
    Deno.mkdirSync(dirname(at), { recursive: true });
    Deno.writeTextFileSync(at, content);
  }
  const { code, stderr } = await scene.bundle("inside", "import", scene.path("outer"));
  assert.equal(code, 1);
  const file = scene.path("outer/mirror/pool/foo_1_all.deb");
  assert.match(stderr, /^[^\n]*\n$/);
  assert.ok(stderr.startsWith(`Failed: pool/foo_1_all.deb: "${file}" sent the wrong bytes: their sha256 is `), stderr);
  // Released lists and the release itself are the same again, and not new.
  assert.match((await scene.bundle("inside", "import", scene.path("outer"))).stdout, /: 0 new files, 0 bytes; 2 were/);
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
      /only signed bundles are taken here, and it is no bundle as artifact-vault bundle export.*add --unsigned\n$/,
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

for (const program of ["xz", "bzip2"]) {
  Deno.test({
    name:
      `a bundle that ${program} has packed is refused with the same words whatever is trusted, and by every command`,
    ignore: missingPrograms(program).length > 0,
    async fn() {
      await using scene = await BundleScene.open();
      await scene.put("files/a");
      await scene.bundle("inside", "key", "new", scene.path("key"));
      await scene.export("bundle.tar", "--sign", scene.path("key.pem"));
      await runToSuccess([program, scene.path("bundle.tar")]);
      const [packed = ""] = Array.from(Deno.readDirSync(scene.path("")), ({ name }) => name)
        .filter((name) => name.startsWith("bundle.tar.") && !name.includes("summary"));
      const path = scene.path(packed);
      const runs: [string, string[]][] = [
        ["import", []],
        ["import", ["--trust", scene.path("key.pub.pem")]],
        ["import", ["--unsigned"]],
        ["verify", []],
        ["ls", []],
      ];
      for (const [verb, args] of runs) {
        const { code, stderr } = await scene.bundle("inside", verb, path, ...args);
        assert.deepEqual([code, stderr], [
          1,
          `Cannot ${
            verb === "ls" ? "list" : verb
          } "${path}": it is a bundle that was packed with ${program}, and bundles ` +
          `are read unpacked, or packed with gzip or zstd. Unpack it with ${program} -d ${path}, or give - in its place ` +
          `and what ${program} -dc ${path} writes\n`,
        ]);
      }
    },
  });
}

Deno.test("a --map that fits nothing in a foreign source is refused before anything is imported", async () => {
  await using scene = await BundleScene.open();
  const path = wheels(scene);
  const { code, stderr } = await scene.bundle("inside", "import", path, "--map", "wheelhous=pypi");
  assert.deepEqual([code, stderr], [
    2,
    `Cannot import "${path}" with --map wheelhous=pypi, which changes nothing: the names in it are wheelhouse\n`,
  ]);
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
