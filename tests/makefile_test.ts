import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { missingPrograms } from "./support/programs.ts";
import { createTempDir, type TempDir } from "./support/temp_dir.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const ignore = missingPrograms("make").length > 0;

/** Runs `make compile` with a program in the place of deno that writes this script as the executable. */
async function compile(dir: TempDir, written: string): Promise<number> {
  const deno = dir.join("deno");
  const script = `#!/bin/sh
[ "$1" = --version ] && { echo "deno 2.9.6"; exit; }
while [ "$1" != --output ]; do shift; done
printf '%s' '${written}' > "$2"; chmod +x "$2"
[ -n '${written}' ]
`;
  await Deno.writeTextFile(deno, script, { mode: 0o700 });
  const args = ["-s", "-C", root, "compile", `DIST=${dir.join("dist")}`, `COMPILE_DENO=${deno}`];
  return (await new Deno.Command("make", { args, stderr: "null" }).output()).code;
}

Deno.test({
  name: "make compile replaces the executable when the new one is whole, and one that runs goes on",
  ignore,
  async fn() {
    await using dir = await createTempDir();
    const executable = dir.join("dist/artifact-vault");
    await Deno.mkdir(dir.join("dist"));
    assert.equal(await compile(dir, "old"), 0);
    using running = await Deno.open(executable);
    assert.notEqual(await compile(dir, ""), 0);
    assert.equal(await Deno.readTextFile(executable), "old", "a compilation that fails costs nothing");
    assert.equal(await compile(dir, "new"), 0);
    assert.equal(await Deno.readTextFile(executable), "new");
    assert.equal(await new Response(running.readable).text(), "old");
    assert.deepEqual([...Deno.readDirSync(dir.join("dist"))].map(({ name }) => name), ["artifact-vault"]);
  },
});
