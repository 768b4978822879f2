import assert from "node:assert/strict";
import { hold } from "../../support/counting_proxy.ts";
import { createPip, findPipPythons } from "../../support/pypi/pip_client.ts";
import { createWheel } from "../../support/pypi/python_package.ts";
import { createPythonScene, type PythonVault } from "../../support/pypi/python_scene.ts";
import { simpleTypes } from "../../support/pypi/simple_page.ts";
import { UvReplay } from "../../support/pypi/uv_replay.ts";
import { waitUntil } from "../../support/wait_until.ts";
import { testInTurn } from "../../support/thorough.ts";

const ignorePip = (await findPipPythons()).length === 0;
const { json, html } = simpleTypes;

const accepted: readonly [accept: string, contentType: string][] = [
  ["*/*", "text/html; charset=utf-8"],
  [json, json],
  [`${html}, ${json};q=0.5`, "text/html; charset=utf-8"],
  [`${json};q=0.1, application/vnd.pypi.simple.v1+html`, "application/vnd.pypi.simple.v1+html"],
  ["application/vnd.pypi.simple.latest+json", json],
];

testInTurn("pages and the list of projects come in the form that is asked for, and say that they vary", async (t) => {
  await using scene = await createPythonScene();
  scene.index.add(createWheel("my-app", "1.0"));
  await using vault = await scene.startVault();
  for (const path of ["/", "/my-app/"]) {
    for (const [accept, contentType] of accepted) {
      await t.step(`${path} as ${accept}`, async () => {
        const response = await fetch(vault.indexUrl + path, { headers: { accept } });
        assert.equal(response.headers.get("content-type"), contentType);
        assert.match(response.headers.get("vary") ?? "", /accept\b/i);
        const text = await response.text();
        if (contentType === json) assert.equal(JSON.parse(text).meta["api-version"].split(".")[0], "1");
        else assert.match(text, /<a href="[^"]*my.app/);
        const { headers } = await fetch(vault.indexUrl + path, { method: "HEAD", headers: { accept } });
        assert.equal(headers.get("etag"), response.headers.get("etag"));
      });
    }
    await t.step(`${path} in a form that there is not`, async () => {
      const response = await fetch(vault.indexUrl + path, { headers: { accept: "image/png" } });
      assert.equal(response.status, 406);
      assert.ok((await response.text()).includes(json));
    });
  }
  assert.equal(scene.index.count("GET", /my-app/), 1, "whatever the form, upstream is asked once");
});

const moves: readonly [from: string, to: string][] = [
  ["/simple", "/simple/"],
  ["/simple/my-app", "/simple/my-app/"],
  ["/simple/My.App/", "/simple/my-app/"],
  ["/simple/my__app", "/simple/my-app/"],
  ["/My-App/", "/my-app/"],
];

testInTurn("names in other spellings lead to the one page, in one step", async (t) => {
  await using scene = await createPythonScene();
  scene.index.add(createWheel("my-app", "1.0"));
  await using vault = await scene.startVault();
  for (const [from, to] of moves) {
    await t.step(from, async () => {
      const response = await fetch(vault.url(from), { redirect: "manual" });
      await response.body?.cancel();
      assert.equal(response.status, 301);
      const location = new URL(response.headers.get("location") ?? "", response.url).href;
      assert.equal(location, vault.url(to));
      const there = await fetch(location);
      assert.match(await there.text(), /my.app/);
    });
  }
  assert.deepEqual(new Set(scene.index.lines), new Set(["GET /simple/", "GET /simple/my-app/"]));
});

testInTurn({ name: "pip installs in the original's way, from the prefix itself", ignore: ignorePip }, async () => {
  await using scene = await createPythonScene();
  scene.index.add(createWheel("my-app", "1.0"));
  await using vault = await scene.startVault();
  await using pip = await createPip({ indexUrl: vault.url("") });
  assert.deepEqual((await pip.install("my-app")).versions, { my_app: "1.0" });
});

for (const prefix of ["/", "/a/b"]) {
  testInTurn(`links lead to the files where the prefix is ${prefix}`, async () => {
    await using scene = await createPythonScene();
    const wheel = scene.index.add(createWheel("my-app", "1.0"));
    await using vault = await scene.startVault({ prefix });
    const base = vault.process.url(prefix === "/" ? "" : prefix);
    for (const indexUrl of [base, `${base}/simple`]) {
      const uv = new UvReplay(indexUrl);
      const [file] = (await uv.page("my-app")).files;
      assert.deepEqual(await uv.download(file!), wheel.bytes);
    }
  });
}

