import assert from "node:assert/strict";
import { run } from "../../src/cli/run.ts";
import { startFakeUpstream } from "../support/fake_upstream.ts";
import { createTempDir } from "../support/temp_dir.ts";

Deno.test("warm: lists and logs, one line for each thing, a summary, and exit code 1 where something failed", async () => {
  await using upstream = startFakeUpstream();
  await using dir = await createTempDir();
  upstream.serve("/a", { body: "aa" });
  upstream.serve("/b", { body: "bbb" });
  const config = await configOf(upstream.origin, dir.path);
  const list = dir.join("list.txt");
  await Deno.writeTextFile(list, "/files/a # one\n");
  const log = dir.join("access.log");
  const time = new Date().toISOString();
  const fields = {
    timestamp: time,
    method: "GET",
    path: "/files/b",
    backend: "files",
    status: 200,
    client: "10.0.0.1",
  };
  await Deno.writeTextFile(log, `${JSON.stringify(fields)}\n`);
  const first = await warm(list, "--from-log", log, "--days", "7", "--config", config);
  assert.deepEqual([first.code, first.stderr], [0, ""]);
  assert.equal(first.stdout.at(-1), "2 new (5 bytes), 0 cached");
  const second = await warm(list, "/files/b", "/files/none", "/gone/list", "--config", config);
  assert.equal(second.code, 2, "what no backend serves is a file");
  assert.match(second.stderr, /Cannot read the list "\/gone\/list": there is no such file/);
  const paths = await warm("/files/b", "/files/none", "--config", config);
  assert.deepEqual([paths.code, paths.stdout.at(-1)], [1, "0 new, 1 cached (3 bytes), 1 failed"]);
  assert.match(paths.stderr, /^failed {4}\/files\/none: /m);
  await Deno.writeTextFile(list, "/files/{a,b,none}\n");
  const third = await warm(list, "--config", config, "--json");
  assert.equal(third.code, 1);
  const none = third.stdout.map((line) => JSON.parse(line)).find(({ kind }) => kind === "failed");
  assert.equal(none.at, `${list}:1`);
  const { new: fetched, cached, failed } = JSON.parse(third.stdout.at(-1)!);
  assert.deepEqual([fetched.count, cached, failed.count], [0, { count: 2, bytes: 5 }, 1]);
});

Deno.test("warm: nothing to do, a vault that is offline and wrong options end with 2 and say what to do", async () => {
  await using upstream = startFakeUpstream();
  await using dir = await createTempDir();
  const config = await configOf("http://127.0.0.1:1", dir.path);
  const offline = dir.join("offline.yml");
  await Deno.writeTextFile(offline, JSON.stringify({ ...JSON.parse(await Deno.readTextFile(config)), offline: true }));
  const table: [string[], RegExp][] = [
    [[], /Nothing to warm: name a list, or --from-log FILE/],
    [["http://127.0.0.1:1/a", "--config", offline], /The vault is offline/],
    [["http://127.0.0.1:1/a", "--jobs", "0"], /--jobs: "0" is not a whole number from 1 to 64/],
    [["http://127.0.0.1:1/a", "--jobs", "65"], /--jobs: "65" is not a whole number from 1 to 64; write 1 to 64/],
    [["http://127.0.0.1:1/a", "--url", "vault"], /"vault" is not the URL of a vault/],
    [["http://127.0.0.1:1/a", "--platform", "x"], /"x" is no platform/],
    [["http://127.0.0.1:1/a", "--python", "x"], /"x" is no version of Python; write 3\.12/],
    [["http://127.0.0.1:1/a", "--days", "7"], /--days chooses lines of a log: name one with --from-log FILE/],
    [["http://127.0.0.1:1/a", "--url", `${upstream.origin}/`], /There is no vault at .*: \/-\/healthz answers 404\./],
    [["--from-log", dir.join("gone.log")], /Cannot read the log/],
  ];
  for (const [args, pattern] of table) {
    const { code, stderr } = await warm("--config", config, ...args);
    assert.equal(code, 2, args.join(" "));
    assert.match(stderr, pattern);
  }
});

async function configOf(origin: string, dir: string): Promise<string> {
  const backend = { type: "http", name: "files", config: { base_url: origin, retries: 0, ttl: "1h" } };
  const config = { cache_dir: `${dir}/cache`, cache_min_free: 0, backends: [backend] };
  await Deno.writeTextFile(`${dir}/config.yml`, JSON.stringify(config));
  return `${dir}/config.yml`;
}

async function warm(...args: readonly string[]) {
  let stdout = "";
  let stderr = "";
  const code = await run(["warm", ...args], {
    stdout: (text) => void (stdout += text),
    stderr: (text) => void (stderr += text),
    env: () => undefined,
  });
  return { code, stderr, stdout: stdout.trimEnd().split("\n") };
}
