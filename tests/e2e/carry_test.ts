import assert from "node:assert/strict";
import { aptPrograms, type AptScene, createAptScene } from "../support/apt/scene.ts";
import { AptGet } from "../support/apt/get.ts";
import { canIsolate, createNetns, type Netns } from "../support/netns.ts";
import { type Containerd, startContainerd } from "../support/oci/containerd.ts";
import { type Dockerd, startDockerd } from "../support/oci/dockerd.ts";
import { createPodman, type Podman } from "../support/oci/podman.ts";
import { createOciScene, type OciScene } from "../support/oci/scene.ts";
import { freePort } from "../support/free_port.ts";
import { missingPrograms } from "../support/programs.ts";
import { createPip, findPipPythons } from "../support/pypi/pip_client.ts";
import { PypiIndex } from "../support/pypi/pypi_index.ts";
import { createWheel } from "../support/pypi/python_package.ts";
import { runToSuccess } from "../support/run_command.ts";
import { testInTurn } from "../support/thorough.ts";
import { runVault, vaultExecutable, VaultProcess } from "../support/vault_process.ts";

const programs = [...aptPrograms, "curl", "docker-registry", "setpriv"];
const ignore = missingPrograms(...programs).length > 0 || (await findPipPythons()).length === 0 ||
  !await canIsolate("dockerd", "docker", "containerd", "podman");

/** The numbers of a user who owns nothing on this machine. */
const stranger = 64321;

testInTurn({
  name:
    "warm, sign and export outside, carry, import inside: docker, ctr, podman, pip, apt and curl work without a route",
  ignore,
}, async (t) => {
  await using outside = await createOutside();
  await using inside = await createInside(outside);

  await t.step("outside: a list is warmed, and a signed bundle exported", async () => {
    await outside.publish(1);
    const warmed = await outside.vault("warm", await outside.writeList(1));
    assert.doesNotMatch(warmed.stdout, /failed/);
    await outside.vault("bundle", "key", "new", outside.path("key"));
    await outside.vault("bundle", "export", inside.path("first.tar"), "--sign", outside.path("key.pem"));
  });

  await t.step(
    "inside: a bundle that nobody signed is refused, the signed one comes in while the vault runs",
    async () => {
      await outside.vault("bundle", "export", inside.path("unsigned.tar"));
      await inside.start();
      const refused = await inside.tryVault("bundle", "import", inside.path("unsigned.tar"));
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, /sign/);
      await assert.rejects(inside.clients.curl("notes-1.txt"), "nothing of it is kept");
      await inside.vault("bundle", "import", inside.path("first.tar"));
      await inside.work(1);
    },
  );

  await t.step(
    "what is missing inside is a list that is warmed outside, and comes in with the next bundle",
    async () => {
      await outside.publish(2);
      await assert.rejects(inside.work(2));
      const misses = await inside.vault("cache", "misses");
      await Deno.writeTextFile(outside.path("misses.txt"), misses.stdout);
      await outside.vault("warm", outside.path("misses.txt"));
      await outside.vault("warm", await outside.writeList(2));
      const since = ["--since", inside.path("first.tar"), "--sign", outside.path("key.pem")];
      await outside.vault("bundle", "export", inside.path("second.tar"), ...since);
      const [first, second] = ["first.tar", "second.tar"].map((name) => Deno.statSync(inside.path(name)).size);
      assert.ok(second! < first! / 2, `the second bundle has ${second} bytes, the first ${first}`);
      await inside.own("second.tar");
      await inside.vault("bundle", "import", inside.path("second.tar"));
      await inside.work(2);
      await inside.work(1);
    },
  );

  await t.step("an older bundle is refused afterwards", async () => {
    const replayed = await inside.tryVault("bundle", "import", inside.path("first.tar"));
    assert.equal(replayed.code, 1);
    assert.match(replayed.stderr, /imported/);
  });

  await t.step("no upstream heard of the inside", () => {
    assert.doesNotMatch(inside.output, / (ERROR|CRITICAL) |This is a bug/);
  });
});

