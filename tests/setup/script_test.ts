import assert from "node:assert/strict";
import { clients } from "../../src/setup/clients.ts";
import { composeScript } from "../../src/setup/script/compose.ts";
import { lineValuesAwk } from "../../src/setup/script/line_values_awk.ts";
import type { Edit } from "../../src/setup/edit/edit.ts";
import { placesOf } from "../../src/setup/edit/repositories.ts";
import { repositoriesAwk } from "../../src/setup/script/repositories_awk.ts";
import { missingPrograms } from "../support/programs.ts";
import { createTempDir } from "../support/temp_dir.ts";
import { cases, refused } from "./edit_cases.ts";

const vault = { url: "http://v", host: "v", isPlain: true, prefix: "/p" };

/** What awk has to do for an edit, one step after the other; null where a script leaves such files alone. */
function stepsOf(edit: Edit, before: string): Record<string, string>[] | null {
  if (edit.kind === "tables" && before.trim() !== "" && !before.includes(edit.key)) {
    return [{ mode: "append", line: edit.text.trimEnd() }];
  }
  if (edit.kind === "sources") {
    return [{ program: repositoriesAwk, places: placesOf(edit).map((pair) => pair.join(" ")).join("\n") }];
  }
  if (edit.kind !== "values") return null;
  const { section = "", keys = [] } = edit.secrets ?? {};
  const check = { mode: "check", format: edit.format, section, secrets: keys.join(" ") };
  const values = edit.values.map(({ section = "", key, line, isLoose, adds, outrankedIn = [] }) => ({
    ...{ mode: "value", format: edit.format, section, key, line, loose: isLoose ? "yes" : "" },
    ...{ adds: typeof adds === "object" ? adds.item : adds ?? "", outranked: outrankedIn.join(" ") },
  }));
  return [check, ...values];
}

async function run(command: readonly string[], input: string, env: Record<string, string> = {}) {
  const child = new Deno.Command(command[0]!, {
    args: command.slice(1),
    env: { ...env, LC_ALL: "C" },
    ...{ stdin: "piped", stdout: "piped", stderr: "piped" },
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input)).catch(() => {});
  await writer.close().catch(() => {});
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  return { code, text: decoder.decode(stdout), error: decoder.decode(stderr) };
}

async function editByAwk(awk: readonly string[], before: string, steps: readonly Record<string, string>[]) {
  let text = before;
  for (const { program = lineValuesAwk, ...step } of steps) {
    const open = text === "" || text.endsWith("\n") ? "0" : "1";
    const { code, text: next, error } = await run([...awk, program], text, { ...step, open });
    if (code !== 0) return { code, text: error + next };
    if (step.mode !== "check") text = next;
  }
  return { code: 0, text };
}

for (const awk of [["awk"], ["busybox", "awk"]]) {
  const ignore = missingPrograms(awk[0]!).length > 0;
  Deno.test(
    { name: `${awk.join(" ")} makes of lines what the command makes of them, or refuses`, ignore },
    async () => {
      const made = cases.filter(([, edit, before]) => stepsOf(edit, before) !== null);
      assert.ok(made.length >= 12);
      await Promise.all(made.map(async ([name, edit, before, after]) => {
        assert.deepEqual(await editByAwk(awk, before, stepsOf(edit, before)!), { code: 0, text: after }, name);
      }));
      const wrong = refused.filter(([, edit, before]) => stepsOf(edit, before) !== null);
      assert.ok(wrong.length >= 5);
      await Promise.all(wrong.map(async ([name, edit, before]) => {
        const { code, text } = await editByAwk(awk, before, stepsOf(edit, before)!);
        assert.deepEqual([code, /^Line \d+ /.test(text)], [3, true], `${name}: ${text}`);
      }));
    },
  );
}

for (const shell of [["sh"], ["busybox", "sh"]]) {
  const ignore = missingPrograms(shell[0]!).length > 0;
  Deno.test({ name: `${shell.join(" ")} can parse the scripts of all clients`, ignore }, async () => {
    const all = clients.map((client) => composeScript(client, vault)).join("\n");
    assert.deepEqual(await run([...shell, "-n"], all), { code: 0, text: "", error: "" });
  });
}

Deno.test("a script that was cut off does nothing, and wrong options are refused", async () => {
  await using dir = await createTempDir();
  const script = composeScript(clients[0]!, vault);
  const cut = script.slice(0, script.lastIndexOf("main "));
  assert.deepEqual(await run(["sh"], cut, { HOME: dir.path }), { code: 0, text: "", error: "" });
  for (const args of [["--what"], ["--user", "--system"], ["--user"], ["--root"], ["--root", "/nowhere/at/all"]]) {
    assert.equal((await run(["sh", "-s", "--", ...args], script, { HOME: dir.path })).code, 2, args.join(" "));
  }
  assert.deepEqual([...Deno.readDirSync(dir.path)], []);
});
