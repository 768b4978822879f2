import assert from "node:assert/strict";
import { BlobCount, eachBlob } from "../../src/store/blob_scan.ts";
import { statOrNull } from "../../src/store/regular_files.ts";
import { FsLayout } from "../../src/store/fs_layout.ts";
import { createTempDir } from "../support/temp_dir.ts";
import { walk } from "../support/walk.ts";

/** More than are looked at without a pause. */
const blobs = 1000;
const signal = new AbortController().signal;

Deno.test("a count is right at its end, whatever came, went or changed while it ran", async () => {
  await using dir = await createTempDir();
  const layout = layoutOfBlobs(dir.path);
  const count = new BlobCount(layout, (sha256) => statOrNull(layout.blob(sha256))?.size ?? 0);
  const running = count.run(signal);
  await new Promise((resolve) => setTimeout(resolve, 0));
  for (const name of [nameOf(0), nameOf(1), nameOf(blobs - 2), nameOf(blobs - 1)]) {
    count.changes(name, 10);
    Deno.removeSync(layout.blob(name));
  }
  for (const name of [nameOf(2), nameOf(blobs - 3)]) {
    for (const [before, after] of [[10, 25], [25, 40]] as const) {
      count.changes(name, before);
      Deno.writeFileSync(layout.blob(name), new Uint8Array(after));
    }
  }
  for (const name of ["00-new", "01-new"]) {
    count.changes(name, 0);
    Deno.writeFileSync(layout.blob(name), new Uint8Array(7));
  }
  assert.equal(await running, true);
  assert.equal(count.totals().bytes, (blobs - 6) * 10 + 2 * 40 + 2 * 7);
});

Deno.test("bytes are told by the second of their last use", async () => {
  await using dir = await createTempDir();
  const layout = layoutOfBlobs(dir.path);
  for (let i = 0; i < blobs; i++) Deno.utimeSync(layout.blob(nameOf(i)), 1000 + i % 2, 5);
  const count = new BlobCount(layout, () => 0);
  await count.run(signal);
  assert.deepEqual([...count.totals().bytesByRank], [[1000, 10 * blobs / 2], [1001, 10 * blobs / 2]]);
});

Deno.test("what is no blob is left alone", async () => {
  await using dir = await createTempDir();
  const layout = layoutOfBlobs(dir.path);
  Deno.writeTextFileSync(`${layout.blobs}/README`, "x");
  Deno.writeTextFileSync(`${layout.blobs}/00/.DS_Store`, "x");
  Deno.mkdirSync(`${layout.blobs}/00/00-folder`);
  const seen: string[] = [];
  await eachBlob(layout, (sha256) => void seen.push(sha256), { signal });
  assert.deepEqual(seen, Array.from({ length: blobs }, (_, i) => nameOf(i)).toSorted());
});

Deno.test("a scan that is aborted stops and is no count", async () => {
  await using dir = await createTempDir();
  const layout = layoutOfBlobs(dir.path);
  const abort = new AbortController();
  let seen = 0;
  await eachBlob(layout, () => void (++seen === 10 && abort.abort()), { signal: abort.signal });
  assert.equal(seen, 10);
  assert.equal(await new BlobCount(layout, () => 0).run(abort.signal), false);
  assert.equal(walk(layout.blobs).length, blobs);
});

Deno.test("where nothing was ever kept there is nothing to count", async () => {
  await using dir = await createTempDir();
  const count = new BlobCount(new FsLayout(dir.join("missing")), () => 0);
  assert.equal(await count.run(signal), true);
  assert.equal(count.totals().bytes, 0);
});

function layoutOfBlobs(root: string): FsLayout {
  const layout = new FsLayout(root);
  for (const shard of ["00", "01"]) Deno.mkdirSync(`${layout.blobs}/${shard}`, { recursive: true });
  for (let i = 0; i < blobs; i++) Deno.writeFileSync(layout.blob(nameOf(i)), new Uint8Array(10));
  return layout;
}

/** In two shards, in the order of their numbers. */
function nameOf(i: number): string {
  return `${i < blobs / 2 ? "00" : "01"}-${i.toString().padStart(4, "0")}`;
}
