import assert from "node:assert/strict";
import { hasBlob, stagedBytes, wrongBlobs } from "../support/cache_dir.ts";
import { download, spawnCurl } from "../support/clients.ts";
import { missingPrograms } from "../support/programs.ts";
import { mib } from "../support/random_file.ts";
import { createScene } from "../support/scene.ts";
import { isOwnMachine, testInTurn } from "../support/thorough.ts";
import { waitUntil } from "../support/wait_until.ts";

/** Fifty times as much is sent. */
const [popularBytes, popularSize] = isOwnMachine ? [200_000_000, "200 MB"] : [50_000_000, "50 MB"];
const ignore = missingPrograms("nginx", "curl", "cmp").length > 0;

testInTurn(
  { name: `50 clients ask for one cold file of ${popularSize}: one upstream GET, 50 right files`, ignore },
  async () => {
    await using scene = await createScene();
    const file = await scene.addFile("popular.bin", popularBytes);
    await using vault = await scene.startVault();
    const url = vault.url(`/files/rate/25m/${file.name}`);
    const clients = await Promise.all(Array.from({ length: 50 }, () => download(url, file)));
    assert.equal(clients.filter((client) => client.right && client.exitCode === 0).length, 50);
    assert.deepEqual((await scene.nginx.requests()).map(({ method, status }) => `${method} ${status}`), ["GET 200"]);
    await vault.waitForLine(/Transfer complete/);
    assert.ok(hasBlob(scene.cacheDir, file.sha256));
  },
);

testInTurn({ name: "a first client at 1 MB/s does not hold up the others", ignore }, async () => {
  await using scene = await createScene();
  const file = await scene.addFile("shared.bin", 100 * mib);
  await using vault = await scene.startVault();
  const url = vault.url(`/files/${file.name}`);
  const slow = spawnCurl("--limit-rate", "1M", url);
  let slowHasEnded = false;
  const ended = slow.status.then(() => slowHasEnded = true);
  await waitUntil(
    "the transfer is under way",
    () => stagedBytes(scene.cacheDir) > 0 || hasBlob(scene.cacheDir, file.sha256),
  );
  const others = await Promise.all(Array.from({ length: 5 }, () => download(url, file)));
  assert.equal(others.filter((client) => client.right).length, 5);
  assert.equal(slowHasEnded, false);
  slow.kill("SIGKILL");
  await ended;
  assert.equal((await scene.nginx.requests()).length, 1);
});

testInTurn({ name: "killing the first client changes nothing for the rest", ignore }, async () => {
  await using scene = await createScene();
  const file = await scene.addFile("shared.bin", 60 * mib);
  await using vault = await scene.startVault();
  const url = vault.url(`/files/rate/30m/${file.name}`);
  const first = spawnCurl(url);
  await waitUntil("the transfer is under way", () => stagedBytes(scene.cacheDir) > mib);
  const rest = Array.from({ length: 5 }, () => download(url, file));
  await waitUntil("the transfer is well under way", () => stagedBytes(scene.cacheDir) > 20 * mib);
  first.kill("SIGKILL");
  await first.status;
  assert.equal((await Promise.all(rest)).filter((client) => client.right).length, 5);
  assert.deepEqual((await scene.nginx.requests()).map(({ bytes }) => bytes), [file.sizeBytes]);
  await vault.waitForLine(/Transfer complete/);
  assert.deepEqual(await wrongBlobs(scene.cacheDir), []);
});