/** The site with internet: an upstream of every protocol, and a vault in front of them. */
async function createOutside() {
  await using stack = new AsyncDisposableStack();
  const apt = stack.use(await createAptScene());
  const images = stack.use(await createOciScene());
  const index = stack.use(new PypiIndex());
  const path = (name: string) => apt.dir.join(name);
  await Deno.writeTextFile(
    path("outside.yml"),
    JSON.stringify(configOf({ apt, images, index }, path("cache-outside"))),
  );

  const resources = stack.move();
  return {
    ...{ apt, images, index, path },
    /** Puts the artifacts of a day upstream. */
    async publish(day: number): Promise<void> {
      const days = Array.from({ length: day }, (_, index) => index + 1);
      await apt.repository.publish({ packages: Object.fromEntries(days.map((each) => [`deb-${each}`, "1.0"])) });
      await images.publish({ message: `day ${day}` }, `library/app:${day}`);
      index.add(createWheel(`wheel-${day}`, "1.0"));
      await Deno.writeTextFile(`${apt.repository.root}/notes-${day}.txt`, `day ${day}`);
    },
    async writeList(day: number): Promise<string> {
      const lines = [
        "# What the site asks for",
        `docker:app:${day}`,
        `pypi:wheel-${day}==1.0`,
        `apt:debian/stable/main deb-${day}`,
        `/files/notes-[${day}-${day}].txt`,
      ];
      await Deno.writeTextFile(path(`list-${day}.txt`), lines.join("\n") + "\n");
      return path(`list-${day}.txt`);
    },
    vault: (...args: string[]) => succeed(runVault([...args, "--config", path("outside.yml")])),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

type Outside = Awaited<ReturnType<typeof createOutside>>;

/** The site without a route: a vault of another user, under the flags that `permissions` prints, and its clients. */
async function createInside(outside: Outside) {
  await using stack = new AsyncDisposableStack();
  const netns = stack.use(await createNetns());
  const port = String(freePort());
  const url = `http://127.0.0.1:${port}`;
  const home = outside.path("inside");
  const path = (name: string) => `${home}/${name}`;
  await Deno.mkdir(home);
  const trust = { bundles: { trust: [path("key.pub.pem")], require_signature: true } };
  const config = { ...configOf(outside, path("cache")), offline: true, http_port: Number(port), ...trust };
  await Deno.writeTextFile(path("config.yml"), JSON.stringify(config));
  // From source, Deno and its cache are this user's alone.
  const asStranger = vaultExecutable === null
    ? []
    : ["setpriv", `--reuid=${stranger}`, `--regid=${stranger}`, "--clear-groups"];
  const enter = (command: readonly string[]) => netns.enter([...asStranger, ...command]);
  const run = async (...args: string[]) =>
    await runVault([...args, "--config", path("config.yml")], { enter, cwd: home });
  const clients = stack.use(await createClients(outside, { netns, url }));
  let vault: VaultProcess | null = null;
  stack.defer(() => vault?.stop().then(() => {}));

  const resources = stack.move();
  return {
    path,
    clients,
    /** A bundle belongs to who has exported it, until whoever carries it gives it away. */
    async own(name: string): Promise<void> {
      if (vaultExecutable !== null) await runToSuccess(["chown", `${stranger}:${stranger}`, path(name)]);
    },
    async start(): Promise<void> {
      await Deno.copyFile(outside.path("key.pub.pem"), path("key.pub.pem"));
      if (vaultExecutable !== null) await runToSuccess(["chown", "-R", `${stranger}:${stranger}`, home]);
      await Deno.chmod(outside.path("."), 0o711);
      const flags = vaultExecutable === null ? await permissionsOf(path("config.yml")) : [];
      vault = await VaultProcess.start({
        args: ["--config", path("config.yml"), "--port", port],
        ...flags.length > 0 && { permissions: flags },
        ...{ enter, cwd: home },
      });
    },
    tryVault: run,
    vault: (...args: string[]) => succeed(run(...args)),
    /** Does what the clients of the site do on a day. */
    async work(day: number): Promise<void> {
      assert.equal(await clients.curl(`notes-${day}.txt`), `day ${day}`);
      await clients.pip(`wheel-${day}`);
      await clients.apt(`deb-${day}`);
      await clients.docker(`app:${day}`);
      await clients.ctr(`app:${day}`);
      await clients.podman(`app:${day}`);
    },
    get output(): string {
      return vault?.output ?? "";
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

interface Upstreams {
  readonly apt: AptScene;
  readonly images: OciScene;
  readonly index: PypiIndex;
}

/** A configuration with a backend of every protocol; both sites name them alike. */
function configOf({ apt, images, index }: Upstreams, cacheDir: string) {
  const entry = (type: string, name: string, config: Record<string, unknown>) => ({ type, name, config });
  const backends = [
    entry("http", "files", { base_url: apt.upstream.url }),
    entry("pypi", "pypi", { index_url: index.indexUrl, ttl: "0s" }),
    entry("apt", "debian", { mirror_url: apt.upstream.url, ttl: "0s" }),
    entry("dockerhub", "hub", { registry_url: images.upstream.url, tag_ttl: "0s" }),
  ];
  return { cache_dir: cacheDir, cache_min_free: 0, backends };
}

async function createClients(outside: Outside, { netns, url }: { netns: Netns; url: string }) {
  await using stack = new AsyncDisposableStack();
  const inside = { enter: (command: readonly string[]) => netns.enter(command) };
  const docker: Dockerd = stack.use(await startDockerd({ netns, mirrors: [url] }));
  const hosts = { "docker.io": { mirrors: [url] } };
  const containerd: Containerd = stack.use(await startContainerd({ netns, hosts }));
  const podman: Podman = stack.use(
    await createPodman({ netns, mirrors: { "docker.io": [url.replace("http://", "")] } }),
  );
  let roots = 0;
  const resources = stack.move();
  return {
    async curl(name: string): Promise<string> {
      return await runToSuccess(netns.enter(["curl", "-sSf", `${url}/files/${name}`]));
    },
    async pip(name: string): Promise<void> {
      await using pip = await createPip({ indexUrl: `${url}/pypi/simple`, ...inside });
      assert.deepEqual((await pip.install(name)).versions, { [name.replaceAll("-", "_")]: "1.0" });
    },
    async apt(name: string): Promise<void> {
      const sources = outside.apt.repository.source(`${url}/debian`);
      const apt = await AptGet.create(outside.apt.dir, `apt-root-${++roots}`, { sources, ...inside });
      await apt.update();
      await apt.install(name);
    },
    async docker(image: string): Promise<void> {
      await docker.removeImages();
      assert.notEqual(await docker.pullDigest(image), null, docker.output);
    },
    async ctr(image: string): Promise<void> {
      const { code, stderr } = await containerd.pull(`docker.io/library/${image}`);
      assert.equal(code, 0, stderr);
    },
    async podman(image: string): Promise<void> {
      const { code, stderr } = await podman.pull(`docker.io/library/${image}`);
      assert.equal(code, 0, stderr);
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

async function permissionsOf(config: string): Promise<string[]> {
  const { stdout } = await succeed(runVault(["permissions", "--config", config]));
  return stdout.trim().split(" ");
}

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function succeed(running: Promise<Ended>): Promise<Ended> {
  const ended = await running;
  assert.equal(ended.code, 0, ended.stdout + ended.stderr);
  return ended;
}
