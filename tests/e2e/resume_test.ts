import assert from "node:assert/strict";
import { hasBlob, stagedBytes, wrongBlobs } from "../support/cache_dir.ts";
import { download, spawnCurl } from "../support/clients.ts";
import { startFaultProxy } from "../support/fault_proxy.ts";
import type { NginxRequest } from "../support/nginx.ts";
import { missingPrograms } from "../support/programs.ts";
import { gib, mib } from "../support/random_file.ts";
import { createScene } from "../support/scene.ts";
import { waitUntil } from "../support/wait_until.ts";
import { isOwnMachine, testInTurn } from "../support/thorough.ts";

const ignore = missingPrograms("nginx", "curl", "cmp").length > 0;

const [bigBytes, bigSize] = isOwnMachine ? [gib, "1 GiB"] : [256 * mib, "256 MiB"];

testInTurn({ name: `a cold file of ${bigSize}`, ignore }, async (t) => {
  await using scene = await createScene();
  const file = await scene.addFile("model.bin", bigBytes);

  await t.step("kill -9 in the middle: the next request resumes and the bytes are right", async () => {
    const path = `/files/rate/100m/${file.name}`;
    {
      await using vault = await scene.startVault();
      const client = spawnCurl(vault.url(path));
      await waitUntil("a third is there", () => stagedBytes(scene.cacheDir) > bigBytes / 3);
      await vault.stop("SIGKILL");
      await client.status;
    }
    await scene.nginx.clearRequests();
    await using vault = await scene.startVault();
    const got = await download(vault.url(path), file);
    assert.ok(got.right);
    const starts = (await scene.nginx.requests()).filter(({ status }) => status === 206).map(rangeStart);
    assert.ok(starts.some((start) => start > bigBytes / 8), `resumed at ${starts}`);
    await vault.waitForLine(/Transfer complete/);
    assert.ok(hasBlob(scene.cacheDir, file.sha256));
    await vault.stop();
    await Deno.remove(scene.cacheDir, { recursive: true });
  });

  await t.step("eight clients read eight parallel ranges: the upstream sends it once", async () => {
    await using vault = await scene.startVault();
    const url = vault.url(`/files/${file.name}`);
    await scene.nginx.clearRequests();
    const length = bigBytes / 8;
    const ranges = Array.from({ length: 8 }, (_, index) => ({ start: index * length, end: (index + 1) * length }));
    const got = await Promise.all(ranges.map((range) => download(url, file, { range })));
    assert.deepEqual(got.map(({ status, right }) => [status, right]), ranges.map(() => [206, true]));
    await vault.waitForLine(/Transfer complete/);
    assert.ok(hasBlob(scene.cacheDir, file.sha256));
    const sent = (await scene.nginx.requests()).reduce((sum, { bytes }) => sum + bytes, 0);
    assert.ok(sent <= 1.1 * bigBytes, `upstream sent ${sent} bytes`);
    await scene.nginx.stop();
    assert.ok((await download(url, file)).right);
    await scene.nginx.start();
    assert.deepEqual(await wrongBlobs(scene.cacheDir), []);
  });
});

testInTurn({ name: "the upstream cuts the connection three times: one whole right file", ignore }, async () => {
  await using scene = await createScene();
  await using proxy = await startFaultProxy(scene.nginx.url);
  await scene.configure({ upstream: proxy.origin });
  const file = await scene.addFile("shaky.bin", 40 * mib);
  await using vault = await scene.startVault();
  proxy.cut(9 * mib, 3);
  const got = await download(vault.url(`/files/${file.name}`), file);
  assert.deepEqual([got.status, got.exitCode, got.right], [200, 0, true]);
  await vault.waitForLine(/Transfer complete/);
  assert.ok(hasBlob(scene.cacheDir, file.sha256));
  const [first, ...resumes] = await scene.nginx.requests();
  assert.equal(first?.status, 200);
  assert.deepEqual(resumes.map(({ status, ifRange }) => [status, ifRange !== ""]), Array(3).fill([206, true]));
  const starts = resumes.map(rangeStart);
  assert.ok(starts.every((start, index) => start > (starts[index - 1] ?? 0)), `resumed at ${starts}`);
});

testInTurn({ name: "SIGTERM lets a download under way finish, then the vault ends with 0", ignore }, async () => {
  await using scene = await createScene();
  const file = await scene.addFile("last.bin", 60 * mib);
  await using vault = await scene.startVault();
  const client = download(vault.url(`/files/rate/30m/${file.name}`), file);
  await waitUntil("the download is under way", () => stagedBytes(scene.cacheDir) > mib);
  const ended = vault.stop("SIGTERM");
  assert.ok((await client).right);
  assert.equal((await ended).code, 0);
  assert.ok(hasBlob(scene.cacheDir, file.sha256));
});

testInTurn({ name: "a download longer than shutdown_timeout is resumed after the next start", ignore }, async () => {
  await using scene = await createScene();
  await scene.configure({ top: ["shutdown_timeout: 1s"] });
  const file = await scene.addFile("long.bin", 60 * mib);
  const path = `/files/rate/10m/${file.name}`;
  {
    await using vault = await scene.startVault();
    const client = spawnCurl(vault.url(path));
    await waitUntil("a part is there", () => stagedBytes(scene.cacheDir) > 20 * mib);
    assert.equal((await vault.stop("SIGTERM")).code, 0);
    assert.notEqual((await client.status).code, 0);
  }
  await scene.nginx.clearRequests();
  await using vault = await scene.startVault();
  assert.ok((await download(vault.url(path), file)).right);
  assert.ok((await scene.nginx.requests()).some((request) => request.status === 206 && rangeStart(request) > 10 * mib));
});

function rangeStart(request: NginxRequest): number {
  return Number(/^bytes=(\d+)-/.exec(request.range)?.[1] ?? 0);
}
