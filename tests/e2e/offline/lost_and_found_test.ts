import assert from "node:assert/strict";
import { startFakeUpstream } from "../../support/fake_upstream.ts";
import { FakeRepository } from "../../support/oci/fake_repository.ts";
import { PypiIndex } from "../../support/pypi/pypi_index.ts";
import { createWheel } from "../../support/pypi/python_package.ts";
import { createTempDir } from "../../support/temp_dir.ts";
import { runVault, VaultProcess } from "../../support/vault_process.ts";
import { waitUntil } from "../../support/wait_until.ts";
import { runBlock } from "./guide.ts";
import { testInTurn } from "../../support/thorough.ts";

async function run(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runVault(args);
  assert.equal(code, 0, `${args.join(" ")}:\n${stdout}${stderr}`);
  return stdout;
}

testInTurn(
  "lost and found: what clients miss inside is listed, warmed outside, carried in, and served by the same server",
  async () => {
    await using dir = await createTempDir();
    await using files = startFakeUpstream();
    await using index = new PypiIndex();
    const repository = new FakeRepository("team/app");
    await using registry = repository.registry;
    files.serve("/docs/a[1-9].txt", { body: "a file" });
    files.serve("/pool/main/t/tool/tool_1.0_amd64.deb", { body: "a package" });
    const wheel = index.add(createWheel("my-app", "1.0"));
    index.add(createWheel("my-app", "2.0"));
    const image = repository.image("app", "1.0");
    const layer = image.paths.find((path) => path.includes("/blobs/"))!.replace("/v2/", "/v2/reg.example/");
    const write = async (side: string, top: Record<string, unknown>) => {
      const backends = [
        { type: "http", name: "files", config: { base_url: files.origin } },
        { type: "pypi", name: "pypi", config: { index_url: index.indexUrl } },
        { type: "apt", name: "debian", config: { mirror_url: files.origin } },
        { type: "oci", name: "registry", config: { registry_url: registry.origin, names: "reg.example" } },
      ];
      const path = dir.join(`${side}.yml`);
      const config = { cache_dir: dir.join(side), cache_min_free: 0, http_port: 0, ...top, backends };
      await Deno.writeTextFile(path, JSON.stringify(config));
      return path;
    };
    const [outside, inside] = [await write("outside", {}), await write("inside", { offline: true })];
    const [list, bundle] = [dir.join("wanted.txt"), dir.join("wanted.tar")];
    await using vault = await VaultProcess.start({ args: ["--config", inside] });
    const ask = async (path: string) => {
      const answer = await fetch(vault.url(path));
      return { status: answer.status, text: await answer.text() };
    };
    const asked = {
      "/files/docs/a[1-9].txt": "a file",
      "/debian/pool/main/t/tool/tool_1.0_amd64.deb": "a package",
      [`/pypi/files/my-app/http/${new URL(index.url).host}${index.filePath(wheel)}`]: null,
      [layer]: null,
      "/v2/reg.example/team/app/manifests/1.0": null,
    };
    const commands: string[] = [];
    for (const path of Object.keys(asked)) {
      const { status, text } = await ask(path);
      assert.ok(status === 404 || status === 410, `${path}: ${status} ${text}`);
      commands.push(/artifact-vault warm [^"\n]*/.exec(text)?.[0] ?? text);
    }
    const sent = [files, registry].reduce((sum, { requests }) => sum + requests.length, index.lines.length);
    assert.equal(sent, 0, "inside, no upstream is asked");

    await Deno.writeTextFile(list, await run("cache", "misses", "--config", inside));
    assert.deepEqual((await Deno.readTextFile(list)).trim().split("\n"), [
      "/files/docs/a\\[1-9].txt",
      "/debian/pool/main/t/tool/tool_1.0_amd64.deb",
      "pypi:my-app==1.0",
      layer,
      "docker:reg.example/team/app:1.0",
    ]);
    await Deno.mkdir(dir.join("shell"));
    await Deno.copyFile(await write("pasted", {}), dir.join("shell/config.yml"));
    for (const command of commands) {
      assert.match(await runBlock(command, { cwd: dir.path + "/shell" }), /^[1-9]\d* new \(.*\), \d+ cached/m, command);
    }
    await run("warm", list, "--config", outside);
    await run("bundle", "export", bundle, "--config", outside);
    await run("bundle", "import", bundle, "--config", inside);
    await run("cache", "misses", "--clear", "--config", inside);

    await waitUntil(
      "the last of the misses is served",
      async () => (await ask(Object.keys(asked).at(-1)!)).status === 200,
    );
    for (const [path, expected] of Object.entries(asked)) {
      const { status, text } = await ask(path);
      assert.equal(status, 200, `${path}: ${text}`);
      if (expected !== null) assert.equal(text, expected);
    }
    for (const path of image.paths.slice(1)) {
      assert.equal((await ask(path.replace("/v2/", "/v2/reg.example/"))).status, 200, path);
    }
    const page = await fetch(vault.url("/pypi/simple/my-app/"));
    assert.deepEqual([...(await page.text()).matchAll(/>(my[^<]*)</g)].map(([, name]) => name), [wheel.filename]);
    assert.equal((await ask("/-/misses")).text, "");
  },
);
