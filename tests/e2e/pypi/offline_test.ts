import assert from "node:assert/strict";
import { curl } from "../../support/clients.ts";
import { createPip, findPipPythons } from "../../support/pypi/pip_client.ts";
import { createWheel } from "../../support/pypi/python_package.ts";
import { createPythonScene } from "../../support/pypi/python_scene.ts";
import { testInTurn } from "../../support/thorough.ts";

const ignore = (await findPipPythons()).length === 0;

testInTurn({
  name: "offline, pip resolves to what is cached, stops at once at what is not, and /-/misses has the list",
  ignore,
}, async () => {
  await using scene = await createPythonScene();
  const { index } = scene;
  for (const version of ["1.0", "2.0"]) index.add(createWheel("my-app", version, { dependencies: ["some-lib"] }));
  for (const version of ["1.2", "1.3"]) index.add(createWheel("some-lib", version));
  {
    await using vault = await scene.startVault();
    await using pip = await createPip({ indexUrl: vault.indexUrl });
    await pip.install("my-app==1.0", "some-lib==1.2");
  }
  const asked = index.lines.length;
  {
    await using vault = await scene.startVault({ offline: true });
    await using pip = await createPip({ indexUrl: vault.indexUrl });
    assert.deepEqual((await pip.install("my-app")).versions, { my_app: "1.0", some_lib: "1.2" });
    assert.match(await pip.failToInstall("other"), /No matching distribution found for other/);
    assert.equal((await curl(vault.process.url("/-/misses"))).text, "pypi:other\n");
  }
  {
    await using vault = await scene.startVault({ offline: true, offline_indexes: "full" });
    await using pip = await createPip({ indexUrl: vault.indexUrl });
    assert.match(await pip.failToInstall("my-app"), /410/);
    assert.equal((await curl(vault.process.url("/-/misses"))).text, "pypi:other\npypi:my-app==2.0\n");
  }
  assert.equal(index.lines.length, asked, "no index was asked");
});
