import assert from "node:assert/strict";
import { runCaptured } from "../../support/run_captured.ts";
import { bytesOf, recordOf } from "../../support/store_fixture.ts";
import { createTempDir } from "../../support/temp_dir.ts";
import { CacheScene, lastColumn } from "./cache_scene.ts";

async function openFilled(): Promise<CacheScene> {
  const scene = new CacheScene();
  await scene.put("pypi/files/a-1.whl", { body: "a" });
  await scene.put("pypi/files/b-1.whl");
  await scene.put("pypi/simple/a/");
  await scene.put("files/a-1.whl", { body: "a" });
  return scene;
}

async function closed(scene: CacheScene): Promise<void> {
  await scene.fixture.restartAfter(() => Deno.removeSync(`${scene.dir}/usage.json`));
}

Deno.test("cache purge removes what patterns choose, and leaves bodies that other entries have", async () => {
  await using scene = await openFilled();
  const { code, stdout, stderr } = await scene.run("purge", "pypi/files/*", "pypi/simple/a/");
  assert.equal(code, 0);
  assert.deepEqual(stdout.trimEnd().split("\n").sort(), ["pypi/files/a-1.whl", "pypi/files/b-1.whl", "pypi/simple/a/"]);
  assert.equal(stderr, "Removed 2 bodies, 2 KiB, and 3 entries\n");
  assert.deepEqual(lastColumn(await scene.run("ls")), ["files/a-1.whl"]);
  assert.deepEqual(scene.fixture.read({ backend: "files", key: "/a-1.whl", requestHeaders: [] }), bytesOf("a"));
  assert.deepEqual([...Deno.readDirSync(`${scene.dir}/entries`)].map(({ name }) => name), ["files"]);
  await closed(scene);
});

Deno.test("cache purge --dry-run says the same and removes nothing", async () => {
  await using scene = await openFilled();
  const { code, stdout, stderr } = await scene.run("purge", "*.whl", "--dry-run");
  assert.deepEqual([code, stderr], [0, "Would remove 2 bodies, 2 KiB, and 3 entries\n"]);
  assert.equal(stdout.trimEnd().split("\n").length, 3);
  assert.equal(lastColumn(await scene.run("ls")).length, 4);
});

Deno.test("cache purge removes every variant", async () => {
  await using scene = await openFilled();
  for (const language of ["de", "en"]) {
    const selector = { backend: "files", key: "/page", requestHeaders: [["accept-language", language]] as const };
    const selectedBy = [["accept-language", language]] as const;
    await scene.fixture.put(selector, bytesOf(language), { selectedBy, url: "http://127.0.0.1/" });
  }
  const { stdout, stderr } = await scene.run("purge", "files/page");
  assert.deepEqual([stdout, stderr], ["files/page\n", "Removed 2 bodies, 2 KiB, and 3 entries\n"]);
  await closed(scene);
});

Deno.test("cache purge refuses as a whole where something is pinned, unless that is meant", async () => {
  await using scene = await openFilled();
  await scene.run("pin", "b-*");
  const refused = await scene.run("purge", "pypi/**");
  assert.equal(refused.code, 1);
  assert.match(
    refused.stderr,
    /^Nothing was removed, since 1 entry is pinned, such as "pypi\/files\/b-1\.whl" by "b-\*"; --pinned /,
  );
  assert.equal(lastColumn(await scene.run("ls")).length, 4);
  assert.equal((await scene.run("purge", "pypi/**", "--pinned")).code, 0);
  assert.deepEqual(lastColumn(await scene.run("ls")), ["files/a-1.whl"]);
  assert.equal((await scene.run("pins")).stdout.split("\t")[0], "b-*");
  await closed(scene);
});

Deno.test("cache purge of a name that there is not fails", async () => {
  await using scene = await openFilled();
  const { code, stdout, stderr } = await scene.run("purge", "npm/**");
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(stderr, /No entry has such a name; artifact-vault cache ls lists names\n$/);
});

