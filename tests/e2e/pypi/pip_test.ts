import assert from "node:assert/strict";
import { createPip, findPipPythons } from "../../support/pypi/pip_client.ts";
import type { PypiIndex } from "../../support/pypi/pypi_index.ts";
import { createSdist, createWheel, type PackageFile } from "../../support/pypi/python_package.ts";
import { createPythonScene } from "../../support/pypi/python_scene.ts";
import type { PageFormat } from "../../support/pypi/simple_page.ts";
import { testInTurn } from "../../support/thorough.ts";

const pythons = await findPipPythons();
const ignore = pythons.length === 0;
const [first = "", second = first] = pythons;
const mib = 1024 * 1024;

/** An application with a dependency that is an sdist, and versions that no installer should choose. */
function addProjects(index: PypiIndex): void {
  index.add(createWheel("my-app", "1.0", { dependencies: ["some-lib>=1"], requiresPython: ">=3.8" }));
  index.add(createWheel("my-app", "1.1"), { yanked: 'broken & "dangerous"' });
  index.add(createWheel("my-app", "2.0", { requiresPython: ">=99" }));
  index.add(createSdist("some-lib", "1.2"));
}

const installed = { my_app: "1.0", some_lib: "1.2" };

for (const forms of [["html"], ["json"]] satisfies PageFormat[][]) {
  testInTurn(
    { name: `pip installs from an index that speaks ${forms} alone, also when it is gone`, ignore },
    async () => {
      await using scene = await createPythonScene({ forms });
      const { index } = scene;
      addProjects(index);
      {
        await using vault = await scene.startVault();
        for (const python of [first, second]) {
          await using pip = await createPip({ indexUrl: vault.indexUrl, python });
          assert.deepEqual((await pip.install("my-app")).versions, installed);
        }
        assert.deepEqual(index.lines, [...new Set(index.lines)], "each page and file is fetched once");
      }
      await index.refuse();
      await using vault = await scene.startVault({ ttl: "0s" });
      await using pip = await createPip({ indexUrl: vault.indexUrl });
      assert.deepEqual((await pip.install("my-app")).versions, installed, "after a restart, without upstream");
    },
  );
}

testInTurn(
  { name: "pip installs a yanked version that is asked for by number, and says why not to", ignore },
  async () => {
    await using scene = await createPythonScene({ forms: ["html"] });
    addProjects(scene.index);
    await using vault = await scene.startVault();
    await using pip = await createPip({ indexUrl: vault.indexUrl });
    const { versions, output } = await pip.install("my-app==1.1");
    assert.deepEqual(versions, { my_app: "1.1" });
    assert.match(output, /yanked.*broken & "dangerous"/is);
  },
);

testInTurn({ name: "pip --require-hashes installs what has its hash, and refuses what has not", ignore }, async () => {
  await using scene = await createPythonScene();
  const app = scene.index.add(createWheel("my-app", "1.0"));
  const lib = scene.index.add(createSdist("some-lib", "1.2"));
  await using vault = await scene.startVault();
  await using pip = await createPip({ indexUrl: vault.indexUrl });
  const pinned = (file: PackageFile, sha256: string) => `${file.project}==${file.version} --hash=sha256:${sha256}`;
  const right = await pip.writeRequirements(pinned(app, app.sha256), pinned(lib, lib.sha256));
  const { versions } = await pip.install("--require-hashes", "-r", right);
  assert.deepEqual(versions, installed);
  const wrong = await pip.writeRequirements(pinned(app, lib.sha256));
  assert.match(await pip.failToInstall("--require-hashes", "-r", wrong), /DO NOT MATCH THE HASHES/);
});

testInTurn(
  { name: "pip with a cache of its own sees a new version when ttl is over, and not before", ignore },
  async () => {
    await using scene = await createPythonScene();
    scene.index.add(createWheel("my-app", "1.0"));
    await using first = await scene.startVault({ ttl: "1h" });
    await using pip = await createPip({ indexUrl: first.indexUrl, cache: true });
    assert.deepEqual((await pip.install("my-app")).versions, { my_app: "1.0" });
    scene.index.add(createWheel("my-app", "1.1"));
    assert.deepEqual((await pip.install("my-app")).versions, { my_app: "1.0" });
    const { port } = new URL(first.indexUrl);
    await first.process.stop();
    await using _second = await scene.startVault({ ttl: "0s" }, { args: ["--port", port] });
    assert.deepEqual((await pip.install("my-app")).versions, { my_app: "1.1" });
  },
);

testInTurn({ name: "pip needs no login for a private index: the vault has it", ignore }, async (t) => {
  const user = { username: "frodo", password: "mellon" };
  await using scene = await createPythonScene({ user });
  scene.index.add(createWheel("my-app", "1.0"));
  const install = async (password: string, run: (install: () => Promise<unknown>) => Promise<unknown>) => {
    const env = { INDEX_PASSWORD: password };
    await using vault = await scene.startVault({ username: user.username, password: "${INDEX_PASSWORD}" }, { env });
    await using pip = await createPip({ indexUrl: vault.indexUrl });
    await run(() => pip.install("my-app"));
    assert.ok(!vault.process.output.includes(password), "it is in no log");
  };
  await t.step("a wrong one installs nothing", () => install("friend", (install) => assert.rejects(install)));
  await t.step("the right one does", () => install(user.password, (install) => install()));
});

testInTurn(
  { name: "pip reads a large wheel's metadata from its end, while upstream sends it once", ignore },
  async () => {
    await using scene = await createPythonScene();
    const wheel = createWheel("large", "1.0", { dataBytes: 40 * mib, dependencies: ["some-lib"] });
    scene.index.add(wheel, { sidecar: false });
    scene.index.add(createWheel("some-lib", "1.2"));
    await using vault = await scene.startVault();
    await using pip = await createPip({ indexUrl: vault.indexUrl });
    const { path, versions, output } = await pip.install("--use-feature=fast-deps", "large");
    assert.deepEqual(versions, { large: "1.0", some_lib: "1.2" }, output);
    assert.equal((await Deno.stat(`${path}/large/data.bin`)).size, 40 * mib);
    const requests = scene.index.requests.filter(({ path }) => path.endsWith(wheel.filename));
    const [head, tail] = requests;
    assert.equal(head?.method, "HEAD");
    assert.match(tail?.headers.get("range") ?? "", /^bytes=4\d{7}-/);
    assert.ok(requests.reduce((sum, { sentBytes }) => sum + sentBytes, 0) < 1.1 * wheel.bytes.byteLength);
  },
);
