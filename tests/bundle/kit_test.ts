import assert from "node:assert/strict";
import { writeKit } from "../../src/bundle/kit.ts";
import { statOrNull } from "../../src/store/regular_files.ts";
import { createTempDir } from "../support/temp_dir.ts";
import { BundleScene } from "./bundle_scene.ts";

/** A stand-in for the executable, which no test here runs. */
function writeExecutable(path: string): void {
  Deno.writeTextFileSync(path, "an executable");
}

Deno.test("a program that runs from source asks for the executable of a kit before it writes anything", async () => {
  await using scene = await BundleScene.open();
  const { code, stderr } = await scene.bundle("outside", "export", scene.path("a.tar"), "--kit", scene.path("kit"));
  assert.equal(code, 2);
  assert.match(stderr, /runs from source; compile it with make compile.*--executable FILE/);
  assert.throws(() => Deno.statSync(scene.path("kit")), Deno.errors.NotFound);
});

Deno.test("a folder that has a kit already is refused before anything is written, and stays as it was", async () => {
  await using scene = await BundleScene.open();
  await scene.put("files/notes.txt");
  writeExecutable(scene.path("artifact-vault"));
  const args = ["--kit", scene.path("kit"), "--executable", scene.path("artifact-vault")];
  assert.equal((await scene.bundle("outside", "export", scene.path("friday.tar"), ...args)).code, 0);
  const before = Deno.readTextFileSync(scene.path("kit/SHA256SUMS"));
  for (const more of [[], ["--dry-run"]]) {
    const again = await scene.bundle("outside", "export", scene.path("monday.tar"), ...args, ...more);
    assert.equal(again.code, 2);
    assert.match(again.stderr, /^--kit: ".*kit" has a kit already, .* name another folder, or remove that one\. /);
  }
  const names = [...Deno.readDirSync(scene.path("kit"))].map(({ name }) => name).sort();
  assert.deepEqual(names, ["INSTALL.txt", "SHA256SUMS", "artifact-vault", "config.yml", "friday.tar"]);
  assert.equal(Deno.readTextFileSync(scene.path("kit/SHA256SUMS")), before);
});

const twice: Readonly<
  Record<string, { out: string; args?: readonly string[]; executables?: readonly string[]; error: RegExp }>
> = {
  "a bundle as the configuration": {
    out: "config.yml",
    error: /the configuration, "config.yml", and the bundle, "config.yml"/,
  },
  "a bundle in another case": { out: "Sha256Sums", error: /"SHA256SUMS", and the bundle, "Sha256Sums", .* on a stick/ },
  "a directory as the text": { out: "install.TXT/", error: /"INSTALL.txt", and the bundle, "install.TXT"/ },
  "a directory as the cache": { out: "cache/", error: /the cache, "cache", and the bundle/ },
  "a bundle as the executable": {
    out: "vault",
    error: /the bundle, "vault", and the executable ".*one\/vault", "vault"/,
  },
  "an executable as the key": {
    out: "a.tar",
    executables: ["one/vault.pub.pem"],
    error: /the public key, "vault.pub.pem", and the executable/,
  },
  "an executable as a part": {
    out: "a.tar",
    args: ["--part-size", "1MB"],
    executables: ["one/a.tar.012"],
    error: /a part of the bundle, "a.tar.012", and the executable/,
  },
  "two executables": {
    out: "a.tar",
    executables: ["one/vault", "two/Vault"],
    error: /the executable ".*one\/vault", "vault", and the executable ".*two\/Vault", "Vault"/,
  },
  "no name": { out: "..", error: /the bundle needs a name/ },
  "a line feed": { out: "a\nb.tar", error: /the bundle needs a name/ },
};

for (const [what, { out, args = [], executables = ["one/vault"], error }] of Object.entries(twice)) {
  Deno.test(`names in a kit: ${what} is refused before anything is written`, async () => {
    await using scene = await BundleScene.open();
    await scene.put("files/notes.txt");
    for (const folder of ["one", "two"]) await Deno.mkdir(scene.path(folder));
    for (const path of executables) writeExecutable(scene.path(path));
    const more = executables.flatMap((path) => ["--executable", scene.path(path)]);
    const kit = ["--kit", scene.path("kit"), ...more, ...args];
    const { code, stderr } = await scene.bundle("outside", "export", scene.path(out), ...kit);
    assert.equal(code, 2, stderr);
    assert.match(stderr, error);
    assert.throws(() => Deno.statSync(scene.path("kit")), Deno.errors.NotFound);
  });
}

