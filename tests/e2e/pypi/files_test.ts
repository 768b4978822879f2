import assert from "node:assert/strict";
import { wrongBlobs } from "../../support/cache_dir.ts";
import { flipByte } from "../../support/counting_proxy.ts";
import { FileHost } from "../../support/file_shelf.ts";
import { createSdist, createWheel, sha256Hex } from "../../support/pypi/python_package.ts";
import { createPythonScene, type PythonVault } from "../../support/pypi/python_scene.ts";
import { type UvFile, UvReplay } from "../../support/pypi/uv_replay.ts";

const mib = 1024 * 1024;

/** What came, if all of it did, and what was said. */
async function get(url: string): Promise<{ status: number; bytes: Uint8Array | null; text: string }> {
  const response = await fetch(url);
  const bytes = await response.bytes().catch(() => null);
  return { status: response.status, bytes, text: new TextDecoder().decode(bytes ?? undefined) };
}

async function fileOf(vault: PythonVault, project: string): Promise<UvFile> {
  const [file] = (await new UvReplay(vault.indexUrl).page(project)).files;
  assert.ok(file);
  return file;
}

Deno.test("files on another host go through the vault, by packages_url in the original's way", async (t) => {
  await using fileHost = new FileHost();
  await using scene = await createPythonScene({ fileHost });
  const { index } = scene;
  const wheel = index.add(createWheel("my-app", "1.0"), { query: "?token=throw-away" });
  const path = index.filePath(wheel);
  const { host } = new URL(fileHost.url);
  const forms: [string, Record<string, unknown>, string][] = [
    ["without packages_url", {}, `/files/my-app/http/${host}${path}`],
    ["packages_url is its host", { packages_url: fileHost.url }, path],
    ["packages_url has a path", { packages_url: `${fileHost.url}/packages/` }, path],
  ];
  for (const [name, keys, shown] of forms) {
    await t.step(name, async () => {
      await using vault = await scene.startVault(keys);
      const file = await fileOf(vault, "my-app");
      assert.equal(file.url, vault.url(shown));
      assert.deepEqual((await get(file.url)).bytes, wheel.bytes);
      assert.deepEqual((await get(`${file.url}.metadata`)).bytes, wheel.metadata);
    });
  }
  await t.step("it is one file, whichever way it is asked for", () => {
    assert.deepEqual(fileHost.lines, [`GET ${path}`, `GET ${path}.metadata`]);
    assert.equal(fileHost.requests[0]?.search, "?token=throw-away", "the page's own URL is asked");
  });
});

Deno.test("only what a page lists is fetched from a host", async (t) => {
  await using fileHost = new FileHost();
  await using scene = await createPythonScene({ fileHost });
  const { index } = scene;
  const wheel = index.add(createWheel("my-app", "1.0"), { sidecar: false });
  fileHost.shelf.put("/private/secret.txt", new TextEncoder().encode("secret"));
  await using vault = await scene.startVault({ packages_url: fileHost.url });
  const { host } = new URL(fileHost.url);
  const unlisted: [string, string][] = [
    ["another path", `/files/my-app/http/${host}/private/secret.txt`],
    ["another host", `/files/my-app/http/${new URL(index.url).host}${index.filePath(wheel)}`],
    ["another project", `/files/other/http/${host}${index.filePath(wheel)}`],
    ["another scheme", `/files/my-app/https/${host}${index.filePath(wheel)}`],
    ["a sidecar that the page does not tell of", `${index.filePath(wheel)}.metadata`],
    ["a signature that the page does not tell of", `${index.filePath(wheel)}.asc`],
    ["a path without a project's name", "/packages/secret.txt"],
    ["a version that is not there", `/packages/00/00/my_app-2.0-py3-none-any.whl`],
  ];
  for (const [name, path] of unlisted) {
    await t.step(name, async () => {
      const { status, text } = await get(vault.url(path));
      assert.equal(status, 404, text);
      assert.notEqual(text, "");
    });
  }
  assert.deepEqual(fileHost.lines, []);
});

Deno.test("a file that is not what its page says is never delivered whole, and is not kept", async (t) => {
  await using scene = await createPythonScene();
  const { index } = scene;
  const app = index.add(createWheel("my-app", "1.0", { dataBytes: 5 * mib }));
  const lie = index.add(createWheel("lie", "1.0"), { sha256: sha256Hex(new TextEncoder().encode("other")) });
  const beside = index.add(createWheel("beside", "1.0"), { sidecarBytes: new TextEncoder().encode("Name: evil\n") });
  await using vault = await scene.startVault();
  const file = await fileOf(vault, "my-app");
  const isDelivered = async (url: string) => {
    const { status, bytes } = await get(url);
    return status === 200 && bytes !== null;
  };
  await t.step("one byte is another", async () => {
    index.fault = flipByte(app.filename, 4 * mib);
    assert.equal(await isDelivered(file.url), false);
    index.fault = flipByte(`${app.filename}.metadata`, 20);
    assert.equal(await isDelivered(`${file.url}.metadata`), false);
  });
  await t.step("once upstream sends the right one, it is served", async () => {
    index.fault = null;
    assert.deepEqual((await get(file.url)).bytes, app.bytes);
    assert.deepEqual((await get(`${file.url}.metadata`)).bytes, app.metadata);
  });
  await t.step("the page says another hash", async () => {
    assert.equal(await isDelivered((await fileOf(vault, lie.project)).url), false);
    assert.equal(await isDelivered(`${(await fileOf(vault, beside.project)).url}.metadata`), false);
  });
  assert.deepEqual(await wrongBlobs(scene.cacheDir), []);
});

Deno.test("a file that is asked for before its page is looked up through the page", async (t) => {
  await using scene = await createPythonScene();
  const { index } = scene;
  const wheel = index.add(createWheel("some-lib-2", "1.0"));
  const sdist = index.add(createSdist("some-lib-2", "1.0"));
  await using vault = await scene.startVault({ packages_url: index.url });
  for (const file of [wheel, sdist]) {
    await t.step(file.filename, async () => {
      index.fault = flipByte(file.filename, 10);
      const damaged = await get(vault.url(index.filePath(file)));
      assert.ok(damaged.status !== 200 || damaged.bytes === null, "its hash is known");
      index.fault = null;
      const found = await get(vault.url(index.filePath(file)));
      assert.deepEqual([found.status, found.bytes], [200, file.bytes], found.text);
    });
  }
  await t.step("its page is fetched once", () => assert.equal(index.count("GET", /\/simple\/some-lib-2\/$/), 1));
  await t.step("a range of it", async () => {
    const large = index.add(createWheel("large", "1.0", { dataBytes: 40 * mib }));
    const response = await fetch(vault.url(index.filePath(large)), { headers: { range: "bytes=-100" } });
    assert.deepEqual([response.status, await response.bytes()], [206, large.bytes.subarray(-100)]);
  });
  await t.step("all of it is there when upstream is gone", async () => {
    await index.refuse();
    assert.deepEqual((await get(vault.url(index.filePath(wheel)))).bytes, wheel.bytes);
  });
});
