import assert from "node:assert/strict";
import { Summary } from "../../src/bundle/summary.ts";
import { runCaptured } from "../support/run_captured.ts";
import { runToSuccess } from "../support/run_command.ts";
import { walk } from "../support/walk.ts";
import { BundleScene } from "./bundle_scene.ts";

async function openFilled(): Promise<BundleScene> {
  const scene = await BundleScene.open();
  await scene.put("files/one", { sizeBytes: 50_000 });
  await scene.put("files/two", { sizeBytes: 50_000 });
  return scene;
}

/** What exports have left of their temporary files. */
function temporaryOf(scene: BundleScene): readonly string[] {
  return walk(scene.outside.root).filter((path) => /(?:^|\/)bundle-/.test(path));
}

function sizeOf(path: string): number {
  return Deno.statSync(path).size;
}

Deno.test("a second bundle has only what is new, and both together are the whole", async () => {
  await using scene = await openFilled();
  const first = await scene.export("first.tar");
  await scene.put("files/three", { sizeBytes: 700 });
  await scene.put("files/also-one", { body: "files/one", sizeBytes: 50_000 });
  const second = await scene.export("second.tar", "--since", first);
  assert.ok(sizeOf(first) > 100_000 && sizeOf(second) < 20_000);
  for (const path of [first, second]) assert.equal((await scene.bundle("inside", "import", path)).code, 0);
  assert.deepEqual(await scene.names(), await scene.names(scene.outside.root));
});

Deno.test("an import that lacks a body says which bundle has it, and imports the rest; then nothing is refused", async () => {
  await using scene = await openFilled();
  const first = await scene.export("first.tar");
  await scene.put("files/three");
  await scene.put("files/also-one", { body: "files/one", sizeBytes: 50_000 });
  const second = await scene.export("second.tar", "--since", first);
  const { stdout: listed } = await scene.bundle("inside", "ls", first);
  assert.equal(listed.split("\n").length, 3);
  const [, id] = /^Bundle (\S+) of/.exec((await scene.bundle("inside", "ls", first)).stderr)!;
  const lacking = await scene.bundle("inside", "import", second);
  assert.equal(lacking.code, 1);
  assert.match(
    lacking.stderr,
    new RegExp(`Lacking: what 1 entry should have as a body, which the bundle ${id} of 20[-\\d :]+ UTC has`),
  );
  assert.deepEqual(await scene.names(), ["files/three"]);
  for (const path of [first, second]) assert.equal((await scene.bundle("inside", "import", path)).code, 0);
  assert.deepEqual(await scene.names(), await scene.names(scene.outside.root));
});

for (const by of ["bundle", "list"]) {
  Deno.test(`a body that was purged since its ${by} is lacking, and what is said to do then brings it`, async () => {
    await using scene = await openFilled();
    const first = await scene.export("first.tar");
    await scene.bundle("inside", "import", first);
    await scene.bundle("inside", "have", scene.path("site.have"));
    await scene.put("files/also-one", { body: "files/one", sizeBytes: 50_000 });
    const base = by === "bundle" ? ["--since", first] : ["--have", scene.path("site.have")];
    const second = await scene.export("second.tar", ...base);
    await runCaptured(["cache", "purge", "files/one", "--config", scene.path("inside.yml")]);
    const lacking = await scene.bundle("inside", "import", second);
    assert.equal(lacking.code, 1);
    if (by === "list") {
      assert.match(lacking.stderr, /was here when the list \S+ of 20[-\d :]+ UTC was made.*artifact-vault bundle have/);
      await scene.bundle("inside", "have", scene.path("new.have"));
      const again = await scene.export("third.tar", "--have", scene.path("new.have"));
      assert.equal((await scene.bundle("inside", "import", again)).code, 0);
    } else {
      assert.match(
        lacking.stderr,
        /imported with the bundle \S+ of .* Import that one with --again, and then this one/,
      );
      assert.equal((await scene.bundle("inside", "import", first)).code, 1);
      assert.equal((await scene.bundle("inside", "import", first, "--again")).code, 0);
      assert.equal((await scene.bundle("inside", "import", second)).code, 0);
    }
    assert.deepEqual(await scene.names(), await scene.names(scene.outside.root));
  });
}

