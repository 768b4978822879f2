import { createHash } from "node:crypto";
import { runCommand, runToSuccess } from "../run_command.ts";

const patchName = "2026-01-01-0000.00";

/** Writes `<path>.diff/Index` and one patch, as `diff --ed` makes it, that leads from the index at `before` to `path`. */
export async function writePatches(before: string, path: string): Promise<void> {
  const folder = `${path}.diff`;
  const patch = `${folder}/${patchName}`;
  await Deno.mkdir(folder);
  const { code, stdout, stderr } = await runCommand(["diff", "--ed", before, path]);
  if (code > 1) throw new Error(stderr);
  await Deno.writeTextFile(patch, stdout);
  await runToSuccess(["gzip", "-9nk", patch]);
  const lines = [
    `SHA256-Current: ${await checksum(path)}`,
    `SHA256-History:\n ${await checksum(before)} ${patchName}`,
    `SHA256-Patches:\n ${await checksum(patch)} ${patchName}`,
    `SHA256-Download:\n ${await checksum(`${patch}.gz`)} ${patchName}.gz`,
  ];
  await Deno.writeTextFile(`${folder}/Index`, `${lines.join("\n")}\n`);
  await Deno.remove(patch);
}

async function checksum(path: string): Promise<string> {
  const bytes = await Deno.readFile(path);
  return `${createHash("sha256").update(bytes).digest("hex")} ${bytes.length}`;
}
