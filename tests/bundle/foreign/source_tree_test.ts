import assert from "node:assert/strict";
import { dirname } from "node:path";
import { gzipSync } from "node:zlib";
import { walkFiles } from "../../../src/backends/shared/shelves/walk_files.ts";
import { openSourceTree } from "../../../src/bundle/foreign/source_tree.ts";
import type { VaultError } from "../../../src/errors.ts";
import type { SourceTree } from "../../../src/shelf.ts";
import { runToSuccess } from "../../support/run_command.ts";
import { createTempDir } from "../../support/temp_dir.ts";
import { canMountTmpfs, mountTmpfs } from "../../support/tmpfs.ts";

interface RawMember {
  readonly name: string;
  readonly type?: string;
  readonly content?: string;
  readonly target?: string;
  /** Instead of that of the content. */
  readonly size?: number;
}

/** A tar archive of exactly these members, however odd. */
function tarWith(members: readonly RawMember[], end = 1024): Uint8Array {
  const blocks = members.flatMap(({ name, type = "0", content = "", target = "", size = content.length }) => {
    const header = new Uint8Array(512);
    const put = (at: number, text: string) => header.set(new TextEncoder().encode(text), at);
    put(0, name);
    put(100, "0000644\x000000000\x000000000\0");
    put(124, `${size.toString(8).padStart(11, "0")}\x0000000000000\0`);
    put(148, " ".repeat(8));
    put(156, type);
    put(157, target);
    put(257, "ustar\x0000");
    put(148, `${header.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, "0")}\0 `);
    const body = new Uint8Array(Math.ceil(content.length / 512) * 512);
    body.set(new TextEncoder().encode(content));
    return [header, body];
  });
  return new Uint8Array([...blocks, new Uint8Array(end)].flatMap((block) => [...block]));
}

async function textOf(tree: SourceTree, path: string): Promise<string | null> {
  const file = await tree.find(path);
  return file && await new Response(file.stream(0)).text();
}

Deno.test("archives that could do harm are refused, and what is wrong with them is said", async (t) => {
  await using dir = await createTempDir();
  const cases: [string, readonly RawMember[], RegExp][] = [
    ["a name with ..", [{ name: "a/../../etc/passwd" }], /"a\/\.\.\/\.\.\/etc\/passwd" is no name below/],
    ["a name from the root", [{ name: "/etc/passwd" }], /"\/etc\/passwd" is no name below/],
    ["the same name twice", [{ name: "a" }, { name: "./a" }], /it has "a" twice/],
    ["a sparse file", [{ name: "a", type: "S" }], /sparse/],
    ["a huge header", [{ name: "x", type: "x", size: 2 ** 31 }], /cut/],
    ["a member that is longer than the archive", [{ name: "a", size: 1_000_000 }], /has been cut/],
    ["nothing", [], /no files/],
    ["a folder only", [{ name: "a/", type: "5" }], /no files/],
    [
      "a name of any length",
      [{ name: "p", type: "x", content: `5012 path=${"a/".repeat(2500)}a\n` }, { name: "a" }],
      /it has a name of 500\d characters/,
    ],
    ["a pax name with ..", [{ name: "p", type: "x", content: "16 path=../../a\n" }, { name: "a" }], /no name below/],
  ];
  for (const [name, members, message] of cases) {
    await t.step(name, async () => {
      Deno.writeFileSync(dir.join("archive.tar"), tarWith(members));
      await assert.rejects(
        openSourceTree(dir.join("archive.tar"), dir.path),
        (error: VaultError) => error.code === "bad_request" && message.test(error.message),
      );
    });
  }
  await t.step("no archive at all", async () => {
    Deno.writeTextFileSync(dir.join("archive.tar"), "a".repeat(2000));
    await assert.rejects(openSourceTree(dir.join("archive.tar"), dir.path), /byte 0 begins no tar header/);
  });
  await t.step("something that only begins like gzip", async () => {
    Deno.writeFileSync(dir.join("archive.tar"), new Uint8Array([0x1f, 0x8b, 1, 2, 3, 4, 5, 6]));
    await assert.rejects(openSourceTree(dir.join("archive.tar"), dir.path), /Cannot unpack .* \(gzip\)/);
    assert.deepEqual([...Deno.readDirSync(dir.path)].map(({ name }) => name), ["archive.tar"]);
  });
});