testInTurn("20 clients ask for one page that is not held: one upstream GET, in either form", async () => {
  await using scene = await createPythonScene();
  const { index } = scene;
  index.add(createWheel("my-app", "1.0"));
  await using vault = await scene.startVault();
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  index.fault = hold(/my-app/, released);
  const clients = Array.from({ length: 20 }, async (_, nth) => {
    const response = await fetch(`${vault.indexUrl}/my-app/`, { headers: { accept: nth % 2 ? json : html } });
    return await response.text();
  });
  await waitUntil("upstream is asked", () => index.lines.length > 0);
  release();
  const pages = await Promise.all(clients);
  assert.equal(new Set(pages).size, 2);
  assert.deepEqual(index.lines, ["GET /simple/my-app/"]);
});

testInTurn(
  "a page of 20,000 files is fetched once, then confirmed by its ETag, and pip installs from it",
  async (t) => {
    await using scene = await createPythonScene();
    const versions = Array.from({ length: 20_000 }, (_, nth) => `1.${nth}`);
    for (const version of versions) scene.index.add(createWheel("huge", version));
    await using vault = await scene.startVault();
    const pages = await Promise.all(Array.from({ length: 3 }, () => pageOf(vault, "huge")));
    for (const { files } of pages) assert.equal(files.length, versions.length);
    const { files: [file], etag } = pages[0]!;
    const headers = { accept: json, "if-none-match": etag ?? "" };
    for (let nth = 0; nth < 10; nth++) {
      const response = await fetch(`${vault.indexUrl}/huge/`, { headers });
      await response.body?.cancel();
      assert.equal(response.status, 304);
    }
    assert.deepEqual(scene.index.lines, ["GET /simple/huge/"]);
    const response = await fetch(file!.url);
    assert.equal((await response.bytes()).byteLength, createWheel("huge", "1.0").bytes.byteLength);
    await t.step({
      name: "pip",
      ignore: ignorePip,
      fn: async () => {
        await using pip = await createPip({ indexUrl: vault.indexUrl });
        assert.deepEqual((await pip.install("huge==1.12345")).versions, { huge: "1.12345" });
        assert.equal(scene.index.count("GET", /simple/), 1);
      },
    });
  },
);

testInTurn({ name: "min_age hides a version until it is old enough, from pip, too", ignore: ignorePip }, async (t) => {
  await using scene = await createPythonScene({ forms: ["json"] });
  const { index } = scene;
  const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();
  index.add(createWheel("my-app", "1.0"), { uploadTime: daysAgo(30) });
  const recent = index.add(createWheel("my-app", "1.1"), { uploadTime: daysAgo(1) });
  await t.step("a week: it is not there yet, but its file is", async () => {
    await using vault = await scene.startVault({ min_age: "7d", packages_url: index.url });
    await using pip = await createPip({ indexUrl: vault.indexUrl });
    assert.deepEqual((await pip.install("my-app")).versions, { my_app: "1.0" });
    const { versions, files } = await (await fetch(`${vault.indexUrl}/my-app/`, { headers: { accept: json } })).json();
    assert.deepEqual([versions, files.length], [["1.0"], 1]);
    const response = await fetch(vault.url(index.filePath(recent)));
    assert.deepEqual(await response.bytes(), recent.bytes);
  });
  await t.step("an hour: it is", async () => {
    await using vault = await scene.startVault({ min_age: "1h" });
    assert.equal((await pageOf(vault, "my-app")).files.length, 2);
  });
});

testInTurn(
  { name: "min_age counts by Last-Modified where pages tell no times, for pip, too", ignore: ignorePip },
  async () => {
    await using scene = await createPythonScene({ forms: ["html"] });
    const { index } = scene;
    index.add(createWheel("my-app", "1.0"));
    index.add(createWheel("my-app", "1.1"), { lastModified: new Date() });
    await using vault = await scene.startVault({ min_age: "7d" });
    await using pip = await createPip({ indexUrl: vault.indexUrl });
    assert.deepEqual((await pip.install("my-app")).versions, { my_app: "1.0" });
    assert.equal((await pageOf(vault, "my-app")).files.length, 1);
    assert.equal(index.count("HEAD", /my_app/), 2);
  },
);

testInTurn("what a page says of a file beyond what the vault knows is kept", async () => {
  await using scene = await createPythonScene();
  const more = { "x-signed-by": "Bilbo & sons", provenance: "https://index.example/integrity/my-app" };
  scene.index.add(createWheel("my-app", "1.0"), { more, uploadTime: "2024-03-04T10:00:00Z" });
  await using vault = await scene.startVault();
  const upstream = await (await fetch(`${scene.index.indexUrl}/my-app/`, { headers: { accept: json } })).json();
  const page = await (await fetch(`${vault.indexUrl}/my-app/`, { headers: { accept: json } })).json();
  const withoutUrl = ({ files, ...rest }: { files: Record<string, unknown>[] }) => ({
    ...rest,
    files: files.map(({ url: _, ...file }) => file),
  });
  assert.deepEqual(withoutUrl(page), withoutUrl(upstream));
});

function pageOf(vault: PythonVault, project: string) {
  return new UvReplay(vault.indexUrl).page(project);
}
