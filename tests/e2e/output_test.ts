import assert from "node:assert/strict";
import { runCommand } from "../support/run_command.ts";
import { testInTurn } from "../support/thorough.ts";
import { vaultCommand, vaultEnvironment } from "../support/vault_process.ts";

const ignore = Deno.build.os !== "linux";

/** Runs a command of the program in a shell: `run` stands for the program. */
async function shell(script: string) {
  const program = vaultCommand().map((word) => `'${word}'`).join(" ");
  return await runCommand(["bash", "-c", `run() { ${program} "$@"; }\n${script}`], { env: vaultEnvironment() });
}

testInTurn({
  name: "output that cannot be written ends a command with 1 and the reason; where nobody reads on, it says nothing",
  ignore,
}, async () => {
  const full = await shell("run permissions > /dev/full");
  assert.deepEqual([full.code, full.stderr], [1, "Cannot write to standard output: No space left on device\n"]);
  const unread = await shell("run permissions | true");
  assert.equal(unread.stderr, "");
  const nobody = await shell("run nonsense 2> /dev/full");
  assert.deepEqual([nobody.code, nobody.stdout], [2, ""]);
});