Deno.test("cache purge forgets what interrupted transfers have left, of processes that have ended and of living ones", async () => {
  await using scene = await openFilled();
  const selector = { backend: "files", key: "/big.iso", requestHeaders: [] };
  const record = recordOf(selector, bytesOf("big", 600));
  const staged = await scene.fixture.stage(selector, bytesOf("big", 600));
  await staged.saveRecord(record);
  staged.park();
  const ended = `${scene.dir}/staging/ended`;
  Deno.mkdirSync(ended);
  Deno.writeTextFileSync(`${ended}.lock`, "");
  for (const [name, key] of [["one", "/big.iso"], ["two", "/other.iso"]]) {
    Deno.writeFileSync(`${ended}/${name}-0.part`, bytesOf("big", 600));
    Deno.writeTextFileSync(`${ended}/${name}-0.json`, JSON.stringify({ ...record, key }));
  }
  const show = await scene.run("show", "files/big.iso");
  assert.match(
    show.stderr,
    /"files\/big\.iso" is not in the cache ".*"; an interrupted transfer has left 1\.2 KiB\. .* purge/,
  );
  const dry = await scene.run("purge", "big.iso", "--dry-run");
  assert.deepEqual([dry.code, dry.stdout], [0, ""]);
  const { code, stderr } = await scene.run("purge", "big.iso");
  assert.equal(code, 0);
  assert.equal(stderr, "Removed 0 bodies, 0 bytes, and 0 entries; 1.2 KiB of 2 interrupted transfers\n");
  assert.equal(dry.stderr, stderr.replace("Removed", "Would remove"));
  assert.deepEqual([...Deno.readDirSync(ended)].map(({ name }) => name).sort(), ["two-0.json", "two-0.part"]);
  assert.equal(await scene.fixture.store.resume(selector), null);
  assert.equal((await scene.run("purge", "big.iso")).code, 1);
  for (const path of [ended, `${ended}.lock`]) Deno.removeSync(path, { recursive: true });
});

Deno.test("cache show and purge know what upstreams did not have, also in JSON", async () => {
  await using scene = await openFilled();
  const at = Date.UTC(2026, 0, 2, 3, 4);
  const absence = { status: 410, at, message: "it was yanked" } as const;
  for (const key of ["/simple/a/", "/simple/gone/"]) {
    scene.fixture.store.rememberAbsence({ backend: "pypi", key }, absence);
  }
  await scene.fixture.restart();
  const missing = await scene.run("show", "pypi/simple/gone/");
  assert.match(
    missing.stderr,
    /is not in the cache ".*"; upstream had none at .*: it was yanked\. .*cache purge forgets/,
  );
  assert.match((await scene.run("show", "pypi/simple/a/")).stdout, /\nupstream\thad none at .*: it was yanked\n/);
  const [{ absent }] = JSON.parse((await scene.run("show", "pypi/simple/a/", "--json")).stdout);
  assert.deepEqual(absent, { status: 410, at: new Date(at).toISOString(), message: "it was yanked" });
  const { stdout } = await scene.run("purge", "pypi/simple/*/", "--json");
  const [entry, ...absences] = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(entry, { name: "pypi/simple/a/" });
  const summary = { dry_run: false, bodies: 1, bytes: 1000, entries: 1, absent: 2, parked_bytes: 0 };
  assert.deepEqual(absences, [{ name: "pypi/simple/gone/" }, summary]);
  await closed(scene);
});

