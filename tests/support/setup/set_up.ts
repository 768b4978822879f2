import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { runCaptured } from "../run_captured.ts";
import { type CommandResult, runCommand } from "../run_command.ts";
import { createTempDir } from "../temp_dir.ts";
import { runVault, vaultExecutable } from "../vault_process.ts";

/** How clients are set up: by the program on their machine, or by the script that a vault serves. */
export const ways = ["command", "script"] as const;

export type Way = (typeof ways)[number];

/** A user's home, and the vault that clients in it are pointed at. */
export interface Place {
  readonly home: string;
  readonly vault: string;
  /** Arguments of all runs, such as `--root`. */
  readonly args?: readonly string[];
}

/** A client, and what is in its file before. */
export interface SetupCase {
  readonly client: string;
  /** Below the home; the working directory where it begins with `project/`. */
  readonly file: string;
  /** Null for no file. */
  readonly before: string | null;
  /** True where the script leaves such a file alone, since it has no parser. */
  readonly isCommandsOnly?: boolean;
  /** More arguments, such as `--user`. */
  readonly args?: readonly string[];
  /** Lets the real client use its settings; throws where that fails. */
  use?(place: Place): Promise<void>;
}

/** Where Deno keeps modules, whatever the home is. */
const caches = Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME")}/.cache`;
const denoDir = Deno.env.get("DENO_DIR") ?? `${caches}/deno`;

/** Runs `setup CLIENT` in one of the ways. */
export async function setUp(way: Way, client: string, { home, vault, args = [] }: Place, ...more: string[]) {
  const own = [...args, ...more];
  const cwd = join(home, "project");
  if (way === "script") {
    const program = 'cd "$1" && shift && curl -fsS --noproxy "*" "$1" | { shift; sh -s -- "$@"; }';
    return await runCommand(["sh", "-c", program, "sh", cwd, `${vault}/-/setup/${client}`, ...own], {
      env: { HOME: home },
    });
  }
  const words = ["setup", client, "--url", vault, ...own];
  // Starting the program from source takes longer than what it does; a client of a project has to be in its folder.
  if (vaultExecutable === null && !client.startsWith("poetry")) {
    return await runCaptured(words, { env: { HOME: home } });
  }
  return await runVault(words, {
    cwd,
    env: { HOME: home, XDG_CONFIG_HOME: "", XDG_STATE_HOME: "", DENO_DIR: denoDir },
  });
}

/**
 * Sets a client up in both ways: a dry run changes nothing, twice is once, the real client works, and undoing restores
 * the file byte for byte. Both ways have to make the same of the file.
 */
export async function checkSetup(one: SetupCase, vault: string, placeArgs: (home: string) => string[] = () => []) {
  const { client, before } = one;
  const made: (string | null)[] = [];
  for (const way of ways) {
    await using dir = await createTempDir(`vault-setup-${client}-`);
    const home = dir.path;
    const place = { home, vault, args: [...placeArgs(home), ...one.args ?? []] };
    const path = join(home, one.file);
    await Deno.mkdir(join(home, "project"));
    if (before !== null) {
      await Deno.mkdir(dirname(path), { recursive: true });
      await Deno.writeTextFile(path, before);
    }
    const run = async (...args: string[]) => succeeded(await setUp(way, client, place, ...args), `${way} ${client}`);
    if (one.isCommandsOnly && way === "script") {
      const { code, stderr } = await setUp(way, client, place);
      assert.deepEqual([code, /which stays as it is/.test(stderr)], [1, true], stderr);
      assert.equal(await read(path), before);
      continue;
    }
    await run("--dry-run");
    assert.equal(await read(path), before, "a dry run changes nothing");
    await run();
    const changed = await read(path);
    assert.notEqual(changed, before);
    assert.match(await run(), /nothing to change/);
    assert.equal(await read(path), changed, "twice is once");
    if (!made.includes(changed)) await one.use?.(place);
    made.push(changed);
    await run("--undo");
    assert.equal(await read(path), before, "undoing restores the file");
  }
  assert.equal(new Set(made).size, 1, `both ways write the same: ${made.join("\n--\n")}`);
}

function succeeded({ code, stdout, stderr }: CommandResult, what: string): string {
  assert.equal(code, 0, `${what}: ${stdout}${stderr}`);
  return stdout;
}

async function read(path: string): Promise<string | null> {
  return await Deno.readTextFile(path).catch(() => null);
}
