import assert from "node:assert/strict";
import { listBlobs, wrongBlobs } from "../support/cache_dir.ts";
import { curl, download } from "../support/clients.ts";
import { missingPrograms } from "../support/programs.ts";
import { mib, type RandomFile } from "../support/random_file.ts";
import { createScene, type Scene } from "../support/scene.ts";
import { walk } from "../support/walk.ts";
import { testInTurn } from "../support/thorough.ts";

const ignore = missingPrograms("nginx", "curl", "cmp").length > 0;

/** What somebody may do to the cache directory while the vault does not run, or while it does. */
const damages: readonly [what: string, damage: (cacheDir: string) => Promise<unknown>][] = [
  ["a blob was removed", (cacheDir) => Deno.remove(onlyBlob(cacheDir))],
  ["a blob was emptied", (cacheDir) => Deno.truncate(onlyBlob(cacheDir))],
  ["a blob was cut", (cacheDir) => Deno.truncate(onlyBlob(cacheDir), 1000)],
  ["an entry is garbage", (cacheDir) => Deno.writeTextFile(onlyEntry(cacheDir), '{"sha256": ')],
  ["an entry is empty", (cacheDir) => Deno.truncate(onlyEntry(cacheDir))],
  ["the whole cache directory was removed", (cacheDir) => Deno.remove(cacheDir, { recursive: true })],
];

for (const restarted of [true, false]) {
  testInTurn(
    { name: `damage ${restarted ? "between two runs" : "while it runs"} costs a download, no more`, ignore },
    async (t) => {
      for (const [what, damage] of damages) {
        await t.step(what, async () => {
          await using scene = await createScene();
          const file = await scene.addFile("app.bin", 2 * mib);
          {
            await using vault = await scene.startVault();
            await keep(vault.url(`/files/${file.name}`), file);
            await vault.waitForLine(/Transfer complete/);
            if (!restarted) {
              await damage(scene.cacheDir);
              // What lies in memory may be served for a moment; it is right as well.
              await keep(vault.url(`/files/${file.name}`), file);
            }
          }
          if (restarted) await damage(scene.cacheDir);
          await assertServed(scene, file);
        });
      }
    },
  );
}

/** Served, kept again, and right on the disk. */
async function assertServed(scene: Scene, file: RandomFile): Promise<void> {
  await using vault = await scene.startVault();
  await keep(vault.url(`/files/${file.name}`), file);
  assert.equal((await curl(vault.url("/readyz"))).status, 200);
  await vault.stop();
  assert.deepEqual(await wrongBlobs(scene.cacheDir), []);
  assert.deepEqual(listBlobs(scene.cacheDir).length, 1);
}

async function keep(url: string, file: RandomFile): Promise<void> {
  const got = await download(url, file);
  assert.deepEqual([got.status, got.right], [200, true]);
}

function onlyBlob(cacheDir: string): string {
  return only(`${cacheDir}/blobs/sha256`);
}

function onlyEntry(cacheDir: string): string {
  return only(`${cacheDir}/entries`);
}

function only(directory: string): string {
  const paths = walk(directory);
  assert.equal(paths.length, 1, `${directory} holds ${paths}`);
  return `${directory}/${paths[0]}`;
}
