import assert from "node:assert/strict";
import { runCaptured } from "../../support/run_captured.ts";
import { createTempDir } from "../../support/temp_dir.ts";

type Shell = "bash" | "zsh" | "fish";

/** Asks the real shell what may stand in place of the last word of a line. */
type Complete = (line: string, options: { readonly script: string; readonly cwd: string }) => Promise<string[]>;

const programs: Readonly<Record<Shell, Complete>> = {
  bash: (line, { script, cwd }) => output("bash", ["--norc", "-c", asked, "bash", script, ...line.split(" ")], cwd),
  // Only a terminal gets zsh to complete: what would be shown is printed instead.
  zsh: (line, { script, cwd }) => output("zsh", ["-f", "-c", askedOfZsh, "zsh", script, ...line.split(" ")], cwd),
  fish: (line, { script, cwd }) =>
    output("fish", ["--no-config", "-c", `source ${script}; complete -C '${line}'`], cwd),
};

const asked = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _artifact_vault
printf '%s\\n' "\${COMPREPLY[@]}"`;

const askedOfZsh = `compdef() { }
_describe() { local text; for text in "\${(@P)2}"; do case $text in $current*) print -r -- "\${text%%:*}" ;; esac; done }
_files() { print -l -- "$current"*(N) }
source "$1"; shift; words=("$@"); CURRENT=$#; _artifact-vault`;

async function output(program: string, args: readonly string[], cwd: string): Promise<string[]> {
  const { code, stdout, stderr } = await new Deno.Command(program, { args: [...args], cwd, stdin: "null" }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  const lines = new TextDecoder().decode(stdout).split("\n").map((text) => text.split("\t")[0]!);
  return lines.filter((text) => text !== "").sort();
}

async function isInstalled(program: string): Promise<boolean> {
  try {
    return (await new Deno.Command(program, { args: ["--version"], stdout: "null", stderr: "null" }).output()).success;
  } catch {
    return false;
  }
}

const lines: [line: string, among: string[], never: string[]][] = [
  ["artifact-vault ", ["serve", "check", "cache", "bundle", "warm", "completion"], ["stats", "ls"]],
  ["artifact-vault ca", ["cache"], ["serve"]],
  ["artifact-vault --of", ["--offline"], ["--config"]],
  ["artifact-vault cache ", ["ls", "show", "prune", "pins"], ["serve", "cache"]],
  ["artifact-vault cache p", ["pin", "pins", "prune", "purge"], ["ls"]],
  ["artifact-vault cache ls --un", ["--unused-for"], ["--dry-run"]],
  ["artifact-vault --config cache cache prune --d", ["--dry-run"], ["--match"]],
  ["artifact-vault cache ls --config c", ["config.yml"], ["cache"]],
  ["artifact-vault warm l", ["list.txt"], ["ls"]],
  ["artifact-vault cache ls --sort ", ["age", "name", "size", "used"], ["config.yml", "ls"]],
  ["artifact-vault --log-level D", ["DEBUG"], ["INFO"]],
  ["artifact-vault bundle key ", ["new", "show"], ["bash", "ls", "config.yml", "list.txt"]],
  ["artifact-vault bundle key --config config.yml ", ["new", "show"], ["list.txt"]],
  ["artifact-vault bundle key new ", [], ["new", "show", "config.yml"]],
  ["artifact-vault bundle key show --co", ["--config"], ["config.yml"]],
  ["artifact-vault bundle key show c", ["config.yml"], ["list.txt"]],
  ["artifact-vault completion ", ["bash", "fish", "zsh"], ["serve"]],
];

for (const shell of Object.keys(programs) as Shell[]) {
  Deno.test({
    name: `${shell} completes commands, options and files`,
    ignore: !await isInstalled(shell),
    async fn(t) {
      await using dir = await createTempDir();
      for (const name of ["config.yml", "list.txt"]) await Deno.writeTextFile(dir.join(name), "");
      const script = `${dir.path}.completion`;
      const { code, stdout } = await runCaptured(["completion", shell]);
      assert.equal(code, 0);
      await Deno.writeTextFile(script, stdout);
      for (const [line, among, never] of lines) {
        await t.step(line, async () => {
          const completed = await programs[shell](line, { script, cwd: dir.path });
          for (const text of among) assert.ok(completed.includes(text), `${text} in ${completed.join(" ")}`);
          for (const text of never) assert.ok(!completed.includes(text), `no ${text} in ${completed.join(" ")}`);
        });
      }
      await Deno.remove(script);
    },
  });
}

Deno.test("another shell is a mistake", async () => {
  const { code, stderr } = await runCaptured(["completion", "bsh"]);
  assert.equal(code, 2);
  assert.match(stderr, /^"bsh" is not known \(did you mean "bash"\?\); SHELL is one of bash, zsh, fish\n/);
});
