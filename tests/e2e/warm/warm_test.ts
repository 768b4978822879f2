import assert from "node:assert/strict";
import { aptPrograms, createAptScene } from "../../support/apt/scene.ts";
import { curl } from "../../support/clients.ts";
import { canIsolate } from "../../support/netns.ts";
import { createMirrorScene } from "../../support/oci/mirror_scene.ts";
import { createSkopeo } from "../../support/oci/skopeo.ts";
import { missingPrograms } from "../../support/programs.ts";
import { createPip, findPipPythons } from "../../support/pypi/pip_client.ts";
import { createPythonScene } from "../../support/pypi/python_scene.ts";
import { createWheel } from "../../support/pypi/python_package.ts";
import { testInTurn } from "../../support/thorough.ts";
import { runVault } from "../../support/vault_process.ts";

const lacksPrograms = missingPrograms(...aptPrograms, "docker-registry", "busybox").length > 0;
const ignore = lacksPrograms || (await findPipPythons()).length === 0 || !await canIsolate("skopeo");

testInTurn(
  { name: "what one list has warmed, skopeo, pip, apt-get and curl get without upstreams", ignore },
  async () => {
    await using mirror = await createMirrorScene();
    const { scene, netns, address } = mirror;
    await using python = await createPythonScene();
    await using apt = await createAptScene();
    const image = await scene.publish({ message: "warm" }, "library/app:1.0", "library/app:1.1");
    python.index.add(createWheel("my-app", "1.0", { dependencies: ["some-lib"] }));
    for (const version of ["1.2", "1.3"]) python.index.add(createWheel("some-lib", version));
    await apt.repository.publish({ packages: { foo: "1.0", bar: "2.0", other: "1" }, depends: { foo: "bar (>= 2)" } });
    await Deno.writeTextFile(`${apt.repository.root}/read-me.txt`, "read me\n");
    const backends = [
      scene.hub(),
      { type: "pypi", name: "pypi", config: { index_url: python.index.indexUrl, retries: 0 } },
      { type: "apt", name: "debian", config: { mirror_url: apt.upstream.url, retries: 0 } },
      { type: "http", name: "files", config: { base_url: apt.nginx.url, retries: 0, ttl: "1h" } },
    ];
    const config = scene.dir.join("warm.yml");
    await Deno.writeTextFile(config, JSON.stringify({ cache_dir: scene.cacheDir, cache_min_free: 0, backends }));
    const write = async (name: string, ...lines: string[]) => {
      await Deno.writeTextFile(scene.dir.join(name), `${lines.join("\n")}\n`);
      return scene.dir.join(name);
    };
    const lists = [
      await write(
        "list.txt",
        "# all of it",
        "docker:app:1.*",
        "apt:debian/stable/main foo",
        `${apt.nginx.url}/read-me.txt`,
      ),
      await write("requirements.txt", "my-app==1.0", "some-lib>=1,<1.3"),
    ];

    const dry = await runVault(["warm", ...lists, "--config", config, "--dry-run"]);
    assert.equal(dry.code, 0, dry.stderr);
    assert.match(dry.stdout, /to fetch +8 bytes +\/files\/read-me\.txt\n/);
    const first = await runVault(["warm", ...lists, "--config", config]);
    assert.equal(first.code, 0, first.stderr + first.stdout);
    assert.match(first.stdout, /^\d+ new \(.+\), \d+ cached \(.+\)$/m);
    scene.upstream.forget();
    const second = await runVault(["warm", ...lists, "--config", config, "--json"]);
    assert.equal(second.code, 0, second.stderr);
    const summary = JSON.parse(second.stdout.trim().split("\n").at(-1)!);
    assert.deepEqual([summary.kind, summary.how, summary.new.count, summary.failed.count], ["summary", "done", 0, 0]);
    assert.deepEqual(scene.upstream.lines, [], "the registry is asked for nothing again");

    for (const server of [scene.upstream, python.index, apt.upstream]) await server.refuse();
    await using vault = await mirror.startVault(backends);
    await using skopeo = await createSkopeo({ netns, mirrors: { "docker.io": [address] } });
    for (const tag of ["1.0", "1.1"]) {
      const { code, stderr } = await skopeo.copy(`docker.io/library/app:${tag}`, "--all");
      assert.equal(code, 0, stderr);
    }
    assert.ok(image.platforms.length > 1);
    await using pip = await createPip({ indexUrl: vault.url("/pypi/simple") });
    assert.deepEqual((await pip.install("my-app", "some-lib==1.2")).versions, { my_app: "1.0", some_lib: "1.2" });
    const client = await apt.createApt("offline", vault.url("/debian"));
    await client.update();
    await client.install("foo");
    assert.deepEqual(await client.installed(), { bar: "2.0", foo: "1.0" });
    assert.equal((await curl(vault.url("/files/read-me.txt"))).text, "read me\n");
  },
);

testInTurn(
  { name: "what clients missed offline is the next list, and a running vault is asked with --url", ignore },
  async () => {
    await using scene = await createPythonScene();
    for (const version of ["1.0", "2.0"]) scene.index.add(createWheel("my-app", version));
    const missed = scene.dir.join("missed.txt");
    {
      await using vault = await scene.startVault({ offline: true });
      await using pip = await createPip({ indexUrl: vault.indexUrl });
      await pip.failToInstall("my-app");
      await Deno.writeTextFile(missed, (await curl(vault.process.url("/-/misses"))).text);
    }
    {
      await using vault = await scene.startVault();
      const config = ["--config", scene.dir.join("config.yml")];
      const { code, stdout, stderr } = await runVault(["warm", missed, "--url", vault.process.url(""), ...config]);
      assert.equal(code, 0, stderr);
      assert.match(stdout, /^new .* my_app-2\.0-py3-none-any\.whl$/m);
      const failing = await runVault(["warm", "pypi:none", "--url", vault.process.url(""), ...config]);
      assert.equal(failing.code, 1);
      assert.match(failing.stderr, /^failed +pypi:none: none page is not there/m);
    }
    await scene.index.refuse();
    await using vault = await scene.startVault({ offline: true });
    await using pip = await createPip({ indexUrl: vault.indexUrl });
    assert.deepEqual((await pip.install("my-app")).versions, { my_app: "2.0" });
  },
);
