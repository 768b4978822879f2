import assert from "node:assert/strict";
import { createPoetryProject } from "../../support/pypi/poetry_client.ts";
import { missingPrograms } from "../../support/programs.ts";
import { createSdist, createWheel } from "../../support/pypi/python_package.ts";
import { createPythonScene } from "../../support/pypi/python_scene.ts";
import { testInTurn } from "../../support/thorough.ts";

const ignore = missingPrograms("poetry").length > 0;

testInTurn({ name: "poetry locks and installs, and from its lock also without upstream", ignore }, async () => {
  await using scene = await createPythonScene();
  const { index } = scene;
  const app = index.add(createWheel("my-app", "1.0", { dependencies: ["some-lib>=1"] }));
  const lib = index.add(createWheel("some-lib", "1.2"));
  const source = index.add(createSdist("some-lib", "1.2"));
  index.add(createWheel("my-app", "1.1"), { yanked: "broken" });
  await using vault = await scene.startVault({ ttl: "0s" });
  const project = { indexUrl: vault.indexUrl, dependencies: { "my-app": "*" } };

  await using first = await createPoetryProject(project);
  const { my_app, some_lib } = await first.install();
  assert.deepEqual({ my_app, some_lib }, { my_app: "1.0", some_lib: "1.2" });
  const lock = await first.readLock();
  for (const { sha256 } of [app, lib, source]) assert.ok(lock.includes(sha256));
  const files = index.lines.filter((line) => line.includes("/packages/"));
  assert.deepEqual(files.sort(), [app, lib].map((file) => `GET ${index.filePath(file)}`).sort());

  await index.refuse();
  await using second = await createPoetryProject({ ...project, lock });
  assert.equal((await second.install()).my_app, "1.0");
});
