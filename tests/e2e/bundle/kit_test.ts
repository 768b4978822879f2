import assert from "node:assert/strict";
import { BundleScene } from "../../bundle/bundle_scene.ts";
import { runCommand } from "../../support/run_command.ts";
import { ServerProcess } from "../../support/server_process.ts";
import { bytesOf } from "../../support/store_fixture.ts";
import { vaultCommand, vaultExecutable } from "../../support/vault_process.ts";

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
  const words = vaultCommand().map((word) => `'${word}'`).join(" ");
  Deno.writeTextFileSync(path, `#!/bin/sh\nexec ${words} "$@"\n`);
}

/** Names that a shell would take apart, or a program for an option. */
const oddly = { bundle: "-my 'kit $(touch oops)'.tar", executable: "-a vault's" };
const usual = { bundle: "friday.tar", executable: "artifact-vault" };

for (const { bundle, executable } of [usual, oddly]) {
  Deno.test({
    name: `whoever follows the text of a kit with ${bundle} in another directory serves what it carries`,
    // The text is that of the program that exports, which is this one.
    ignore: vaultExecutable !== null,
  }, () => followText(bundle, executable));
}

async function followText(bundle: string, executable: string): Promise<void> {
  await using scene = await BundleScene.open();
  const top = `http_port: 0\nlog_file: ${scene.path("outside.log")}\nproxy: "http://u:secret-3@127.0.0.1:9"`;
  scene.writeConfig("outside", scene.outside.root, { top, served });
  await scene.put("files/notes.txt", { sizeBytes: 4321 });
  await scene.bundle("outside", "key", "new", scene.path("site"));
  writeExecutable(scene.path(executable));
  const args = [
    "--kit",
    scene.path("kit"),
    "--executable",
    scene.path(executable),
    "--sign",
    scene.path("site.pem"),
  ];
  const exported = await scene.bundle("outside", "export", scene.path(bundle), ...args);
  assert.equal(exported.code, 0, exported.stderr);
  const names = [...Deno.readDirSync(scene.path("kit"))].map(({ name }) => name).sort();
  assert.deepEqual(names, ["INSTALL.txt", "SHA256SUMS", executable, "config.yml", bundle, "vault.pub.pem"].sort());
  const config = Deno.readTextFileSync(scene.path("kit/config.yml"));
  assert.match(config, /^cache_dir: \.\/cache\n[\s\S]*^offline: true$/m);
  assert.doesNotMatch(config, /secret|somebody|outside|proxy|password|log_file/);

  const elsewhere = scene.path("elsewhere");
  await Deno.rename(scene.path("kit"), elsewhere);
  await Deno.chmod(`${elsewhere}/${executable}`, 0o600);
  const text = Deno.readTextFileSync(`${elsewhere}/INSTALL.txt`);
  const commands = text.split("\n").filter((line) => line.startsWith("    ")).map((line) => line.trim());
  const serve = commands.findIndex((command) => command.includes(" serve "));
  assert.ok(serve >= 4);
  for (const command of commands.slice(0, serve)) {
    const { code, stderr } = await runCommand(["sh", "-c", `cd '${elsewhere}' && ${command}`]);
    assert.equal(code, 0, `${command}: ${stderr}`);
  }
  assert.throws(() => Deno.statSync(`${elsewhere}/oops`), Deno.errors.NotFound);
  await using server = new ServerProcess(["sh", "-c", `exec ${commands[serve]}`], { cwd: elsewhere });
  const [url] = await server.waitForLine(/(?<=listening on )http:\/\/127\.0\.0\.1:\d+/);
  const response = await fetch(`${url}/files/notes.txt`);
  assert.deepEqual(new Uint8Array(await response.arrayBuffer()), bytesOf("files/notes.txt", 4321));
}
