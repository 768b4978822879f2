import assert from "node:assert/strict";
import { runToSuccess } from "../support/run_command.ts";
import { BundleScene } from "./bundle_scene.ts";

/** Runs `bundle …` with what reads as a named pipe, into which a bundle is written once. */
async function fromPipe(scene: BundleScene, command: string, ...args: readonly string[]) {
  const pipe = scene.path("pipe");
  await runToSuccess(["mkfifo", pipe]);
  const writing = new Deno.Command("cp", { args: [scene.path("bundle.tar"), pipe], stderr: "null" }).output();
  const ran = await scene.bundle("inside", command, pipe, ...args);
  await writing;
  Deno.removeSync(pipe);
  return ran;
}

const commands = [["verify"], ["ls"], ["import", "--dry-run"], ["import"], ["import", "--again"]] as const;

Deno.test("a bundle in a named pipe is read once by every command, and its bodies are gone past", async () => {
  await using scene = await BundleScene.open();
  await scene.put("files/large", { sizeBytes: 3_000_000 });
  await scene.put("files/small");
  await scene.export("bundle.tar");
  for (const [command, ...args] of commands) {
    const { code, stderr } = await fromPipe(scene, command, ...args);
    assert.equal(code, 0, `${command} ${args}: ${stderr}`);
  }
  assert.deepEqual(await scene.names(), ["files/large", "files/small"]);
});

Deno.test("what a named pipe has besides a bundle is refused, and not waited for again", async () => {
  await using scene = await BundleScene.open();
  Deno.writeTextFileSync(scene.path("notes"), "words\n".repeat(1000));
  await runToSuccess(["tar", "-cf", scene.path("bundle.tar"), "-C", scene.path("."), "notes"]);
  for (
    const [command, wanted] of [
      [
        "import",
        /^Cannot import ".*pipe": it is no bundle; what other programs have made is imported from a file or a /,
      ],
      ["verify", /^Cannot verify ".*pipe": it is no bundle\n$/],
    ] as const
  ) {
    const { code, stderr } = await fromPipe(scene, command);
    assert.equal(code, 1);
    assert.match(stderr, wanted);
  }
});
