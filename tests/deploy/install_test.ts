import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { missingPrograms } from "../support/programs.ts";
import { createTempDir } from "../support/temp_dir.ts";

const script = fileURLToPath(new URL("../../docs/deploy/install.sh", import.meta.url));
const name = `artifact-vault-${Deno.build.arch}-unknown-linux-gnu`;
const executable = "#!/bin/sh\necho artifact-vault 9.9.9\n";
const shells = [["dash"], ["busybox", "sh"], ["bash", "--posix"]];

for (const shell of shells) {
  const ignore = Deno.build.os !== "linux" || missingPrograms(shell[0]!, "curl").length > 0;
  Deno.test({ name: `install.sh with ${shell.join(" ")}: installs what has the right checksum`, ignore }, async () => {
    await using dir = await createTempDir();
    const files = new Map([
      [`/v1/${name}`, executable],
      ["/v1/SHA256SUMS", `${createHash("sha256").update(executable).digest("hex")}  ${name}\n`],
      [`/wrong/${name}`, `${executable}# changed on the way\n`],
      [`/none/SHA256SUMS`, "0".repeat(64) + "  something-else\n"],
    ]);
    files.set("/wrong/SHA256SUMS", files.get("/v1/SHA256SUMS")!);
    const foreign = "#!/lib/ld-of-another-system\n";
    files.set(`/foreign/${name}`, foreign);
    files.set("/foreign/SHA256SUMS", `${createHash("sha256").update(foreign).digest("hex")}  ${name}\n`);
    await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
      const text = files.get(new URL(request.url).pathname);
      return new Response(text ?? "not here", { status: text === undefined ? 404 : 200 });
    });
    const to = dir.join("bin");
    const install = async (...args: string[]) => {
      const command = new Deno.Command(shell[0]!, { args: [...shell.slice(1), script, ...args], stdin: "null" });
      const { code, stdout, stderr } = await command.output();
      return { code, text: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
    };
    const from = (folder: string) => `http://127.0.0.1:${server.addr.port}/${folder}/`;
    const isThere = () => Deno.stat(`${to}/artifact-vault`).then(({ mode }) => mode! & 0o777, () => null);

    const wrong = await install("--from", from("wrong"), "--to", to);
    assert.equal(wrong.code, 1);
    assert.match(wrong.text, /has the checksum \w{64}, and not \w{64}: nothing was installed/);
    assert.match((await install("--from", from("none"), "--to", to)).text, /SHA256SUMS does not name/);
    assert.match((await install("--from", from("absent"), "--to", to)).text, /cannot download/);
    assert.match((await install()).text, /name the folder of a release/);
    assert.equal((await install("--what")).code, 2);
    assert.equal(await isThere(), null);

    const done = await install("--from", from("v1"), "--to", to);
    assert.deepEqual([done.code, done.text], [0, `installed ${to}/artifact-vault (artifact-vault 9.9.9)\n`]);
    assert.equal(await isThere(), 0o755);
    assert.equal((await install("--from", from("v1"), "--to", to)).code, 0, "once more, for an upgrade");
    const unusable = await install("--from", from("foreign"), "--to", to);
    assert.equal(unusable.code, 1);
    assert.match(unusable.text, /does not run on this machine.*nothing was installed/);
    assert.equal(await Deno.readTextFile(`${to}/artifact-vault`), executable, "the one that runs stays");
    assert.deepEqual([...Deno.readDirSync(to)].map(({ name }) => name), ["artifact-vault"], "and nothing else is left");

    await Deno.mkdir(dir.join("folders/artifact-vault"), { recursive: true });
    assert.match(
      (await install("--from", from("v1"), "--to", dir.join("folders"))).text,
      /is a folder; choose another/,
    );
  });
}
