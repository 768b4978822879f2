import assert from "node:assert/strict";
import { aptPrograms, createAptScene } from "../support/apt/scene.ts";
import { curl } from "../support/clients.ts";
import { startDockerd } from "../support/oci/dockerd.ts";
import { freePort } from "../support/free_port.ts";
import { canIsolate, createNetns } from "../support/netns.ts";
import { createOciScene } from "../support/oci/scene.ts";
import { createPip, findPipPythons } from "../support/pypi/pip_client.ts";
import { missingPrograms } from "../support/programs.ts";
import { PypiIndex } from "../support/pypi/pypi_index.ts";
import { createWheel } from "../support/pypi/python_package.ts";
import { runToSuccess } from "../support/run_command.ts";
import { testInTurn } from "../support/thorough.ts";
import { canMountTmpfs, mountTmpfs } from "../support/tmpfs.ts";
import { VaultProcess } from "../support/vault_process.ts";
import { walk } from "../support/walk.ts";

const programs = [...aptPrograms, "curl", "docker-registry", "skopeo"];
const ignore = missingPrograms(...programs).length > 0 || (await findPipPythons()).length === 0 ||
  !await canMountTmpfs() || !await canIsolate("dockerd", "docker", "containerd");

/** What the clients of the site ask for, and get whole. */
interface Client {
  readonly name: string;
  /** Throws where something is missing. `vault` is asked; `day` tells one day's folders from another's. */
  work(vault: VaultProcess, day: string): Promise<void>;
}

testInTurn({
  name: "a day in an air-gapped site: a carried cache serves docker, pip, apt, curl and skopeo, and loses nothing",
  ignore,
}, async (t) => {
  await using site = await createSite();
  const { clients, upstreamRequests, config, cacheDir, dir, port } = site;
  const start = async (keys: Record<string, unknown>, ...args: string[]) =>
    await VaultProcess.start({ args: ["--config", await config(keys), "--port", port, ...args] });
  {
    await using vault = await start({ cache_dir: cacheDir });
    for (const client of clients) await client.work(vault, "outside");
  }
  const asked = upstreamRequests();
  const carried = dir("carried");
  await using disk = await mountTmpfs(carried, "size=64m");
  await runToSuccess(["cp", "-a", `${cacheDir}/.`, carried]);
  await disk.fill();
  const files = sizesBelow(carried);
  // The default limit of free space, and one of size that the cache is far beyond.
  const inside = { cache_dir: carried, cache_min_free: undefined, cache_max_size: "1MB" };

  async function work(day: string, more: Record<string, unknown>, ...args: string[]): Promise<VaultProcess> {
    const vault = await start({ ...inside, ...more }, ...args);
    try {
      const ready = await curl(vault.url("/readyz"));
      assert.deepEqual([ready.status, ready.text], [200, args.includes("--offline") ? "ready, offline\n" : "ready\n"]);
      if (args.includes("--offline")) await vault.waitForLine(/Offline, [1-9]\d* entries can be served: .*debian \d+/);
      for (const client of clients) await client.work(vault, day);
      const missing = await curl(vault.url("/files/never-asked-for"));
      assert.equal(missing.status, 404);
      assert.match(missing.text, /offline.*artifact-vault warm \/files\/never-asked-for\n/);
      assert.match((await curl(vault.url("/-/misses"))).text, /^\/files\/never-asked-for$/m);
      const isOffline = args.includes("--offline");
      // The list of misses comes, where there is room for it.
      // The socket of the running server, and what it remembers of its clients, are no part of what is cached.
      const own = ["misses.jsonl", "servers/", "history", ...isOffline ? [] : ["staging/"]];
      const held = (paths: readonly string[]) => paths.filter((path) => !own.some((name) => path.startsWith(name)));
      assert.deepEqual(held(sizesBelow(carried)), held(files), "nothing came, went or changed its size");
      assert.equal(upstreamRequests(), asked, "no upstream was asked");
    } finally {
      await vault.stop();
    }
    assert.doesNotMatch(vault.output, / (ERROR|CRITICAL) |This is a bug/);
    return vault;
  }

  await t.step("on a small, full disk, offline", async () => {
    const { output } = await work("full", {}, "--offline");
    assert.match(output, /WARNING.* nothing is removed, since the vault is offline: cache_m\w+ is .* are lacking/);
  });
  await t.step("the same, with backends that are offline each", async () => {
    await work("backends", { backendsOffline: true });
  });
  await disk.makeReadOnly();
  await t.step("on a read-only medium, with a log file that cannot be written to either", async () => {
    const { output } = await work("read-only", { log_file: `${carried}/vault.log` }, "--offline");
    assert.match(output, /WARNING.* Cannot open the log file .*\/vault\.log.* The log goes to the terminal/);
  });
});

