import assert from "node:assert/strict";
import { StoreFixture } from "../../support/store_fixture.ts";
import { createTempDir, type TempDir } from "../../support/temp_dir.ts";
import { vaultCommand, vaultEnvironment } from "../../support/vault_process.ts";
import { waitUntil } from "../../support/wait_until.ts";
import { walk } from "../../support/walk.ts";

const config = "backends: [{ type: http, name: test, config: { base_url: 'https://files.example.com' } }]\n";

Deno.test("an export that is stopped by ^C leaves nothing behind", async () => {
  await using dir = await createTempDir();
  await using outside = new StoreFixture();
  await outside.put({ backend: "test", key: "/large", requestHeaders: [] }, new Uint8Array(4_000_000));
  await Deno.writeTextFile(dir.join("config.yml"), `cache_dir: ${outside.root}\n${config}`);
  // A pipe nobody reads yet holds the export up.
  const pipe = dir.join("pipe");
  assert.ok((await new Deno.Command("mkfifo", { args: [pipe] }).output()).success);
  const [program = "", ...rest] = vaultCommand();
  const summary = dir.join("summary");
  const args = [...rest, "bundle", "export", pipe, "--summary", summary, "--config", dir.join("config.yml")];
  const options = { stdin: "null", stdout: "piped", stderr: "piped", env: vaultEnvironment(), clearEnv: true } as const;
  const before = walk(outside.root);
  const child = new Deno.Command(program, { args, ...options }).spawn();
  await waitUntil("the export has begun", () => walk(dir.path).includes("summary.partial"));
  child.kill("SIGINT");
  const reading = Deno.readFile(pipe);
  const { code, stderr } = await child.output();
  // An export that was stopped before it opened the pipe leaves the reader waiting for a writer.
  Deno.openSync(pipe, { read: true, write: true }).close();
  await reading;
  assert.deepEqual([code, new TextDecoder().decode(stderr)], [1, "Stopped: wrote no bundle\n"]);
  assert.deepEqual(walk(dir.path).sort(), ["config.yml", "pipe"]);
  // The store that has filled the cache announces what it has written, however late.
  assert.deepEqual(walk(outside.root).filter((path) => !before.includes(path) && path !== "changes"), []);
});

interface Waiting {
  readonly dir: TempDir;
  readonly pipe: string;
  readonly child: Deno.ChildProcess;
}

/** Begins `bundle …` with a pipe whose other end nobody has, or does nothing with. */
async function beginWaiting(args: (pipe: string) => readonly string[]): Promise<Waiting & AsyncDisposable> {
  const dir = await createTempDir();
  const outside = new StoreFixture();
  await outside.put({ backend: "test", key: "/large", requestHeaders: [] }, new Uint8Array(4_000_000));
  await Deno.writeTextFile(dir.join("config.yml"), `cache_dir: ${outside.root}\n${config}`);
  const pipe = dir.join("pipe");
  assert.ok((await new Deno.Command("mkfifo", { args: [pipe] }).output()).success);
  const [program = "", ...rest] = vaultCommand();
  const own = [...rest, "bundle", ...args(pipe), "--temporary", dir.path, "--config", dir.join("config.yml")];
  const options = {
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    env: vaultEnvironment(),
    clearEnv: true,
  } as const;
  const child = new Deno.Command(program, { args: own, ...options }).spawn();
  return {
    ...{ dir, pipe, child },
    async [Symbol.asyncDispose]() {
      await outside[Symbol.asyncDispose]();
      await dir[Symbol.asyncDispose]();
    },
  };
}

/** True once a process listens for SIGTERM, and a thread of it waits for the other end of a pipe (Linux). */
function waitsForPipe(pid: number): boolean {
  const [, caught = "0"] = /^SigCgt:\s*([0-9a-f]+)$/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`)) ?? [];
  if ((BigInt(`0x${caught}`) >> BigInt(terminate - 1) & 1n) === 0n) return false;
  const tasks = [...Deno.readDirSync(`/proc/${pid}/task`)];
  const waits = tasks.map(({ name }) => Deno.readTextFileSync(`/proc/${pid}/task/${name}/wchan`));
  // Some kernels do not tell what a thread waits for.
  return waits.every((wait) => wait === "0") || waits.some((wait) => /wait_for_partner|pipe_(?:read|write)/.test(wait));
}

const terminate = 15;

const waitings: [what: string, args: (pipe: string) => readonly string[], message: RegExp][] = [
  [
    "an export to a pipe without a reader",
    (pipe) => ["export", pipe, "--summary", `${pipe}.summary`],
    /^Stopped: wrote no bundle\n$/,
  ],
  ["an export whose standard output nobody reads", () => ["export", "-"], /^Stopped: wrote no bundle\n$/],
  ["an import from a pipe without a writer", (pipe) => ["import", pipe], /^Cannot import ".*pipe": it was stopped\n$/],
  [
    "an import from a standard input that is silent",
    () => ["import", "-"],
    /^Cannot import the bundle: it was stopped\n$/,
  ],
  [
    "a verification of a pipe without a writer",
    (pipe) => ["verify", pipe],
    /^Cannot verify ".*pipe": it was stopped\n$/,
  ],
  ["a list that goes to a pipe without a reader", (pipe) => ["have", pipe], /^Stopped: wrote no list\n$/],
];

for (const [what, args, message] of waitings) {
  Deno.test(`${what} ends at SIGTERM`, { ignore: Deno.build.os !== "linux" }, async () => {
    await using waiting = await beginWaiting(args);
    const { child, dir } = waiting;
    await waitUntil("it waits", () => waitsForPipe(child.pid));
    child.kill("SIGTERM");
    const [status, stderr] = await Promise.all([child.status, new Response(child.stderr).text()]);
    assert.deepEqual([status.code, status.signal], [1, null]);
    assert.match(stderr, message);
    await Promise.all([child.stdin.abort().catch(() => {}), child.stdout.cancel()]);
    assert.deepEqual(walk(dir.path).sort(), ["config.yml", "pipe"]);
  });
}