Deno.test("what the other side has by its own list is left out", async () => {
  await using scene = await openFilled();
  await scene.bundle("inside", "import", await scene.export("first.tar"));
  const list = scene.path("site.have");
  const { code, stderr } = await scene.bundle("inside", "have", list);
  assert.deepEqual([code, stderr], [0, "2 entries, 2 bodies\n"]);
  await scene.put("files/three");
  const second = await scene.bundle("outside", "export", scene.path("second.tar"), "--have", list);
  assert.match(second.stdout, /1 entry, 0 images, 1 body, 1000 bytes\nLeft out.*: 2 entries, 2 bodies, 97\.7 KiB\n/);
  assert.equal((await scene.bundle("inside", "import", scene.path("second.tar"))).code, 0);
  assert.deepEqual(await scene.names(), await scene.names(scene.outside.root));
});

/** What `files` has got inside is cached outside for `debian` as well, and for both once more under another name. */
async function openShared(): Promise<BundleScene> {
  const scene = await openFilled();
  await scene.put("files/shared", { body: "shared", sizeBytes: 50_000 });
  await scene.bundle("inside", "import", await scene.export("first.tar"));
  await scene.put("files/again", { body: "shared", sizeBytes: 50_000 });
  await scene.put("debian/pool/shared.deb", { body: "shared", sizeBytes: 50_000 });
  return scene;
}

for (const by of ["since", "have"]) {
  Deno.test(`by --${by}, a bundle that is not signed has the bodies that the other side has for other backends alone`, async () => {
    await using scene = await openShared();
    await scene.bundle("inside", "have", scene.path("site.have"));
    const args = by === "since" ? ["--since", scene.path("first.tar")] : ["--have", scene.path("site.have")];
    const second = await scene.bundle("outside", "export", scene.path("second.tar"), ...args);
    assert.match(
      second.stdout,
      /2 entries, 0 images, 1 body, .*\nLeft out.*: 3 entries, 2 bodies, 97\.7 KiB\nCarried though .*: 1 body, 48\.8 KiB; .*--sign/,
    );
    const imported = await scene.bundle("inside", "import", scene.path("second.tar"));
    assert.deepEqual([imported.code, imported.stderr], [
      0,
      "Warning: nobody vouches for this bundle: it is not signed\n",
    ]);
    assert.deepEqual(await scene.names(), await scene.names(scene.outside.root));
    await scene.put("debian/pool/more.deb", { body: "shared", sizeBytes: 50_000 });
    const third = await scene.bundle("outside", "export", scene.path("third.tar"), "--since", scene.path("second.tar"));
    assert.match(third.stdout, /1 entry, 0 images, 0 bodies, 0 bytes\nLeft out.*: 5 entries, 3 bodies/);
    assert.doesNotMatch(third.stdout, /Carried though/);
    assert.equal((await scene.bundle("inside", "import", scene.path("third.tar"))).code, 0);
    assert.deepEqual(await scene.names(), await scene.names(scene.outside.root));
  });
}

Deno.test("a bundle that is signed leaves out what the other side has for any backend, and its summary says for which", async () => {
  await using scene = await openShared();
  await scene.bundle("outside", "key", "new", scene.path("vault"));
  const sign = ["--sign", scene.path("vault.pem")];
  const second = await scene.bundle(
    "outside",
    "export",
    scene.path("b.tar"),
    "--since",
    scene.path("first.tar"),
    ...sign,
  );
  assert.match(second.stdout, /2 entries, 0 images, 0 bodies, 0 bytes\nLeft out.*: 3 entries, 3 bodies/);
  const imported = await scene.bundle("inside", "import", scene.path("b.tar"), "--trust", scene.path("vault.pub.pem"));
  assert.deepEqual([imported.code, imported.stderr.includes("Left out")], [0, false]);
  await scene.put("debian/pool/more.deb", { body: "shared", sizeBytes: 50_000 });
  const third = await scene.bundle("outside", "export", scene.path("c.tar"), "--since", scene.path("b.tar"));
  assert.match(third.stdout, /1 entry, 0 images, 0 bodies, 0 bytes\n/);
  assert.equal((await scene.bundle("inside", "import", scene.path("c.tar"))).code, 0);
  assert.deepEqual(await scene.names(), await scene.names(scene.outside.root));
});

Deno.test("where a summary does not say whose a body is, a bundle that is not signed has it", async () => {
  await using scene = await openShared();
  const path = scene.path("first.tar.summary.jsonl.gz");
  const unzipped = new Blob([Deno.readFileSync(path)]).stream().pipeThrough(new DecompressionStream("gzip"));
  Deno.writeTextFileSync(path, (await new Response(unzipped).text()).replace(/,"files"\]/g, "]"));
  const second = await scene.bundle("outside", "export", scene.path("b.tar"), "--since", scene.path("first.tar"));
  assert.match(second.stdout, /2 entries, 0 images, 1 body, /);
  assert.equal((await scene.bundle("inside", "import", scene.path("b.tar"))).code, 0);
  assert.deepEqual(await scene.names(), await scene.names(scene.outside.root));
});