Deno.test("links are followed within an archive, and lead to nothing else", async () => {
  await using dir = await createTempDir();
  Deno.writeFileSync(
    dir.join("archive.tar"),
    tarWith([
      { name: "layers/one/layer.tar", content: "one" },
      { name: "layers/two/layer.tar", type: "2", target: "../one/layer.tar" },
      { name: "hard", type: "1", target: "layers/one/layer.tar" },
      { name: "out", type: "2", target: "../../etc/passwd" },
      { name: "root", type: "2", target: "/etc/passwd" },
      { name: "round", type: "2", target: "round" },
      { name: "device", type: "3" },
    ]),
  );
  const tree = await openSourceTree(dir.join("archive.tar"), dir.path);
  assert.equal(await textOf(tree, "layers/two/layer.tar"), "one");
  assert.equal(await textOf(tree, "hard"), "one");
  for (const path of ["out", "root", "round", "device", "", "..", "layers", "../archive.tar"]) {
    assert.equal(await textOf(tree, path), null, path);
  }
});

Deno.test("a directory's links that lead out of it are not followed", async () => {
  await using dir = await createTempDir();
  Deno.mkdirSync(dir.join("source/folder"), { recursive: true });
  Deno.writeTextFileSync(dir.join("secret"), "secret");
  Deno.writeTextFileSync(dir.join("source/folder/file"), "file");
  Deno.symlinkSync("folder/file", dir.join("source/inside"));
  Deno.symlinkSync("../secret", dir.join("source/outside"));
  Deno.symlinkSync(dir.path, dir.join("source/folder/up"));
  Deno.symlinkSync("loop", dir.join("source/loop"));
  const tree = await openSourceTree(dir.join("source"), dir.path);
  assert.deepEqual(await Array.fromAsync(walkFiles(tree)), ["folder/file", "inside"]);
  assert.equal(await textOf(tree, "inside"), "file");
  for (const path of ["outside", "../secret", "folder/up/secret", "loop", "folder/../folder/file"]) {
    assert.equal(await textOf(tree, path), null, path);
  }
});

Deno.test("archives of the real tar are read, in its formats and packings, with long names", async (t) => {
  await using dir = await createTempDir();
  const long = `${"folder-with-a-long-name/".repeat(9)}file-with-a-long-name`;
  Deno.mkdirSync(dirname(dir.join("source", long)), { recursive: true });
  Deno.writeTextFileSync(dir.join("source", long), "long");
  Deno.writeTextFileSync(dir.join("source/short"), "x".repeat(1000));
  for (const format of ["gnu", "pax", "ustar"]) {
    for (const packing of [[], ["--gzip"], ["--xz"], ["--bzip2"], ["--zstd"]]) {
      await t.step(`${format} ${packing.join("")}`, async () => {
        const archive = dir.join("archive");
        await runToSuccess(["tar", `--format=${format}`, ...packing, "-cf", archive, "-C", dir.join("source"), "."]);
        const tree = await openSourceTree(archive, dir.path);
        assert.deepEqual(await Array.fromAsync(walkFiles(tree)), [long, "short"]);
        assert.equal(await textOf(tree, long), "long");
        const part = (await tree.find("short"))!.stream(990);
        assert.equal(await new Response(part).text(), "x".repeat(10));
        tree.close();
      });
    }
  }
  assert.deepEqual([...Deno.readDirSync(dir.path)].map(({ name }) => name).sort(), ["archive", "source"]);
});

Deno.test({
  name: "an archive that would fill the disk when it is unpacked is refused, and leaves room",
  ignore: !await canMountTmpfs(),
}, async () => {
  await using dir = await createTempDir();
  await using _disk = await mountTmpfs(dir.join("small"), "size=8m");
  await runToSuccess(["sh", "-c", `head -c 20000000 /dev/urandom | gzip -1 > "${dir.join("large.tar.gz")}"`]);
  await assert.rejects(openSourceTree(dir.join("large.tar.gz"), dir.join("small")), /Cannot unpack .*would fill it/);
  assert.deepEqual([...Deno.readDirSync(dir.join("small"))], []);
});

Deno.test("an archive that unpacks to far more than it is, is refused before the disk is full", async () => {
  await using dir = await createTempDir();
  const member = gzipSync(new Uint8Array(20_000_000));
  for (let i = 0; i < 15; i++) Deno.writeFileSync(dir.join("bomb.tar.gz"), member, { append: true });
  await assert.rejects(openSourceTree(dir.join("bomb.tar.gz"), dir.path), /unpacks to far more than it is/);
  assert.deepEqual([...Deno.readDirSync(dir.path)].map(({ name }) => name), ["bomb.tar.gz"]);
});

Deno.test("links of an archive that lead to nothing are not listed", async () => {
  await using dir = await createTempDir();
  const links = [["out", "../../etc/passwd"], ["itself", "itself"], ["nowhere", "gone"], ["there", "file"]] as const;
  const members = links.map(([name, target]) => ({ name: `a/${name}`, type: "2", target }));
  Deno.writeFileSync(dir.join("archive.tar"), tarWith([{ name: "a/file", content: "x" }, ...members]));
  const tree = await openSourceTree(dir.join("archive.tar"), dir.path);
  assert.deepEqual((await tree.list("a")).map(({ name }) => name), ["file", "there"]);
  tree.close();
});
