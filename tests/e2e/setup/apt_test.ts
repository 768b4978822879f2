import assert from "node:assert/strict";
import { AptGet } from "../../support/apt/get.ts";
import { aptPrograms, createAptScene } from "../../support/apt/scene.ts";
import { missingPrograms } from "../../support/programs.ts";
import { checkSetup, type Place, type SetupCase } from "../../support/setup/set_up.ts";
import { isThoroughFromSource } from "../../support/thorough.ts";

const ignore = !isThoroughFromSource || missingPrograms(...aptPrograms).length > 0;

Deno.test({ name: "apt uses the vault as a proxy or as a mirror by the settings of setup", ignore }, async (t) => {
  await using scene = await createAptScene();
  const { repository, upstream } = scene;
  await repository.publish({ packages: { foo: "1.0" }, acquireByHash: true });
  const archive = "http://archive.example.org/debian";
  await using vault = await scene.startVault([], { aliases: archive });
  const line = repository.source(archive);
  const deb822 = [
    "# mine",
    "Types: deb",
    `URIs: ${archive}`,
    "Suites: stable",
    "Components: main",
    `Signed-By: ${/signed-by=([^\] ]*)/.exec(line)?.[1]}`,
    "",
  ].join("\r\n");
  /** A machine with such sources in the home, besides the file that is set up. */
  const using = (sources: string) => async ({ home }: Place) => {
    const dir = { path: home, join: (...names: string[]) => [home, ...names].join("/") };
    const apt = await AptGet.create({ ...dir, [Symbol.asyncDispose]: async () => {} }, ".", { sources });
    await apt.update();
    await apt.install("foo");
    assert.deepEqual(await apt.installed(), { foo: "1.0" });
    assert.ok(upstream.lines.length > 0);
  };
  const cases: SetupCase[] = [
    { client: "apt", file: "etc/apt/apt.conf.d/50artifact-vault", before: null, use: using(line) },
    { client: "apt-sources", file: "etc/apt/sources.list.d/mine.list", before: `# mine\n${line}`, use: using("") },
    {
      ...{ client: "apt-sources", file: "etc/apt/sources.list.d/debian.sources" },
      before: deb822.replaceAll("\r", ""),
      use: using(""),
    },
    {
      client: "apt-sources",
      file: "etc/apt/sources.list",
      before: `${line}\r\ndeb http://127.0.0.1:9/other a main\r\n`,
    },
  ];
  for (const one of cases) {
    await t.step(`${one.client} in ${one.file}`, async () => {
      await checkSetup(one, vault.url(""), (home) => ["--root", home]);
    });
  }
  const settings = await (await fetch(vault.url("/-/setup/apt"))).text();
  assert.match(
    settings,
    /Acquire::http::Proxy::archive\.example\.org "/,
    "the proxy is for hosts that the vault serves",
  );
  assert.doesNotMatch(settings, /Acquire::http::Proxy "/);
});
