import assert from "node:assert/strict";
import { aptPrograms, createAptScene } from "../../support/apt/scene.ts";
import { debPayloadBytes } from "../../support/apt/deb_package.ts";
import { missingPrograms } from "../../support/programs.ts";
import { askRaw } from "../../support/raw_client.ts";
import { runToSuccess } from "../../support/run_command.ts";
import { testInTurn } from "../../support/thorough.ts";

const ignore = missingPrograms(...aptPrograms).length > 0;
const release = "GET /dists/stable/InRelease";

const kinds: [string, { acquireByHash: boolean; settings: string[] }][] = [
  ["by hash", { acquireByHash: true, settings: [] }],
  ["by path", { acquireByHash: false, settings: [] }],
  ["by path where hashes are offered", { acquireByHash: true, settings: ["Acquire::By-Hash=no"] }],
];

for (const [name, { acquireByHash, settings }] of kinds) {
  testInTurn(
    { name: `apt-get ${name}: update, install, upgrade, and all of it without upstream`, ignore },
    async () => {
      await using scene = await createAptScene();
      const { repository, upstream } = scene;
      await repository.publish({ packages: { foo: "1.0", bar: "1.0" }, acquireByHash });
      {
        await using vault = await scene.startVault();
        const apt = await scene.createApt("first", vault.url("/debian"), ...settings);
        await apt.update();
        await apt.install("foo");
        assert.deepEqual(await apt.installed(), { foo: "1.0" });
        await repository.publish({ packages: { foo: "2.0", bar: "1.0" }, acquireByHash });
        await apt.update();
        await apt.upgrade();
        assert.deepEqual(await apt.installed(), { foo: "2.0" });

        upstream.forget();
        const second = await scene.createApt("second", vault.url("/debian"), ...settings);
        await second.update();
        await second.install("foo");
        assert.deepEqual(upstream.lines, [release], "the release is asked for, and nothing else");
        assert.equal(upstream.sentBytes, 0, "and has not changed");

        await upstream.refuse();
        await apt.update();
        const third = await scene.createApt("third", vault.url("/debian"), ...settings);
        await third.update();
        await third.install("foo");
        assert.deepEqual(await third.installed(), { foo: "2.0" });
        assert.notEqual((await third.run("--yes", "install", "bar")).code, 0, "nobody has asked for it yet");
      }
      await using restarted = await scene.startVault(["--offline"]);
      const last = await scene.createApt("last", restarted.url("/debian"), ...settings);
      await last.update();
      await last.install("foo");
      const archive = `${last.root}/var/cache/apt/archives/foo_2.0_all.deb`;
      await runToSuccess(["cmp", archive, `${repository.root}/${repository.pathOf("foo", "2.0")}`]);
    },
  );
}

testInTurn({ name: "five new clients at once: upstream sends each file once", ignore }, async () => {
  await using scene = await createAptScene();
  const { repository, upstream } = scene;
  await repository.publish({ packages: { foo: "1.0" }, acquireByHash: true });
  await using vault = await scene.startVault();
  const clients = await Promise.all(
    Array.from({ length: 5 }, (_, nth) => scene.createApt(`client-${nth}`, vault.url("/debian"))),
  );
  await Promise.all(clients.map(async (apt) => {
    await apt.update();
    await apt.install("foo");
  }));
  const sent = upstream.requests.filter(({ status }) => status === 200).map(({ path }) => path);
  assert.deepEqual(sent.length, new Set(sent).size, sent.join("\n"));
  assert.equal(sent.length, 3, "the release, the list of packages, and the package");
});

testInTurn(
  { name: "a package that is wrong upstream is never delivered, and right when upstream is", ignore },
  async () => {
    await using scene = await createAptScene();
    const { repository } = scene;
    await repository.publish({ packages: { foo: "1.0" } });
    await using vault = await scene.startVault();
    const apt = await scene.createApt("client", vault.url("/debian"));
    await apt.update();
    const file = `${repository.root}/${repository.pathOf("foo", "1.0")}`;
    const right = await Deno.readFile(file);
    await Deno.writeFile(file, right.with(200_000, right[200_000]! ^ 1));
    // Else apt takes it, which it has the beginning of, for the same file: times have whole seconds.
    await Deno.utime(file, new Date("2026-01-01"), new Date("2026-01-01"));
    const answer = await askRaw(vault.url(""), `/debian/${repository.pathOf("foo", "1.0")}`);
    assert.ok(answer.status !== 200 || !answer.complete);
    assert.notEqual((await apt.run("--yes", "install", "foo")).code, 0);
    assert.deepEqual(await apt.archives(), []);
    await Deno.writeFile(file, right);
    await apt.install("foo");
    assert.deepEqual(await apt.installed(), { foo: "1.0" });
  },
);

testInTurn({ name: "a package that apt has half of is gone on with, unless it has changed", ignore }, async (t) => {
  await using scene = await createAptScene();
  const { repository } = scene;
  await repository.publish({ packages: { foo: "1.0" } });
  await using vault = await scene.startVault();
  const path = repository.pathOf("foo", "1.0");
  const whole = await Deno.readFile(`${repository.root}/${path}`);
  const { headers } = await askRaw(vault.url(""), `/debian/${path}`, { method: "HEAD" });
  const modified = new Date(headers.get("last-modified")!);
  const cases: [string, { at: Date; half: Uint8Array<ArrayBuffer>; goesOn: boolean }][] = [
    ["of the same time, while the vault has none of it", { at: modified, half: whole, goesOn: true }],
    ["of the same time, while the vault has it", { at: modified, half: whole, goesOn: true }],
    ["older", { at: new Date(0), half: whole.map((byte) => byte ^ 1), goesOn: false }],
  ];
  for (const [index, [name, { at, half, goesOn }]] of cases.entries()) {
    await t.step(name, async () => {
      const apt = await scene.createApt(`client-${index}`, vault.url("/debian"));
      await apt.update();
      const partial = `${apt.root}/var/cache/apt/archives/partial/foo_1.0_all.deb`;
      await Deno.writeFile(partial, half.subarray(0, debPayloadBytes / 2));
      await Deno.utime(partial, at, at);
      const output = await apt.install("foo");
      const [, kilobytes = "0"] = /Fetched (\d+) kB/.exec(output) ?? [];
      assert.equal(Number(kilobytes) < debPayloadBytes / 1000, goesOn, output);
      await runToSuccess(["cmp", `${apt.root}/var/cache/apt/archives/foo_1.0_all.deb`, `${repository.root}/${path}`]);
    });
  }
});

testInTurn({ name: "ten pipelined requests on one connection are answered in order", ignore }, async () => {
  await using scene = await createAptScene();
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
});