Deno.test("pins are made, listed and removed", async () => {
  await using scene = await openFilled();
  assert.equal(
    (await scene.run("pin", "a/**", "*.whl")).stdout,
    [
      "Pinned a/**: no entry has such a name now; those that come later are kept\n",
      "Pinned *.whl: 3 entries have such a name now\n",
    ].join(""),
  );
  assert.equal(
    (await scene.run("pin", "a/**")).stderr,
    "a/** was pinned already: no entry has such a name now; those that come later are kept\n",
  );
  const [first, second] = JSON.parse((await scene.run("pins", "--json")).stdout);
  assert.deepEqual([first.pattern, second.pattern], ["a/**", "*.whl"]);
  assert.ok(Math.abs(Date.now() - Date.parse(first.since)) < 60_000);
  assert.equal((await scene.run("unpin", "a/**")).stdout, "Unpinned a/**\n");
  const unknown = await scene.run("unpin", "a/**", "*.whl");
  assert.deepEqual([unknown.code, unknown.stdout], [1, "Unpinned *.whl\n"]);
  assert.match(unknown.stderr, /^There is no pin "a\/\*\*"; /);
  assert.equal((await scene.run("pins")).stdout, "");
});

Deno.test("a pin may be made before anything is cached, also where there is no cache directory yet", async () => {
  await using dir = await createTempDir();
  const cache = (command: string, ...args: string[]) =>
    runCaptured(["cache", command, ...args, "--cache-dir", dir.join("new/cache")]);
  assert.equal((await cache("pins")).code, 1);
  const { code, stdout } = await cache("pin", "a/**");
  assert.deepEqual([code, stdout], [0, "Pinned a/**: no entry has such a name now; those that come later are kept\n"]);
  assert.match((await cache("pins")).stdout, /^a\/\*\*\t/);
});

Deno.test("a file of pins that cannot be read keeps everything from being removed, and keeps what it has", async () => {
  await using scene = await openFilled();
  Deno.writeTextFileSync(`${scene.dir}/pins.json`, '{"pins": ["a"]}');
  for (const args of [["purge", "pypi/**"], ["prune", "--to", "0"], ["pin", "a"], ["pins"]]) {
    const { code, stderr } = await scene.run(...args);
    assert.equal(code, 1, args.join(" "));
    assert.match(
      stderr,
      /^Cannot read the pins in ".*pins\.json": number 1 of the pins is none: .* Correct the file, or remove it/,
    );
  }
  assert.equal(lastColumn(await scene.run("ls")).length, 4);
});

Deno.test("an empty pattern is refused, and leaves the pins as they were", async () => {
  await using scene = await openFilled();
  await scene.run("pin", "*.whl");
  for (const command of ["pin", "unpin", "purge"]) {
    for (const pattern of ["", "/"]) {
      const { code, stderr } = await scene.run(command, pattern);
      assert.deepEqual([code, /is empty: write names as/.test(stderr)], [2, true], command);
    }
  }
  assert.equal((await scene.run("ls", "--match", "")).code, 2);
  assert.equal((await scene.run("pins")).stdout.split("\t")[0], "*.whl");
});

Deno.test("a slash at the beginning of a pattern makes no difference", async () => {
  await using scene = await openFilled();
  assert.equal(
    (await scene.run("pin", "/pypi/simple/**")).stdout,
    "Pinned pypi/simple/**: 1 entry has such a name now\n",
  );
  assert.equal((await scene.run("show", "/pypi/simple/a/")).code, 0);
  assert.equal((await scene.run("unpin", "/pypi/simple/**")).code, 0);
  assert.equal((await scene.run("purge", "/pypi/simple/a/")).stdout, "pypi/simple/a/\n");
  await closed(scene);
});

Deno.test("more pins than can be compared with every entry are refused, and those that there are stay", async () => {
  await using scene = await openFilled();
  await scene.run("pin", "*.whl");
  const { code, stderr } = await scene.run("pin", ...Array.from({ length: 10_000 }, (_, at) => `a/${at}`));
  assert.equal(code, 2);
  assert.match(stderr, /^There would be 10001 pins: at most 10000 are kept/);
  assert.equal((await scene.run("pins")).stdout.split("\t")[0], "*.whl");
  const pins = Array.from({ length: 10_001 }, (_, at) => ({ pattern: `a/${at}` }));
  Deno.writeTextFileSync(`${scene.dir}/pins.json`, JSON.stringify({ pins }));
  assert.match((await scene.run("prune", "--to", "0")).stderr, /it has 10001 pins, and may have 10000\. Correct/);
});

