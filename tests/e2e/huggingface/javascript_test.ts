import assert from "node:assert/strict";
import { HubProcessScene } from "../../support/hub/hub_process.ts";
import { missingPrograms } from "../../support/programs.ts";
import { runCommand } from "../../support/run_command.ts";
import { testInTurn } from "../../support/thorough.ts";

const mib = 1024 * 1024;
const ignore = missingPrograms("npm", "node").length > 0;

const script = `
import { createHash } from "node:crypto";
import { downloadFile, listFiles, snapshotDownload } from "@huggingface/hub";
const [hubUrl, cacheDir] = process.argv.slice(2);
const repo = "acme/m";
const found = {};
for (const path of ["config.json", "weights.bin", "model.safetensors", "nothing.json"]) {
  const blob = await downloadFile({ repo, path, hubUrl });
  found[path] = blob && createHash("sha256").update(Buffer.from(await blob.arrayBuffer())).digest("hex");
}
found.listed = [];
for await (const { path } of listFiles({ repo, recursive: true, hubUrl })) found.listed.push(path);
await snapshotDownload({ repo, hubUrl, cacheDir });
console.log("\\n" + JSON.stringify(found));
`;

testInTurn(
  { name: "@huggingface/hub downloads cold, then without a request upstream, then offline", ignore },
  async () => {
    await using scene = await HubProcessScene.create();
    const { hub, dir } = scene;
    await Deno.writeTextFile(dir.join("package.json"), '{"type": "module"}');
    await Deno.writeTextFile(dir.join("script.js"), script);
    // npm has its registry from the settings of this machine.
    const install = new Deno.Command("npm", {
      args: ["install", "--no-audit", "--no-fund", "--silent", "@huggingface/hub@2.17.5"],
      cwd: dir.path,
      stdout: "null",
      stderr: "null",
    });
    if (!(await install.output()).success) return console.log("test skipped: npm cannot install @huggingface/hub here");
    const repo = hub.addRepo("acme/m");
    const commit = repo.commit({
      "config.json": { storage: "git", content: "{}" },
      "weights.bin": { storage: "lfs", content: { sizeBytes: 2 * mib + 5, seed: 1 } },
      "model.safetensors": { storage: "xet", content: { sizeBytes: 65 * mib + 3, seed: 2 } },
    });
    const expected = {
      ...Object.fromEntries([...repo.files(commit)].map(([path, { sha256 }]) => [path, sha256])),
      "nothing.json": null,
      listed: [...repo.files(commit).keys()],
    };
    const check = async (endpoint: string, round: string) => {
      const cache = dir.join(`cache-${round}`);
      await Deno.mkdir(cache);
      const { code, stdout, stderr } = await runCommand(["node", dir.join("script.js"), endpoint, cache]);
      assert.equal(code, 0, stdout + stderr);
      assert.deepEqual(JSON.parse(stdout.trim().split("\n").at(-1)!), expected, round);
    };
    {
      await using vault = await scene.start();
      await check(vault.endpoint, "cold");
      hub.forget();
      await check(vault.endpoint, "warm");
      assert.deepEqual(hub.lines, []);
    }
    await hub.refuse();
    await using vault = await scene.start("--offline");
    await check(vault.endpoint, "offline");
  },
);
