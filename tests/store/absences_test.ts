import assert from "node:assert/strict";
import { noLog } from "../../src/observe/log.ts";
import { Absences } from "../../src/store/absences.ts";
import { FsLayout } from "../../src/store/fs_layout.ts";
import { createTempDir } from "../support/temp_dir.ts";

function open(root: string): Absences {
  return new Absences(new FsLayout(root), { temporary: () => `${root}/temporary`, log: noLog });
}

const gone = { status: 410, at: 5, message: "gone" } as const;

Deno.test("many more names than fit: memory and file stay bounded, the latest are known, also later", async () => {
  await using dir = await createTempDir("vault-test-");
  const absences = open(dir.path);
  const names = 60_000;
  for (let i = 0; i < names; i++) {
    absences.remember("b", `/${"x".repeat(100)}${i}`, gone);
    if (i % 1000 === 0) await absences.close();
  }
  await absences.close();
  assert.ok(Deno.statSync(`${dir.path}/absent/b.jsonl`).size <= 4 * 1024 * 1024 + 300_000);
  const later = open(dir.path);
  assert.equal(later.find("b", `/${"x".repeat(100)}0`), null);
  assert.deepEqual(later.find("b", `/${"x".repeat(100)}${names - 1}`), gone);
});

Deno.test("lines that are none are passed over, and very long keys are not kept", async () => {
  await using dir = await createTempDir("vault-test-");
  await Deno.mkdir(`${dir.path}/absent`);
  const lines = ["{", '["/a",200,1,"x"]', '["/b",404,1,"no"]', '["/c",404]', "[]", '["/d",404,1,"cut'];
  await Deno.writeTextFile(`${dir.path}/absent/b.jsonl`, lines.join("\n"));
  const absences = open(dir.path);
  assert.deepEqual(["/a", "/b", "/c", "/d"].map((key) => absences.find("b", key)?.status), [
    undefined,
    404,
    undefined,
    undefined,
  ]);
  absences.remember("b", "/e".repeat(5000), gone);
  absences.remember("b", "/f", gone);
  await absences.close();
  assert.deepEqual(open(dir.path).find("b", "/f"), gone);
  assert.equal(absences.find("b", "/e".repeat(5000)), null);
});

Deno.test("a carried journal that is a link is not followed, neither to read nor to write", async () => {
  await using dir = await createTempDir("vault-test-");
  await Deno.mkdir(`${dir.path}/absent`);
  await Deno.writeTextFile(`${dir.path}/elsewhere`, '["/a",404,1,"no"]');
  await Deno.symlink(`${dir.path}/elsewhere`, `${dir.path}/absent/b.jsonl`);
  const absences = open(dir.path);
  assert.equal(absences.find("b", "/a"), null);
  absences.remember("b", "/b", gone);
  await absences.close();
  assert.equal(await Deno.readTextFile(`${dir.path}/elsewhere`), '["/a",404,1,"no"]');
  assert.deepEqual(open(dir.path).find("b", "/b"), gone);
});

Deno.test("the code by which upstream names an absence is kept; one that is none, or too long, is not", async () => {
  await using dir = await createTempDir("vault-test-");
  const absences = open(dir.path);
  const coded = { ...gone, protocolCode: "RevisionNotFound" };
  absences.remember("b", "/a", coded);
  absences.remember("b", "/b", gone);
  absences.remember("b", "/c", { ...gone, protocolCode: "x".repeat(101) });
  await absences.close();
  await Deno.writeTextFile(`${dir.path}/absent/b.jsonl`, '\n["/d",404,1,"no",5]', { append: true });
  const later = open(dir.path);
  assert.deepEqual(["/a", "/b", "/c"].map((key) => later.find("b", key)), [coded, gone, gone]);
  assert.deepEqual(later.find("b", "/d"), { status: 404, at: 1, message: "no" });
});