Deno.test("three bundles in a row: each summary covers all before it", async () => {
  await using scene = await openFilled();
  const paths = [await scene.export("1.tar")];
  for (const name of ["2", "3"]) {
    await scene.put(`files/${name}`, { sizeBytes: 3000 });
    paths.push(await scene.export(`${name}.tar`, "--since", paths.at(-1)!));
  }
  const { stdout } = await scene.bundle("outside", "export", scene.path("4.tar"), "--since", paths[2]!);
  assert.match(stdout, /4\.tar: 0 entries, 0 images, 0 bodies, 0 bytes/);
  for (const path of paths) assert.equal((await scene.bundle("inside", "import", path)).code, 0);
  assert.deepEqual(await scene.names(), await scene.names(scene.outside.root));
});

Deno.test("a bundle that was imported is refused unless it is meant", async () => {
  await using scene = await openFilled();
  const first = await scene.export("first.tar");
  await scene.bundle("inside", "import", first);
  const same = await scene.bundle("inside", "import", first);
  assert.equal(same.code, 1);
  assert.match(same.stderr, /it was imported on 20[-\d :]+ UTC, so there is nothing to do; .* --again/);
  assert.equal((await scene.bundle("inside", "import", first, "--again")).code, 0);
});

Deno.test("an increment that comes first says what it follows, which is imported later and undoes nothing", async () => {
  await using scene = await openFilled();
  const at = Date.now();
  await scene.put("files/changed", { body: "old", entry: { validatedAt: at - 1000 } });
  const first = await scene.export("first.tar");
  await scene.put("files/changed", { body: "new", entry: { validatedAt: at } });
  const second = await scene.export("second.tar", "--since", first);
  const early = await scene.bundle("inside", "import", second);
  assert.equal(early.code, 0);
  assert.match(
    early.stderr,
    /It follows \S+ of 20[-\d :]+ UTC, of which nothing was imported here\. What only that one has is not here: import it too; entries/,
  );
  const base = await scene.bundle("inside", "import", first);
  assert.equal(base.code, 0, base.stderr);
  assert.match(base.stdout, /2 entries written, 1 is as new or newer here/);
  const third = await scene.bundle("inside", "import", await scene.export("third.tar", "--since", second));
  assert.doesNotMatch(third.stderr, /It follows/);
});

Deno.test("of what was exported by a list of this side, nothing is said to be missing", async () => {
  await using scene = await openFilled();
  await scene.bundle("inside", "import", await scene.export("first.tar"));
  await scene.bundle("inside", "have", scene.path("site.have"));
  await scene.put("files/three");
  const { stderr } = await scene.bundle("outside", "export", scene.path("b.tar"), "--have", scene.path("site.have"));
  assert.equal(stderr, "");
  const imported = await scene.bundle("inside", "import", scene.path("b.tar"));
  assert.deepEqual([imported.code, imported.stderr], [
    0,
    "Warning: nobody vouches for this bundle: it is not signed\n",
  ]);
});

Deno.test("what was left out for lack of a backend is imported once there is one, and then nothing is new", async () => {
  await using scene = await openFilled();
  await scene.put("pypi/simple/requests/");
  const path = await scene.export("bundle.tar");
  const served = 'backends: [{ type: http, name: files, config: { base_url: "https://files.example.com" } }]';
  scene.writeConfig("inside", scene.insideDir, { served });
  assert.equal((await scene.bundle("inside", "import", path)).code, 1);
  assert.match((await scene.bundle("inside", "import", path)).stderr, /it was imported on/);
  scene.writeConfig("inside", scene.insideDir);
  assert.equal((await scene.bundle("inside", "import", path)).code, 0);
  assert.deepEqual(await scene.names(), await scene.names(scene.outside.root));
  assert.match((await scene.bundle("inside", "import", path)).stderr, /it was imported on/);
});

Deno.test("where keys are trusted, a ledger line of a bundle that nobody verified locks nothing out", async () => {
  await using scene = await openFilled();
  await scene.bundle("outside", "key", "new", scene.path("vault"));
  const path = await scene.export("bundle.tar", "--sign", scene.path("vault.pem"));
  assert.equal((await scene.bundle("inside", "import", path)).code, 0);
  const trust = ["--trust", scene.path("vault.pub.pem")];
  assert.equal((await scene.bundle("inside", "import", path, ...trust)).code, 0);
  assert.match((await scene.bundle("inside", "import", path, ...trust)).stderr, /it was imported on/);
});