Deno.test("a pattern that chooses nothing, as other programs write it, is explained", async () => {
  await using scene = await openFilled();
  const why = '"!(a)*": "!(" means nothing in a pattern; known are *, **, ?, [a-z], [!a] and {a,b}\n';
  const listed = await scene.run("ls", "--match", "!(a)*");
  assert.deepEqual([listed.code, listed.stdout, listed.stderr], [0, "", `--match ${why}`]);
  const purged = await scene.run("purge", "!(a)*");
  assert.deepEqual([purged.code, purged.stderr.split("\n")[1]], [1, `No entry has such a name; ${why.trimEnd()}`]);
  assert.equal((await scene.run("pin", "!(a)*", "b*")).stderr, why);
  await scene.put("files/!(a)1");
  for (const args of [["ls", "--match", "!(a)*"], ["pin", "!(a)1"]]) {
    assert.equal((await scene.run(...args)).stderr, "", args.join(" "));
  }
});

Deno.test("a purge of everything has to be confirmed, by a person or by --yes", async () => {
  for (const pattern of ["**", "*", "/**", "{**,x}", "**/?*", "?*", "[!~]*", "{pypi,files}/**"]) {
    await using scene = await openFilled();
    const refused = await scene.run("purge", "a", pattern);
    assert.deepEqual([refused.code, refused.stdout], [2, ""]);
    assert.match(refused.stderr, /^That is everything in the cache ".*", 4 entries: confirm that with --yes\n$/);
    assert.equal((await scene.run("purge", pattern, "--dry-run")).code, 0);
    const ask = (answer: boolean) => runCaptured(["cache", "purge", pattern, "--cache-dir", scene.dir], { answer });
    assert.deepEqual([(await ask(false)).code, lastColumn(await scene.run("ls")).length], [1, 4]);
    assert.equal((await (pattern === "*" ? ask(true) : scene.run("purge", pattern, "--yes"))).code, 0);
    assert.equal((await scene.run("ls")).stdout, "");
    await closed(scene);
  }
});

Deno.test("a purge of the only name that there is needs no confirmation, however many variants it has", async () => {
  await using scene = new CacheScene();
  for (const language of ["de", "en"]) {
    const selectedBy = [["accept-language", language]] as const;
    const selector = { backend: "files", key: "/page", requestHeaders: selectedBy };
    await scene.fixture.put(selector, bytesOf(language), { selectedBy, url: "http://127.0.0.1/" });
  }
  assert.equal((await scene.run("purge", "files/page")).code, 0);
  assert.equal((await scene.run("ls")).stdout, "");
  await closed(scene);
});

Deno.test("purge, pin and unpin tell programs what they did in JSON, an object a line", async () => {
  await using scene = await openFilled();
  const lines = async (...args: string[]) =>
    (await scene.run(...args, "--json")).stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(await lines("pin", "*.whl", "x"), [
    { pattern: "*.whl", new: true, entries: 3 },
    { pattern: "x", new: true, entries: 0 },
  ]);
  assert.deepEqual(await lines("pin", "x"), [{ pattern: "x", new: false, entries: 0 }]);
  assert.deepEqual(await lines("unpin", "x", "*.whl"), [{ pattern: "x" }, { pattern: "*.whl" }]);
  assert.deepEqual(await lines("purge", "pypi/simple/a/"), [
    { name: "pypi/simple/a/" },
    { dry_run: false, bodies: 1, bytes: 1000, entries: 1, absent: 0, parked_bytes: 0 },
  ]);
  await closed(scene);
});