Deno.test("a summary that would replace a file of the kit, or the bundle, is refused before anything is written", async () => {
  await using scene = await BundleScene.open();
  await scene.put("files/notes.txt");
  writeExecutable(scene.path("vault"));
  const kit = ["--kit", scene.path("kit"), "--executable", scene.path("vault")];
  const summaries = { "kit/Config.yml": kit, "friday.tar": [] };
  for (const [summary, args] of Object.entries(summaries)) {
    const more = [...args, "--summary", scene.path(summary)];
    const { code, stderr } = await scene.bundle("outside", "export", scene.path("friday.tar"), ...more);
    assert.equal(code, 2, stderr);
    assert.match(
      stderr,
      /the configuration, "config.yml", and the summary, "Config.yml"|--summary and OUT are one file/,
    );
  }
  assert.throws(() => Deno.statSync(scene.path("kit")), Deno.errors.NotFound);
  assert.throws(() => Deno.statSync(scene.path("friday.tar")), Deno.errors.NotFound);
});

Deno.test("a file that a kit would replace is named, and stays", async () => {
  await using scene = await BundleScene.open();
  await scene.put("files/notes.txt");
  await Deno.mkdir(scene.path("programs"));
  writeExecutable(scene.path("programs/vault"));
  const exporting = async (folder: string) => {
    const kit = ["--kit", scene.path(folder), "--executable", scene.path("programs/vault")];
    const { code, stderr } = await scene.bundle("outside", "export", scene.path("friday.tar"), ...kit);
    assert.equal(code, 2);
    return stderr;
  };
  await Deno.mkdir(scene.path("stick"));
  await Deno.writeTextFile(scene.path("stick/config.yml"), "mine");
  assert.match(await exporting("stick"), /^--kit: ".*stick" has "config.yml" already, and a kit replaces nothing/);
  assert.equal(await Deno.readTextFile(scene.path("stick/config.yml")), "mine");
  // The executable would be copied onto itself.
  assert.match(await exporting("programs"), /has "vault" already/);
});

Deno.test("a kit of nothing leaves no folder, and one that was there stays", async () => {
  await using scene = await BundleScene.open();
  writeExecutable(scene.path("vault"));
  await Deno.mkdir(scene.path("there"));
  for (const folder of ["some/where/kit", "there"]) {
    const kit = ["--kit", scene.path(folder), "--executable", scene.path("vault")];
    assert.equal((await scene.bundle("outside", "export", scene.path("friday.tar"), ...kit)).code, 1);
  }
  assert.throws(() => Deno.statSync(scene.path("some")), Deno.errors.NotFound);
  assert.deepEqual([...Deno.readDirSync(scene.path("there"))], []);
});

const content = { isOldRuntime: false, config: "", publicKey: null, bundle: "a.tar", url: "", isForOthers: false };

Deno.test("a kit that is stopped while an executable is copied keeps the bundle alone", async () => {
  await using folder = await createTempDir();
  await Deno.mkdir(folder.join("kit"));
  await Deno.writeTextFile(folder.join("kit/a.tar"), "a bundle");
  await Deno.writeFile(folder.join("first"), new Uint8Array(100));
  // Never ends by itself.
  await Deno.symlink("/dev/zero", folder.join("second"));
  const executables = [folder.join("first"), folder.join("second")];
  const abort = new AbortController();
  const writing = writeKit(folder.join("kit"), { ...content, executables }, abort.signal);
  while (statOrNull(folder.join("kit/second")) === null) await new Promise((resolve) => setTimeout(resolve));
  abort.abort();
  await assert.rejects(writing, /^VaultError: it was stopped$/);
  assert.deepEqual([...Deno.readDirSync(folder.join("kit"))].map(({ name }) => name), ["a.tar"]);
});
