import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { runCommand } from "../support/run_command.ts";
import { ServerProcess } from "../support/server_process.ts";
import { bytesOf } from "../support/store_fixture.ts";
import { vaultCommand } from "../support/vault_process.ts";
import { BundleScene } from "./bundle_scene.ts";

const served = `
backends:
  - type: http
    name: files
    config: { base_url: "https://files.example.com", username: somebody, password: secret-1 }
  - type: dockerhub
    name: docker
    config: { repositories: [{ registry_url: "https://r.example.com", token: secret-2 }] }
`;

/** A stand-in for the executable: a script that runs the program from source. */
function writeExecutable(path: string): void {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const words = vaultCommand().map((word) => `'${word}'`).join(" ");
  Deno.writeTextFileSync(path, `#!/bin/sh\n# ${root}\nexec ${words} "$@"\n`);
}

Deno.test("whoever follows the text of a kit in another directory serves what it carries", async () => {
  await using scene = await BundleScene.open();
  const top = `http_port: 0\nlog_file: ${scene.path("outside.log")}\nproxy: "http://u:secret-3@127.0.0.1:9"`;
  scene.writeConfig("outside", scene.outside.root, { top, served });
  await scene.put("files/notes.txt", { sizeBytes: 4321 });
  await scene.bundle("outside", "key", "new", scene.path("site"));
  writeExecutable(scene.path("artifact-vault"));
  const args = [
    "--kit",
    scene.path("kit"),
    "--executable",
    scene.path("artifact-vault"),
    "--sign",
    scene.path("site.pem"),
  ];
  const exported = await scene.bundle("outside", "export", scene.path("friday.tar"), ...args);
  assert.equal(exported.code, 0, exported.stderr);
  const names = [...Deno.readDirSync(scene.path("kit"))].map(({ name }) => name).sort();
  const wanted = ["INSTALL.txt", "SHA256SUMS", "artifact-vault", "config.yml", "friday.tar", "vault.pub.pem"];
  assert.deepEqual(names, wanted);
  const config = Deno.readTextFileSync(scene.path("kit/config.yml"));
  assert.match(config, /^cache_dir: \.\/cache\n[\s\S]*^offline: true$/m);
  assert.doesNotMatch(config, /secret|somebody|outside|proxy|password|log_file/);

  const elsewhere = scene.path("elsewhere");
  await Deno.rename(scene.path("kit"), elsewhere);
  await Deno.chmod(`${elsewhere}/artifact-vault`, 0o600);
  const text = Deno.readTextFileSync(`${elsewhere}/INSTALL.txt`);
  const commands = text.split("\n").filter((line) => line.startsWith("    ")).map((line) => line.trim());
  const serve = commands.findIndex((command) => command.includes(" serve "));
  assert.ok(serve >= 4);
  for (const command of commands.slice(0, serve)) {
    const { code, stderr } = await runCommand(["sh", "-c", `cd '${elsewhere}' && ${command}`]);
    assert.equal(code, 0, `${command}: ${stderr}`);
  }
  await using server = new ServerProcess(["sh", "-c", `exec ${commands[serve]}`], { cwd: elsewhere });
  const [url] = await server.waitForLine(/(?<=listening on )http:\/\/127\.0\.0\.1:\d+/);
  const response = await fetch(`${url}/files/notes.txt`);
  assert.deepEqual(new Uint8Array(await response.arrayBuffer()), bytesOf("files/notes.txt", 4321));
});

Deno.test("a program that runs from source asks for the executable of a kit before it writes anything", async () => {
  await using scene = await BundleScene.open();
  const { code, stderr } = await scene.bundle("outside", "export", scene.path("a.tar"), "--kit", scene.path("kit"));
  assert.equal(code, 2);
  assert.match(stderr, /runs from source; compile it with make compile.*--executable FILE/);
  assert.throws(() => Deno.statSync(scene.path("kit")), Deno.errors.NotFound);
});

Deno.test("a folder that has a kit already is refused before anything is written, and stays as it was", async () => {
  await using scene = await BundleScene.open();
  await scene.put("files/notes.txt");
  writeExecutable(scene.path("artifact-vault"));
  const args = ["--kit", scene.path("kit"), "--executable", scene.path("artifact-vault")];
  assert.equal((await scene.bundle("outside", "export", scene.path("friday.tar"), ...args)).code, 0);
  const before = Deno.readTextFileSync(scene.path("kit/SHA256SUMS"));
  for (const more of [[], ["--dry-run"]]) {
    const again = await scene.bundle("outside", "export", scene.path("monday.tar"), ...args, ...more);
    assert.equal(again.code, 2);
    assert.match(again.stderr, /^--kit: ".*kit" has a kit already, .* name another folder, or remove that one\. /);
  }
  const names = [...Deno.readDirSync(scene.path("kit"))].map(({ name }) => name).sort();
  assert.deepEqual(names, ["INSTALL.txt", "SHA256SUMS", "artifact-vault", "config.yml", "friday.tar"]);
  assert.equal(Deno.readTextFileSync(scene.path("kit/SHA256SUMS")), before);
});
