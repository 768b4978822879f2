import assert from "node:assert/strict";
import { missingPrograms } from "./support/programs.ts";
import { createTempDir } from "./support/temp_dir.ts";

const ignore = missingPrograms("systemd-analyze").length > 0;
const unitFile = new URL("../docs/artifact-vault.service", import.meta.url);

Deno.test({ name: "systemd understands every line of the unit and finds it well confined", ignore }, async () => {
  await using dir = await createTempDir();
  const path = dir.join("artifact-vault.service");
  // The program is not where the unit will find it one day.
  await Deno.writeTextFile(path, Deno.readTextFileSync(unitFile).replace(/^ExecStart=\S+/m, "ExecStart=/bin/true"));
  assert.deepEqual(await analyze("verify", path), { code: 0, errors: "" });
  assert.equal((await analyze("security", "--offline=true", "--threshold=30", path)).code, 0);
});

async function analyze(...args: string[]): Promise<{ code: number; errors: string }> {
  const { code, stderr } = await new Deno.Command("systemd-analyze", { args }).output();
  return { code, errors: new TextDecoder().decode(stderr) };
}
