import assert from "node:assert/strict";
import { aptPrograms, type AptScene, createAptScene } from "../../support/apt/scene.ts";
import { freeLowPort } from "../../support/free_port.ts";
import { startNginx } from "../../support/nginx.ts";
import { missingPrograms } from "../../support/programs.ts";
import { runToSuccess } from "../../support/run_command.ts";
import { ServerProcess } from "../../support/server_process.ts";
import { waitUntil } from "../../support/wait_until.ts";
import { testInTurn } from "../../support/thorough.ts";
import { SiteWithoutInternet } from "./site_without_internet.ts";

const ignore = missingPrograms(...aptPrograms).length > 0;

/** Imports a source for this upstream, and installs `foo` from a vault without it with the real apt. */
async function importAndInstall(scene: AptScene, source: string, url: string, packages = ["foo"]): Promise<void> {
  await using site = await SiteWithoutInternet.open({ type: "apt", name: "debian", config: { mirror_url: url } });
  await site.import(source);
  await using vault = await site.serve();
  const apt = await scene.createApt(crypto.randomUUID(), vault.url("/debian"));
  // Of lists that a machine has only unpacked, apt asks for the packed forms first, and says so.
  const { code, stdout, stderr } = await apt.run("update");
  assert.equal(code, 0, stdout + stderr);
  await apt.install(...packages);
  assert.deepEqual(await apt.installed(), Object.fromEntries(packages.map((name) => [name, "1.0"])));
}

testInTurn({ name: "a mirror's tree is imported, and apt-get installs from it offline", ignore }, async () => {
  await using scene = await createAptScene();
  await scene.repository.publish({ packages: { foo: "1.0", bar: "1.0" }, acquireByHash: true });
  await importAndInstall(scene, scene.repository.root, "http://deb.example.org/debian", ["foo", "bar"]);
});

testInTurn({ name: "what apt keeps on a machine is imported, and apt-get installs it offline", ignore }, async () => {
  await using scene = await createAptScene();
  await scene.repository.publish({ packages: { foo: "1.0", bar: "1.0" }, acquireByHash: true });
  const machine = await scene.createApt("machine", scene.nginx.url);
  await machine.update();
  await machine.download("foo");
  await importAndInstall(scene, machine.root, scene.nginx.url);
});

testInTurn({
  name: "the cache of apt-cacher-ng is imported, and apt-get installs from it offline",
  ignore: ignore || missingPrograms("apt-cacher-ng").length > 0,
}, async () => {
  await using scene = await createAptScene();
  await scene.repository.publish({ packages: { foo: "1.0", bar: "1.0" }, acquireByHash: true });
  // Version 3.7 gets ports above 32767 wrong, its own and the mirror's.
  await using mirror = await startNginx({ root: scene.repository.root, port: freeLowPort() });
  const [cache, port] = [scene.dir.join("acng"), freeLowPort()];
  for (const folder of ["acng", "acng-conf", "acng-log"]) await Deno.mkdir(scene.dir.join(folder));
  const settings = {
    ...{ ForeGround: 1, BindAddress: "127.0.0.1", Port: port, AllowUserPorts: 0, ReportPage: "report.html" },
    ...{ CacheDir: cache, LogDir: scene.dir.join("acng-log") },
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name}: ${value}\n`);
  await Deno.writeTextFile(scene.dir.join("acng-conf/acng.conf"), lines.join(""));
  {
    await using _cacher = new ServerProcess(["apt-cacher-ng", "-c", scene.dir.join("acng-conf")]);
    const url = `http://127.0.0.1:${port}`;
    await waitUntil("apt-cacher-ng answers", () => fetch(url).then((answer) => answer.text(), () => null));
    const apt = await scene.createApt("outside", `${url}/${new URL(mirror.url).host}`);
    await apt.update();
    await apt.download("foo");
  }
  await importAndInstall(scene, cache, mirror.url);
});

testInTurn({
  name: "a tree of apt-mirror is imported, and apt-get installs from it offline",
  ignore: ignore || missingPrograms("apt-mirror").length > 0,
}, async () => {
  await using scene = await createAptScene();
  await scene.repository.publish({ packages: { foo: "1.0", bar: "1.0" }, acquireByHash: true });
  const base = scene.dir.join("apt-mirror");
  for (const folder of ["mirror", "skel", "var"]) await Deno.mkdir(`${base}/${folder}`, { recursive: true });
  // It has no place for hosts with a port of their own, so the mirror is its proxy.
  await using mirror = await startNginx({
    root: scene.dir.path,
    server: `location /debian/ { alias ${scene.repository.root}/; }`,
  });
  const list = [
    ...[`set base_path ${base}`, "set nthreads 2", "set use_proxy on", `set http_proxy ${new URL(mirror.url).host}`],
    "deb http://deb.example.org/debian stable main\n",
  ].join("\n");
  await Deno.writeTextFile(scene.dir.join("mirror.list"), list);
  await runToSuccess(["apt-mirror", scene.dir.join("mirror.list")]);
  await importAndInstall(scene, base, "http://deb.example.org/debian", ["foo", "bar"]);
});

testInTurn({
  name: "a tree of debmirror is imported, and apt-get installs from it offline",
  ignore: ignore || missingPrograms("debmirror").length > 0,
}, async () => {
  await using scene = await createAptScene();
  await scene.repository.publish({
    packages: { foo: "1.0", bar: "1.0" },
    acquireByHash: true,
    signature: "Release.gpg",
  });
  const { host } = new URL(scene.nginx.url);
  const target = scene.dir.join("debmirror");
  await runToSuccess([
    ...["debmirror", target, "--method=http", `--host=${host}`, "--root=/", "--dist=stable", "--section=main"],
    ...[
      `--arch=${scene.repository.architecture}`,
      "--nosource",
      "--no-check-gpg",
      "--ignore-release-gpg",
      "--rsync-extra=none",
    ],
  ], { env: { HOME: scene.dir.path } });
  await importAndInstall(scene, target, "http://deb.example.org/debian");
});
