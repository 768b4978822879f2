import assert from "node:assert/strict";
import { noLog } from "../../../src/observe/log.ts";
import { FsLayout } from "../../../src/store/fs_layout.ts";
import { MissList } from "../../../src/store/misses.ts";
import { listBlobs } from "../../support/cache_dir.ts";
import { type CachedFiles, startWithFiles } from "../../support/cached_files.ts";
import { startFakeUpstream } from "../../support/fake_upstream.ts";
import { type CapturedRun, runCaptured } from "../../support/run_captured.ts";
import { createTempDir, type TempDir } from "../../support/temp_dir.ts";

const ignore = Deno.build.os === "windows";

/** Replaces what two vaults cannot have alike: places, ports, times and what follows from these. */
function comparable({ code, stdout, stderr }: CapturedRun, { app, upstream }: CachedFiles): CapturedRun {
  const replaced = (text: string) =>
    text.replaceAll(app.cacheDir, "DIR").replaceAll(app.origin, "VAULT").replaceAll(upstream.origin, "UPSTREAM")
      .replace(/\d{4}-\d\d-\d\d[T ][\d:.]+(?:Z| UTC)/g, "TIME").replace(/\b\d+ (?:s|min)\b/g, "AGE")
      .replace(/ +/g, " ").replace(/\b0\.\d+\b|\b\d+\.\d %/g, "RATE").replaceAll(new URL(upstream.origin).host, "HOST");
  return { code, stdout: replaced(stdout), stderr: replaced(stderr) };
}

/** Writes the configuration that a vault runs with. */
async function writeConfig(dir: TempDir, { app, upstream }: CachedFiles): Promise<string> {
  const path = dir.join("config.yml");
  const backend = { type: "http", name: "files", config: { prefix: "/files", base_url: upstream.origin, ttl: "1h" } };
  await Deno.writeTextFile(path, JSON.stringify({ cache_dir: app.cacheDir, http_port: 0, backends: [backend] }));
  return path;
}

/** Writes down what a client of an offline vault missed. */
async function missOffline(cacheDir: string): Promise<void> {
  const list = new MissList(new FsLayout(cacheDir), noLog);
  list.add("files", "/files/gone");
  await list.close();
}