Deno.test("a ledger with a damaged line is an error, one that a kill has cut is repaired, and a link is not followed", async () => {
  await using scene = await openFilled();
  const first = await scene.export("first.tar");
  const second = await scene.export("second.tar");
  const ledger = `${scene.insideDir}/bundles.jsonl`;
  await scene.bundle("inside", "import", first);
  const line = Deno.readTextFileSync(ledger);
  Deno.writeTextFileSync(ledger, line + line.slice(0, 50));
  assert.equal((await scene.bundle("inside", "import", second)).code, 0);
  for (const path of [first, second]) {
    assert.match((await scene.bundle("inside", "import", path)).stderr, /it was imported on/);
  }
  Deno.writeTextFileSync(ledger, `{"id": 1}\n${line}`);
  const damaged = await scene.bundle("inside", "import", first);
  assert.equal(damaged.code, 1);
  assert.match(damaged.stderr, /the ledger ".*bundles\.jsonl".*cannot be read: line 1 is malformed; correct it/);
  Deno.removeSync(ledger);
  Deno.symlinkSync(scene.path("elsewhere"), ledger);
  assert.match((await scene.bundle("inside", "import", first)).stderr, /cannot be read: it is no file/);
});

Deno.test("--since with something else says what belongs there", async () => {
  await using scene = await openFilled();
  const path = await scene.export("first.tar");
  const second = (since: string) => scene.bundle("outside", "export", scene.path("second.tar"), "--since", since);
  Deno.writeTextFileSync(scene.path("text"), "text\n");
  const { code, stderr } = await second(scene.path("text"));
  assert.equal(code, 1);
  assert.match(stderr, /text" is no summary of a bundle.*as OUT\.summary\.jsonl\.gz/);
  Deno.writeTextFileSync(`${path}.summary.jsonl.gz`, "");
  assert.match((await second(path)).stderr, /is damaged or was cut/);
  Deno.mkdirSync(scene.path("folder"));
  assert.match(
    (await second(scene.path("folder"))).stderr,
    /^Cannot read ".*folder": it is a directory without oci-lay/,
  );
});

const forms: Record<string, readonly string[]> = {
  "first.tar": [],
  "first.tar.gz": [],
  "first/": [],
  "first.tar.parts.json": ["--part-size", "20000"],
  "first.tar.001": ["--part-size", "20000"],
};
for (const [form, options] of Object.entries(forms)) {
  Deno.test(`a bundle without its summary says itself what it has, as --since ${form}`, async () => {
    await using scene = await openFilled();
    await scene.export(form.replace(/\.parts\.json$|\.001$/, ""), ...options);
    const [summary] = [...Deno.readDirSync(scene.path("."))].filter(({ name }) => name.endsWith(".summary.jsonl.gz"));
    Deno.removeSync(scene.path(summary!.name));
    await scene.put("files/three");
    await scene.put("files/also-one", { body: "files/one", sizeBytes: 50_000 });
    const second = await scene.bundle("outside", "export", scene.path("b.tar"), "--since", scene.path(form));
    assert.deepEqual([second.code, second.stderr], [0, ""]);
    assert.match(second.stdout, /2 entries, 0 images, 1 body, 1000 bytes\nLeft out.*: 2 entries, 2 bodies/);
    for (const path of [scene.path(form), scene.path("b.tar")]) {
      assert.equal((await scene.bundle("inside", "import", path)).code, 0);
    }
    assert.deepEqual(await scene.names(), await scene.names(scene.outside.root));
    const third = await scene.bundle("outside", "export", scene.path("c.tar"), "--since", scene.path("b.tar"));
    assert.match(third.stdout, /0 entries, 0 images, 0 bodies, 0 bytes\nLeft out.*: 4 entries, 3 bodies/);
    assert.deepEqual(temporaryOf(scene), []);
  });
}

for (const option of ["--since", "--have"]) {
  Deno.test(`a summary in a named pipe is read once, as ${option}, and is repeated in the next one`, async () => {
    await using scene = await openFilled();
    const first = await scene.export("first.tar");
    const pipe = scene.path("pipe");
    await runToSuccess(["mkfifo", pipe]);
    await scene.put("files/three");
    const writing = new Deno.Command("cp", { args: [`${first}.summary.jsonl.gz`, pipe] }).output();
    const second = await scene.bundle("outside", "export", scene.path("b.tar"), option, pipe);
    await writing;
    assert.deepEqual([second.code, second.stderr], [0, ""]);
    assert.match(second.stdout, /1 entry, 0 images, 1 body, 1000 bytes\nLeft out.*: 2 entries, 2 bodies/);
    const third = await scene.bundle("outside", "export", scene.path("c.tar"), "--since", scene.path("b.tar"));
    assert.match(third.stdout, /0 entries, 0 images, 0 bodies, 0 bytes\nLeft out.*: 3 entries, 3 bodies/);
    assert.deepEqual(temporaryOf(scene), []);
  });
}

Deno.test("after more bundles than a bundle names, a summary still says which one has a body", async () => {
  await using scene = await openFilled();
  const { sha256 } = await scene.put("files/three");
  const chain = Array.from({ length: 1200 }, () => ({ id: crypto.randomUUID(), created: new Date(0).toISOString() }));
  const lines = [{ summary: 1, chain }, ["b", sha256, 1100, "files"]].map((line) => JSON.stringify(line));
  Deno.writeTextFileSync(scene.path("old"), lines.map((line) => `${line}\n`).join(""));
  const path = `${await scene.export("b.tar", "--since", scene.path("old"))}.summary.jsonl.gz`;
  const summary = await Summary.read({ path, name: path });
  assert.deepEqual([summary.chain.length, summary.bodyIn(sha256)], [1201, chain[1100]!.id]);
  assert.equal((await scene.bundle("inside", "ls", scene.path("b.tar"))).code, 0);
});

Deno.test("a summary that is replaced during the export is not repeated", async () => {
  await using scene = await openFilled();
  const [first, second] = [await scene.export("first.tar"), await scene.export("second.tar")];
  const path = `${first}.summary.jsonl.gz`;
  const summary = await Summary.read({ path, name: path });
  Deno.renameSync(`${second}.summary.jsonl.gz`, path);
  await assert.rejects(
    Array.fromAsync(summary.lines()),
    /^VaultError: ".*first.*" was replaced during the export; export again$/,
  );
});

Deno.test("an increment without its summary does not say what those before it have, so the summary is named", async () => {
  await using scene = await openFilled();
  await scene.export("first.tar");
  const second = await scene.export("second.tar", "--since", scene.path("first.tar"));
  Deno.removeSync(`${second}.summary.jsonl.gz`);
  const { code, stderr } = await scene.bundle("outside", "export", scene.path("third.tar"), "--since", second);
  assert.equal(code, 2);
  assert.match(stderr, /^Cannot read ".*second\.tar": it is an increment, .*second\.tar\.summary\.jsonl\.gz"; name it/);
});

Deno.test("an export that would replace what it builds on is refused, and leaves it", async () => {
  await using scene = await openFilled();
  const first = await scene.export("first.tar");
  const summary = `${first}.summary.jsonl.gz`;
  await scene.bundle("outside", "have", scene.path("site.have"));
  await scene.export("folder/");
  Deno.symlinkSync(first, scene.path("link.tar"));
  Deno.writeTextFileSync(scene.path("vault"), "");
  const files = () =>
    [first, summary, scene.path("site.have"), scene.path("folder/index.json")].map(Deno.readTextFileSync);
  const before = files();
  const refused: string[][] = [
    [first, "--since", first],
    [first, "--since", `${first}.summary.jsonl.gz`],
    [scene.path("link.tar"), "--since", first],
    [first, "--since", first, "--part-size", "20000"],
    [scene.path("folder"), "--since", scene.path("folder/")],
    [scene.path("b.tar"), "--since", first, "--summary", summary],
    [scene.path("b.tar"), "--have", scene.path("site.have"), "--summary", scene.path("site.have")],
    [scene.path("site.have"), "--have", scene.path("site.have")],
    [first, "--since", first, "--kit", scene.path("kit"), "--executable", scene.path("vault")],
  ];
  for (const args of refused) {
    const { code, stderr } = await scene.bundle("outside", "export", ...args);
    assert.equal(code, 2, args.join(" "));
    assert.match(stderr, /would take the place of ".*", which --(?:since|have) builds on; /);
  }
  assert.deepEqual(files(), before);
});

Deno.test("a summary whose bundle was made at no time is none", async () => {
  await using scene = await openFilled();
  const path = scene.path("wrong.summary");
  for (const created of ["yesterday", "2026-02-31T00:00:00.000Z"]) {
    Deno.writeTextFileSync(path, `${JSON.stringify({ summary: 1, chain: [{ id: crypto.randomUUID(), created }] })}\n`);
    const { code, stderr } = await scene.bundle("outside", "export", scene.path("b.tar"), "--since", path);
    assert.notEqual(code, 0);
    assert.match(stderr, /wrong\.summary" is no summary of a bundle/);
  }
});
