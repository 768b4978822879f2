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

Deno.test("warm: a range that stands for nothing fails, and a log without requests is named", async () => {
  await using upstream = startFakeUpstream();
  await using dir = await createTempDir();
  const config = await configOf(upstream.origin, dir.path);
  const down = await warm("/files/f[3-1].bin", "--config", config);
  assert.deepEqual([down.code, down.stdout.at(-1)], [1, "0 new, 0 cached, 1 failed"]);
  assert.match(down.stderr, /^failed {4}\/files\/f\[3-1\]\.bin: "\[3-1\]" .*stands for nothing/m);
  const [other, empty] = [dir.join("other.log"), dir.join("empty.log")];
  await Deno.writeTextFile(other, '127.0.0.1 - - [30/Nov/2026:10:00:00 +0000] "GET /a HTTP/1.1" 200 2\n{"a":1}\n');
  await Deno.writeTextFile(empty, "");
  const { code, stderr } = await warm("--from-log", other, "--from-log", empty, "--config", config);
  assert.equal(code, 0);
  assert.match(stderr, /other\.log" is not a log of this vault with requests in it/);
  assert.doesNotMatch(stderr, /empty/);
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
    [["http://127.0.0.1:1/a", "--python", "3.12"], /^--python, or warm\.python, means nothing to the backends of this/],
    [["http://127.0.0.1:1/a", "--suite", "debian/bookworm/main"], /^--suite, or warm\.suites, means nothing to the /],
    [["http://127.0.0.1:1/a", "--referrers"], /^--referrers, or warm\.referrers, means nothing to the backends of /],
    [["http://127.0.0.1:1/a", "--recommends"], /^--recommends, or warm\.recommends, means nothing to the backends /],
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

Deno.test("warm: a list without lines says so, and is no failure", async () => {
  await using dir = await createTempDir();
  const config = await configOf("http://127.0.0.1:1", dir.path);
  for (const text of ["", "\n", "# nothing yet\n\n"]) {
    const list = dir.join("empty.txt");
    await Deno.writeTextFile(list, text);
    const { code, stderr, stdout } = await warm(list, "--config", config);
    assert.deepEqual([code, stderr], [0, `note      "${list}" names nothing to warm\n`]);
    assert.equal(stdout.at(-1), "0 new, 0 cached");
  }
});

Deno.test("warm: a URL that no backend fetches from says which type of backend would", async () => {
  await using dir = await createTempDir();
  const config = await configOf("http://127.0.0.1:1", dir.path);
  const mirror = "http://deb.example.com/debian";
  for (
    const [url, advice] of [
      [`${mirror}/dists/bookworm/InRelease`, `of type apt with "mirror_url: ${mirror}"`],
      [`${mirror}/pool/main/c/curl/curl_8.deb`, `of type apt with "mirror_url: ${mirror}"`],
      [`${mirror}/flat/Packages.gz`, `of type apt with "mirror_url: ${mirror}/flat"`],
      [`${mirror}/flat/curl_8_amd64.deb`, `of type apt with "mirror_url: ${mirror}/flat"`],
      ["http://files.example.com/Release/notes.txt", 'of type http with "base_url: http://files.example.com"'],
      ["http://files.example.com/pool", 'of type http with "base_url: http://files.example.com"'],
    ]
  ) {
    const { code, stderr } = await warm(url!, "--config", config);
    assert.equal(code, 1);
    assert.ok(stderr.includes(advice!), stderr);
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
