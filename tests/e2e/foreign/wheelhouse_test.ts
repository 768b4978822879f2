import assert from "node:assert/strict";
import { createPip, findPipPythons } from "../../support/pypi/pip_client.ts";
import { PypiIndex } from "../../support/pypi/pypi_index.ts";
import { createSdist, createWheel } from "../../support/pypi/python_package.ts";
import { runToSuccess } from "../../support/run_command.ts";
import { createTempDir } from "../../support/temp_dir.ts";
import { SiteWithoutInternet } from "./site_without_internet.ts";
import { testInTurn } from "../../support/thorough.ts";

const pythons = await findPipPythons();

testInTurn({
  name: "what pip download has left is imported, as a folder or an archive, and pip installs it offline",
  ignore: pythons.length === 0,
}, async () => {
  await using dir = await createTempDir();
  await using index = new PypiIndex();
  index.add(createWheel("my-app", "1.0", { dependencies: ["some-lib>=1"], requiresPython: ">=3.8" }));
  index.add(createSdist("some-lib", "1.2"));
  const folder = dir.join("wheels");
  {
    await using pip = await createPip({ indexUrl: index.indexUrl });
    const { code, stderr } = await pip.run("download", "--dest", folder, "my-app");
    assert.equal(code, 0, stderr);
  }
  await runToSuccess(["tar", "-czf", `${folder}.tar.gz`, "-C", dir.path, "wheels"]);
  for (const source of [folder, `${folder}.tar.gz`]) {
    await using site = await SiteWithoutInternet.open({ type: "pypi", name: "pypi", config: {} });
    // What is imported beside a running server is served at once.
    await using vault = await site.serve();
    assert.match(await site.import(source), /: 5 new files, /);
    for (const python of pythons) {
      await using pip = await createPip({ indexUrl: vault.url("/pypi/simple"), python });
      assert.deepEqual((await pip.install("my-app")).versions, { my_app: "1.0", some_lib: "1.2" });
    }
  }
});
