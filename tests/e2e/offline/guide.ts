import assert from "node:assert/strict";
import { runCommand } from "../../support/run_command.ts";
import { projectRoot, vaultCommand, vaultEnvironment } from "../../support/vault_process.ts";

/** The shell blocks below a heading of a page of the documentation, in their order. */
export function blocksBelow(page: string, heading: string): string[] {
  const text = Deno.readTextFileSync(`${projectRoot}/docs/${page}`);
  const section = new RegExp(`^## ${heading}\\n(.*?)(?=^## |$(?![^]))`, "ms").exec(text)?.[1];
  assert.ok(section !== undefined, `${page} has "${heading}"`);
  const blocks = [...section.matchAll(/^```sh\n(.*?)^```/gms)].map(([, block = ""]) => block);
  assert.ok(blocks.length > 0, `there are commands below "${heading}"`);
  return blocks;
}

export interface ShellOptions {
  readonly cwd: string;
  /** What stands in the documentation, and what is meant in the test. */
  readonly paths?: Readonly<Record<string, string>>;
}

/** Runs a block as a person would, who has the vault's program on the path. Throws with all output where it fails. */
export async function runBlock(block: string, { cwd, paths = {} }: ShellOptions): Promise<string> {
  const script = Object.entries(paths).reduce((text, [from, to]) => text.replaceAll(from, to), block);
  const program = vaultCommand().map((word) => `'${word}'`).join(" ");
  const command = ["bash", "-euc", `cd '${cwd}'; artifact-vault() { ${program} "$@"; }\n${script}`];
  const { code, stdout, stderr } = await runCommand(command, { env: vaultEnvironment() });
  assert.equal(code, 0, `${script}\n${stdout}${stderr}`);
  return stdout + stderr;
}
