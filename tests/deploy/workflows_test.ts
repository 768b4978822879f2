import assert from "node:assert/strict";
import { parse } from "yaml";

const folder = new URL("../../.github/workflows/", import.meta.url);

interface Step {
  readonly uses?: string;
  readonly run?: string;
}

interface Workflow {
  readonly on: unknown;
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, { readonly "timeout-minutes": number; readonly steps: readonly Step[] }>>;
}

for (const { name } of Deno.readDirSync(folder)) {
  const text = Deno.readTextFileSync(new URL(name, folder));
  const { on, permissions, jobs } = parse(text) as Workflow;
  const steps = Object.values(jobs).flatMap((job) => job.steps);

  Deno.test(`${name} may read only, unless a job says otherwise, and ends in time`, () => {
    assert.ok(on);
    assert.deepEqual(permissions, { contents: "read" });
    for (const job of Object.values(jobs)) assert.ok(job["timeout-minutes"] <= 120);
  });

  Deno.test(`${name} names actions by full commit ids, each with its version`, () => {
    const used = steps.flatMap(({ uses }) => uses ?? []);
    assert.ok(used.length > 0);
    assert.deepEqual(used.filter((action) => !/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/.test(action)), []);
    for (const action of used) assert.match(text, new RegExp(`uses: ${action} # v\\d+\\.\\d+\\.\\d+$`, "m"));
  });

  Deno.test(`${name} runs scripts that bash can parse, with nothing of an event in their text`, async () => {
    for (const { run = "" } of steps) {
      assert.doesNotMatch(run, /\$\{\{/, "a value belongs in env");
      const { success, stderr } = await new Deno.Command("bash", { args: ["-n", "-c", run] }).output();
      assert.ok(success, new TextDecoder().decode(stderr));
    }
  });
}

Deno.test("make targets, files and scripts that the workflows name are there", () => {
  const root = new URL("../../", import.meta.url);
  const makefile = Deno.readTextFileSync(new URL("Makefile", root));
  for (const { name } of Deno.readDirSync(folder)) {
    const text = Deno.readTextFileSync(new URL(name, folder));
    for (const [, targets = ""] of text.matchAll(/run: make ([\w ]+)$/gm)) {
      for (const target of targets.split(" ")) assert.match(makefile, new RegExp(`^${target}:`, "m"));
    }
    for (const [path] of text.matchAll(/docs\/deploy\/[\w./-]+|\.ci\/run/g)) Deno.statSync(new URL(path, root));
  }
});
