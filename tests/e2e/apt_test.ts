import assert from "node:assert/strict";
import { AptGet } from "../support/apt_get.ts";
import { Gate } from "../support/gate.ts";
import { startNginx } from "../support/nginx.ts";
import { missingPrograms } from "../support/programs.ts";
import { askRaw } from "../support/raw_client.ts";
import { runToSuccess } from "../support/run_command.ts";
import { SignedRepository } from "../support/signed_repository.ts";
import { createTempDir } from "../support/temp_dir.ts";
import { VaultProcess } from "../support/vault_process.ts";

const ignore = missingPrograms("apt-get", "dpkg-deb", "gpg", "nginx").length > 0;
/** In each of two kinds of repository. */
const rounds = 25;
const clientsPerRound = 3;

async function createScene(more: Readonly<Record<string, unknown>> = {}) {
  await using stack = new AsyncDisposableStack();
  const dir = stack.use(await createTempDir("vault-apt-"));
  const repository = await SignedRepository.create(dir);
  const nginx = stack.use(await startNginx({ root: repository.root }));
  const owned = stack.move();
  return {
    ...{ dir, repository, nginx },
    async startVault(args: readonly string[] = []): Promise<VaultProcess> {
      const config = { mirror_url: nginx.url, ttl: "0s", retries: 0, ...more };
      const path = dir.join("config.yml");
      const backends = [{ type: "apt", name: "debian", config }];
      const top = { cache_dir: dir.join("cache"), cache_min_free: 0, shutdown_timeout: "1s", backends };
      await Deno.writeTextFile(path, JSON.stringify(top));
      return await VaultProcess.start({ args: ["--config", path, ...args] });
    },
    createApt(name: string, url: string, ...settings: readonly string[]): Promise<AptGet> {
      return AptGet.create(dir, name, { sources: `deb [signed-by=${repository.key}] ${url} stable main`, settings });
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

for (const acquireByHash of [true, false]) {
  Deno.test({
    name: `apt-get ${acquireByHash ? "by hash" : "by path"}: update, download, upgrade, and all of it without upstream`,
    ignore,
    async fn() {
      await using scene = await createScene();
      const { repository, nginx } = scene;
      await repository.publish({ packages: { foo: "1.0", bar: "1.0" }, acquireByHash });
      await using vault = await scene.startVault();
      const apt = await scene.createApt("first", vault.url("/debian"));
      await apt.update();
      await apt.download("foo");
      assert.deepEqual(await apt.archives(), ["foo_1.0_all.deb"]);
      await repository.publish({ packages: { foo: "2.0", bar: "1.0" }, acquireByHash });
      await apt.update();
      await apt.download("foo");
      assert.deepEqual(await apt.archives(), ["foo_1.0_all.deb", "foo_2.0_all.deb"]);
      await nginx.stop();
      const other = await scene.createApt("other", vault.url("/debian"));
      await other.update();
      await other.download("foo");
      await vault.stop();
      await using restarted = await scene.startVault(["--offline"]);
      const third = await scene.createApt("third", restarted.url("/debian"));
      await third.update();
      await third.download("foo");
      const archive = `${third.root}/var/cache/apt/archives/foo_2.0_all.deb`;
      await runToSuccess(["cmp", archive, `${repository.root}/${repository.pathOf("foo", "2.0")}`]);
      await runToSuccess(["dpkg-deb", "--contents", archive]);
    },
  });

  Deno.test({
    name: `${rounds} times ${acquireByHash ? "by hash" : "by path"}: the repository changes between a client's ` +
      "InRelease and its indexes, and no update fails",
    ignore,
    async fn() {
      await using scene = await createScene();
      const { repository } = scene;
      await using vault = await scene.startVault();
      let arrived = 0;
      let leave = Promise.withResolvers<void>();
      let allArrived = Promise.withResolvers<void>();
      await using gate = new Gate({
        to: vault.url(""),
        stops: /^GET \S*\/main\/binary-amd64\//m,
        leave() {
          if (++arrived === clientsPerRound) allArrived.resolve();
          return leave.promise;
        },
      });
      const state = (round: number) => ({ packages: { foo: `${round}.0` }, acquireByHash });
      await repository.publish(state(1));
      const warm = await scene.createApt("warm", vault.url("/debian"));
      await warm.update();
      for (let round = 1; round <= rounds; round++) {
        [arrived, leave, allArrived] = [0, Promise.withResolvers<void>(), Promise.withResolvers<void>()];
        const clients = await Promise.all(Array.from({ length: clientsPerRound }, (_, nth) => {
          return scene.createApt(`client-${round}-${nth}`, `http://127.0.0.1:${gate.port}/debian`);
        }));
        const updates = Promise.all(clients.map((apt) => apt.update()));
        // A client that fails before it comes to the gate would be waited for without end.
        await Promise.race([allArrived.promise, updates]);
        await repository.publish(state(round + 1));
        // Another client makes the vault take over the new generation while they wait.
        await warm.update();
        leave.resolve();
        await updates;
        await warm.download("foo");
        assert.ok((await warm.archives()).includes(`foo_${round + 1}.0_all.deb`));
      }
    },
  });
}

Deno.test({
  name: "a package that is wrong upstream is never delivered, and right when upstream is",
  ignore,
  async fn() {
    await using scene = await createScene();
    const { repository } = scene;
    await repository.publish({ packages: { foo: "1.0" } });
    await using vault = await scene.startVault();
    const apt = await scene.createApt("client", vault.url("/debian"));
    await apt.update();
    const file = `${repository.root}/${repository.pathOf("foo", "1.0")}`;
    const right = await Deno.readFile(file);
    await Deno.writeFile(file, right.map((byte, at) => at === 200_000 ? byte ^ 1 : byte));
    await Deno.utime(file, new Date("2026-01-01"), new Date("2026-01-01"));
    const answer = await askRaw(vault.url(""), `/debian/${repository.pathOf("foo", "1.0")}`);
    assert.ok(answer.status !== 200 || !answer.complete);
    assert.notEqual((await apt.run("--yes", "--download-only", "install", "foo")).code, 0);
    assert.deepEqual(await apt.archives(), []);
    await Deno.writeFile(file, right);
    await apt.download("foo");
    assert.deepEqual(await apt.archives(), ["foo_1.0_all.deb"]);
  },
});

Deno.test({
  name: "a package that apt has half of is gone on with",
  ignore,
  async fn() {
    await using scene = await createScene();
    const { repository } = scene;
    await repository.publish({ packages: { foo: "1.0" } });
    await using vault = await scene.startVault();
    const apt = await scene.createApt("client", vault.url("/debian"));
    await apt.update();
    const file = `${repository.root}/${repository.pathOf("foo", "1.0")}`;
    const whole = await Deno.readFile(file);
    const modified = (await askRaw(vault.url(""), `/debian/${repository.pathOf("foo", "1.0")}`, { method: "HEAD" }))
      .headers.get("last-modified")!;
    const partial = `${apt.root}/var/cache/apt/archives/partial/foo_1.0_all.deb`;
    await Deno.writeFile(partial, whole.subarray(0, 100_000));
    await Deno.utime(partial, new Date(modified), new Date(modified));
    const output = await apt.download("foo");
    const [, kilobytes = "0"] = /Fetched (\d+) kB/.exec(output) ?? [];
    assert.ok(Number(kilobytes) < 250, output);
    await runToSuccess(["cmp", `${apt.root}/var/cache/apt/archives/foo_1.0_all.deb`, file]);
  },
});

Deno.test({
  name: "apt has the vault as its proxy: hosts of backends are served, others refused",
  ignore,
  async fn() {
    await using scene = await createScene({
      aliases: ["http://archive.example.org/debian", "https://tls.example.org/deb"],
    });
    await scene.repository.publish({ packages: { foo: "1.0" }, acquireByHash: true });
    await using vault = await scene.startVault();
    const proxy = `Acquire::http::Proxy=${vault.url("")}`;
    const urls = [
      ["alias", "http://archive.example.org/debian", proxy],
      ["https", "http://HTTPS///tls.example.org/deb", proxy],
      ["path", vault.url("/HTTPS///tls.example.org/deb")],
    ] as const;
    for (const [name, url, ...settings] of urls) {
      const apt = await scene.createApt(name, url, ...settings);
      await apt.update();
      await apt.download("foo");
      assert.deepEqual(await apt.archives(), ["foo_1.0_all.deb"], name);
    }
    const other = await scene.createApt("other", "http://elsewhere.example.org/other", proxy);
    const { stdout, stderr } = await other.run("update");
    assert.match(stdout + stderr, /403 {2}Forbidden/);
    const tunnel = await scene.createApt(
      "tunnel",
      "https://tls.example.org/deb",
      `Acquire::https::Proxy=${vault.url("")}`,
    );
    const refused = await tunnel.run("update");
    assert.match(refused.stdout + refused.stderr, /405/);
  },
});

Deno.test({
  name: "ten pipelined requests on one connection are answered in order",
  ignore,
  async fn() {
    await using scene = await createScene();
    const { repository } = scene;
    const names = Array.from({ length: 10 }, (_, nth) => `p${nth}`);
    await repository.publish({ packages: Object.fromEntries(names.map((name) => [name, "1.0"])) });
    await using vault = await scene.startVault();
    const apt = await scene.createApt("client", vault.url("/debian"), "Acquire::http::Pipeline-Depth=10");
    await apt.update();
    await apt.download(...names);
    assert.equal((await apt.archives()).length, 10);
    const { hostname, port } = new URL(vault.url(""));
    using connection = await Deno.connect({ hostname, port: Number(port) });
    const requests = names.map((name, nth) => {
      const last = nth === names.length - 1 ? "Connection: close\r\n" : "";
      return `GET /debian/${repository.pathOf(name, "1.0")} HTTP/1.1\r\nHost: vault\r\n${last}\r\n`;
    });
    await connection.write(new TextEncoder().encode(requests.join("")));
    const received = new Uint8Array(await new Response(connection.readable).arrayBuffer());
    let at = 0;
    for (const name of names) {
      const file = await Deno.readFile(`${repository.root}/${repository.pathOf(name, "1.0")}`);
      const text = new TextDecoder("latin1").decode(received.subarray(at, at + 2000));
      assert.match(text, /^HTTP\/1\.1 200 /, name);
      at += text.indexOf("\r\n\r\n") + 4;
      assert.deepEqual(received.subarray(at, at + file.length), file, name);
      at += file.length;
    }
    assert.equal(at, received.length);
  },
});
