import { createTempDir } from "../support/temp_dir.ts";
import { vaultCommand } from "../support/vault_process.ts";
import { type Case, settleDisk } from "./bench.ts";
import type { Figure } from "./figures.ts";
import { makeEntries } from "./many_entries.ts";
import { peakMemoryMb } from "./memory.ts";

const commands = [["stats"], ["ls"], ["ls", "--sort", "size"]];
const lookEveryMs = 50;

/** The commands that look at every entry of a big cache: time and peak of memory. */
export const inventory: Case = {
  name: "inventory",
  async run({ settings: { entries } }) {
    await using dir = await createTempDir("vault-bench-");
    makeEntries(dir.path, entries);
    await settleDisk();
    const figures: Figure[] = [];
    for (const command of commands) {
      // No server is looked for, since one may be running here.
      const port = command[0] === "stats" ? ["--port", "0"] : [];
      const { seconds, megabytes } = await measure([...command, "--cache-dir", dir.path, ...port]);
      const name = `cache ${command.join(" ")}, ${entries.toLocaleString("en")} entries`;
      figures.push({ name, unit: "s", vault: [seconds], peers: [] });
      figures.push({ name: `${name}, RSS`, unit: "MB", vault: [megabytes], peers: [] });
    }
    return figures;
  },
};

async function measure(args: readonly string[]): Promise<{ seconds: number; megabytes: number }> {
  const [program = "", ...rest] = [...vaultCommand(), "cache", ...args];
  const begin = performance.now();
  const child = new Deno.Command(program, { args: rest, stdin: "null", stdout: "null" }).spawn();
  let megabytes = 0;
  const look = setInterval(() => megabytes = Math.max(megabytes, peakMemoryMb([child.pid])), lookEveryMs);
  const { code } = await child.status.finally(() => clearInterval(look));
  if (code !== 0) throw new Error(`cache ${args.join(" ")} ended with ${code}`);
  return { seconds: (performance.now() - begin) / 1000, megabytes };
}