async function createSite() {
  await using stack = new AsyncDisposableStack();
  const apt = stack.use(await createAptScene());
  const images = stack.use(await createOciScene());
  const index = stack.use(new PypiIndex());
  await apt.repository.publish({ packages: { foo: "1.0" } });
  const image = await images.publish({ message: "carried" }, "library/app:1");
  index.add(createWheel("my-app", "1.0"));
  await Deno.writeTextFile(`${apt.repository.root}/notes.txt`, "carried");
  const policy = apt.dir.join("policy.json");
  await Deno.writeTextFile(policy, JSON.stringify({ default: [{ type: "insecureAcceptAnything" }] }));
  const dir = (name: string) => apt.dir.join(name);
  const port = String(freePort());
  const mirror = `http://127.0.0.1:${port}`;
  const netns = stack.use(await createNetns());
  await netns.expose(mirror);
  const docker = stack.use(await startDockerd({ netns, mirrors: [mirror] }));

  const clients: Client[] = [
    {
      name: "curl",
      async work(vault) {
        const answer = await curl(vault.url("/files/notes.txt"));
        assert.deepEqual([answer.status, answer.text], [200, "carried"]);
      },
    },
    {
      name: "pip",
      async work(vault) {
        await using pip = await createPip({ indexUrl: vault.url("/pypi/simple") });
        assert.deepEqual((await pip.install("my-app")).versions, { my_app: "1.0" });
      },
    },
    {
      name: "apt",
      async work(vault, day) {
        const client = await apt.createApt(`client-${day}`, vault.url("/debian"));
        await client.update();
        await client.install("foo");
        assert.deepEqual(await client.installed(), { foo: "1.0" });
      },
    },
    {
      name: "docker",
      async work() {
        await docker.removeImages();
        assert.equal(await docker.pullDigest("app:1"), image.root.digest, docker.output);
      },
    },
    {
      name: "skopeo",
      async work(vault, day) {
        const source = vault.url("/library/app:1").replace("http://", "docker://");
        const settings = ["--policy", policy, "copy", "--all", "--src-tls-verify=false"];
        await runToSuccess(["skopeo", ...settings, source, `dir:${dir(`image-${day}`)}`]);
      },
    },
  ];

  async function config({ backendsOffline = false, ...top }: Record<string, unknown>): Promise<string> {
    const entry = (type: string, name: string, keys: Record<string, unknown>) => (
      { type, name, config: { ...keys, retries: 0, offline: backendsOffline } }
    );
    const backends = [
      entry("http", "files", { base_url: apt.upstream.url, ttl: "0s" }),
      entry("pypi", "pypi", { index_url: index.indexUrl, ttl: "0s" }),
      entry("apt", "debian", { mirror_url: apt.upstream.url, ttl: "0s" }),
      entry("dockerhub", "hub", { registry_url: images.upstream.url, tag_ttl: "0s" }),
    ];
    const path = dir("config.yml");
    await Deno.writeTextFile(path, JSON.stringify({ cache_min_free: 0, ...top, backends }));
    return path;
  }

  const resources = stack.move();
  return {
    ...{ clients, config, dir, cacheDir: dir("cache"), port },
    upstreamRequests: () => apt.upstream.lines.length + images.upstream.lines.length + index.lines.length,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** What lies below a directory: its paths and their sizes. */
function sizesBelow(directory: string): readonly string[] {
  return walk(directory).map((path) => `${path} ${Deno.statSync(`${directory}/${path}`).size}`).sort();
}