/** Command lines in their order, each with what its output has to say. */
const commandLines: readonly (readonly [words: readonly string[], code: number, says: RegExp])[] = [
  [["stats"], 0, /^files\t3\t3\t/m],
  [["stats", "--json"], 0, /"entries": 3/],
  [["ls"], 0, /\tfiles\/c$/m],
  [["ls", "--json", "--sort", "size", "--limit", "2"], 0, /"sha256":"/],
  [["ls", "--match", "a", "--backend", "files", "--older-than", "0s"], 0, /\tfiles\/a$/m],
  [["ls", "--match", "!(a)"], 0, /^--match .*!\(a\)/],
  [["ls", "--backend", "none"], 2, /has nothing in the cache "DIR"; there are files/],
  [["show", "/files/a"], 0, /^next client\tis served from the cache/m],
  [["show", "files/a", "--json"], 0, /"decision": "serve"/],
  [["show", "files/none"], 1, /"files\/none" is not in the cache "DIR"/],
  [["pin", "files/a", "/files/z*"], 0, /Pinned files\/z\*: no entry has such a name now/],
  [["pin", "files/a", "--json"], 0, /"new":false,"entries":1/],
  [["pins", "--json"], 0, /"pattern": "files\/a"/],
  [["pin", "/"], 2, /The pattern "\/" is empty/],
  [["purge", "files/*", "--yes"], 1, /1 entry is pinned, such as "files\/a" by "files\/a"/],
  [["purge", "**", "--pinned"], 2, /everything in the cache "DIR", 3 entries: confirm that with --yes/],
  [["purge", "files/b", "--dry-run", "--json"], 0, /"dry_run":true,"bodies":1/],
  [["purge", "files/b"], 0, /^files\/b\n/],
  [["purge", "files/b"], 1, /No entry has such a name/],
  [["verify"], 0, /^Verified 2 bodies/],
  [["prune", "--to", "0", "--dry-run", "--json"], 1, /"bodies":1/],
  [["prune", "--unused-for", "1d"], 0, /^Removed 0 bodies/],
  [["unpin", "files/z*", "files/y"], 1, /^Unpinned files\/z\*\n/],
  [["unpin", "files/a"], 0, /Unpinned files\/a/],
  [["prune", "--to", "0", "--backend", "files"], 0, /^Removed 2 bodies/],
  [["stats", "--json"], 0, /"entries": 0/],
  [["misses", "--json"], 0, /"line":"\/files\/gone"/],
  [["misses", "--since", "0s"], 0, /^$/],
  [["misses", "--clear"], 0, /^\/files\/gone\n$/],
  [["misses"], 0, /^$/],
];

Deno.test(
  { name: "commands say the same of a directory and of the vault that --url names, and do the same", ignore },
  async () => {
    await using here = await startWithFiles(["/a", "/b", "/c"]);
    await using there = await startWithFiles(["/a", "/b", "/c"]);
    await using dir = await createTempDir();
    const config = await writeConfig(dir, here);
    await here.app.takeCommands();
    for (const { app } of [here, there]) await missOffline(app.cacheDir);
    for (const [words, code, says] of commandLines) {
      const [command = "", ...rest] = words;
      for (const isTerminal of [false, true]) {
        const isRead = ["stats", "ls", "show", "pins", "verify"].includes(command);
        if (isTerminal && !isRead) continue;
        const run = (...where: string[]) => runCaptured(["cache", command, ...rest, ...where], { isTerminal });
        const own = comparable(await run("--config", config), here);
        const other = comparable(await run("--url", there.app.origin), there);
        assert.deepEqual(other, own, words.join(" "));
        assert.equal(own.code, code, `${words.join(" ")}: ${own.stderr}`);
        if (!isTerminal) assert.match(own.stdout + own.stderr, says, words.join(" "));
      }
    }
    for (const { app } of [here, there]) assert.deepEqual(app.held(), { entries: 0, blobs: 0, staged: 0 });
  },
);

Deno.test({ name: "damage is found and repaired alike, and what is gone is fetched again", ignore }, async () => {
  await using here = await startWithFiles(["/a", "/b"]);
  await using there = await startWithFiles(["/a", "/b"]);
  await using dir = await createTempDir();
  const config = await writeConfig(dir, here);
  for (const { app } of [here, there]) {
    for (const blob of listBlobs(app.cacheDir)) {
      const path = `${app.cacheDir}/blobs/sha256/${blob}`;
      Deno.writeFileSync(path, Deno.readFileSync(path).map((byte) => byte ^ 1));
    }
  }
  for (const [words, code] of [[["--json"], 1], [["--repair"], 0], [[], 0]] as const) {
    const own = comparable(await runCaptured(["cache", "verify", ...words, "--config", config]), here);
    const other = comparable(await runCaptured(["cache", "verify", ...words, "--url", there.app.origin]), there);
    assert.deepEqual(other, own, words.join(" "));
    assert.equal(own.code, code, own.stdout + own.stderr);
    assert.doesNotMatch(own.stderr, /Note:/);
    if (code === 0 && words.length > 0) assert.match(own.stdout, /^files\/b: fetched again$/m);
  }
});

Deno.test(
  { name: "who may not change things is told why, and a vault that knows no such command as well", ignore },
  async () => {
    await using scene = await startWithFiles(["/a"]);
    const { app } = scene;
    const url = new URL(app.origin);
    const proxy = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
      const { pathname, search } = new URL(request.url);
      if (pathname === "/-/api/v1/cache" && search === "") {
        const headers = { "content-type": "application/json", "x-forwarded-for": "192.0.2.7" };
        return await fetch(`${url.origin}${pathname}`, { method: "POST", headers, body: await request.text() });
      }
      return await fetch(`${url.origin}${pathname}`);
    });
    const run = (...args: string[]) => runCaptured(["cache", ...args, "--url", `http://127.0.0.1:${proxy.addr.port}`]);
    const refused = await run("ls");
    assert.deepEqual([refused.code, refused.stdout], [1, ""]);
    assert.match(
      refused.stderr,
      /^Cannot work on the cache of the vault at http:\S+: A proxy has passed this request on/,
    );
    await proxy.shutdown();
    const server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      ({ method }) =>
        method === "POST"
          ? new Response('{"item":{"name":"x"}}\n')
          : Response.json({ disk: { directory: "/d", maxBytes: null }, backends: [] }),
    );
    const cut = await runCaptured(["cache", "purge", "x", "--url", `http://127.0.0.1:${server.addr.port}`]);
    assert.equal(cut.code, 1);
    assert.match(cut.stderr, /has ended before it was done; what it did stays done/);
    await server.shutdown();
    assert.equal(app.held().entries, 1);
  },
);

Deno.test("another program at the address is told from a vault, whatever it answers", async () => {
  await using other = startFakeUpstream();
  for (const body of ["<p>hello", "{}", "null", "[]"]) {
    other.serve("/-/api/v1/stats", { body });
    const { code, stderr } = await runCaptured(["cache", "ls", "--url", other.origin]);
    assert.deepEqual([code, /: it is no Artifact Vault, or another version of it\n$/.test(stderr)], [1, true], stderr);
  }
});
