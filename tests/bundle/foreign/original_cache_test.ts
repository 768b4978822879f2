import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { releaseText, sha256 } from "../../support/apt/upstream.ts";
import { createForeignSite } from "../../support/foreign_import.ts";
import { createImage, type Image } from "../../support/oci/image.ts";
import { OciLayout } from "../../support/oci/layout.ts";
import { pullLikeDocker } from "../../support/oci/pull_like_docker.ts";
import { OriginalCache } from "../../support/original_cache.ts";
import { missingPrograms } from "../../support/programs.ts";
import { createWheel, type PackageFile } from "../../support/pypi/python_package.ts";
import { runToSuccess } from "../../support/run_command.ts";
import { createTempDir, type TempDir } from "../../support/temp_dir.ts";
import { BundleScene } from "../bundle_scene.ts";

const ignore = missingPrograms("busybox").length > 0;

/** As in the configuration of the original tool, without names. */
const files = { type: "http", config: { prefix: "/example/", base_url: "https://example.com/artifacts" } };
const hub = { type: "dockerhub", config: { prefix: "/dockerhub/", registry_url: "https://registry.hub.docker.com" } };
const pypi = { type: "pypi", config: { prefix: "/python/simple/", index_url: "https://pypi.org/simple" } };
const ubuntu = { type: "apt", config: { prefix: "/ubuntu/", mirror_url: "http://archive.example.com/ubuntu/" } };

function cacheIn(dir: TempDir): OriginalCache {
  return new OriginalCache(dir.join(`original-${crypto.randomUUID()}`));
}

function addImage(cache: OriginalCache, repository: string, { layout, root, platforms }: Image): void {
  const add = (noun: string, reference: string, digest: string) =>
    cache.add("/dockerhub/", `${repository}/${noun}/${reference}`, Deno.readFileSync(layout.pathOf(digest)));
  add("manifests", "1", root.digest);
  for (const { manifest, config, layers } of platforms) {
    if (manifest.digest !== root.digest) add("manifests", manifest.digest, manifest.digest);
    for (const { digest } of [config, ...layers]) add("blobs", digest, digest);
  }
}

Deno.test("files of a web server are taken as they are, with their types and queries, and cached ones stay", async () => {
  await using dir = await createTempDir();
  await using site = await createForeignSite([files]);
  const cache = cacheIn(dir);
  cache.add("/example/", "tool.tar.gz", "the tool");
  cache.add("/example/", "docs/page?version=2", "a page", { contentType: "text/plain" });
  cache.add("/example/", "old/odd.binary.name", "older", { contentType: "text/x-old", notes: "content-type" });
  const imported = await site.import(cache.path);
  assert.equal(imported.description, "the cache of the original Artifact Vault");
  const names = ["docs/page?version=2", "old/odd.binary.name", "tool.tar.gz"].map((name) => `example/${name}`);
  assert.deepEqual(imported.lines, names.map((name) => `imported ${name}`));
  cache.add("/example/", "tool.tar.gz", "another tool");
  assert.deepEqual((await site.import(cache.path)).lines, names.map((name) => `cached ${name}`));
  await using vault = await site.serve();
  assert.equal((await vault.ask("/example/tool.tar.gz")).text, "the tool");
  const page = await fetch(`${vault.origin}/example/docs/page?version=2`);
  assert.deepEqual([await page.text(), page.headers.get("content-type")], ["a page", "text/plain"]);
  const old = await fetch(`${vault.origin}/example/old/odd.binary.name`);
  assert.deepEqual([await old.text(), old.headers.get("content-type")], ["older", "text/x-old"]);
});

Deno.test("the older form is imported, with paths that end with a slash, and where no types are noted", async () => {
  await using dir = await createTempDir();
  await using site = await createForeignSite([files, pypi]);
  const cache = cacheIn(dir);
  cache.set("/example/", "docs/", "a page");
  cache.set("/example/", "docs/file", "a file");
  assert.deepEqual((await site.import(cache.path)).lines, ["imported example/docs/file", "imported example/docs/"]);
  cache.set("/python/simple/", "simple/app/", pageWith(linkTo(app, "/python/simple/packages")), "text/html");
  cache.set("/python/simple/", `packages/aa/bb/cc/${app.filename}`, app.bytes, "application/octet-stream");
  assert.deepEqual((await site.import(cache.path)).lines.slice(2), [
    "imported the page of app",
    `imported ${app.filename}`,
  ]);
  await using vault = await site.serve();
  assert.equal((await vault.ask("/example/docs/")).text, "a page");
  assert.equal((await vault.ask("/example/docs/file")).text, "a file");
  assert.ok((await vault.ask("/python/simple/simple/app/")).text.includes(app.filename));
});

Deno.test("a folder with some other file than the original's is not taken for its cache", async () => {
  await using dir = await createTempDir();
  await using site = await createForeignSite([files]);
  const cache = cacheIn(dir);
  cache.set("/example/", "a", "1");
  Deno.writeTextFileSync(`${cache.path}/example/README`, "other things");
  await assert.rejects(
    site.import(cache.path),
    /nothing else that is recognised: .*; the cache of the original Artifact/,
  );
});

Deno.test("a cache is imported into its own directory, as with the configuration that the original had", async () => {
  await using site = await createForeignSite([files]);
  const cache = new OriginalCache(site.cacheDir);
  cache.add("/example/", "tool", "the tool");
  assert.deepEqual((await site.import(cache.path)).lines, ["imported example/tool"]);
  assert.deepEqual((await site.import(cache.path)).lines, ["cached example/tool"]);
  await using vault = await site.serve();
  assert.equal((await vault.ask("/example/tool")).text, "the tool");
});

Deno.test("files that lie in the folder itself are named where no backend has the root as its prefix", async () => {
  await using dir = await createTempDir();
  const cache = cacheIn(dir);
  cache.add("/", "top", "1");
  await using without = await createForeignSite([files]);
  assert.deepEqual((await without.import(cache.path)).lines, [
    'left_out /: no backend has the prefix "/"; say with --map /=BACKEND which one is meant (example)',
  ]);
  await using site = await createForeignSite([{
    type: "http",
    config: { prefix: "/", base_url: "https://top.example.com" },
  }]);
  await site.import(cache.path);
  await using vault = await site.serve();
  assert.equal((await vault.ask("/top")).text, "1");
});

Deno.test({ name: "images are pulled offline with the digests of their registry", ignore }, async () => {
  await using dir = await createTempDir();
  await using site = await createForeignSite([hub]);
  const layout = new OciLayout(dir.join("layout"));
  const images = {
    "library/app": await createImage(layout, { message: "index", format: "docker" }),
    "org/one": await createImage(layout, { message: "one", format: "docker", architectures: ["amd64"] }),
  };
  const cache = cacheIn(dir);
  for (const [repository, image] of Object.entries(images)) addImage(cache, repository, image);
  const { lines } = await site.import(cache.path);
  assert.deepEqual(lines.filter((line) => !line.startsWith("imported")), []);
  await using vault = await site.serve();
  for (const [repository, image] of Object.entries(images)) {
    assert.equal((await pullLikeDocker(vault.origin, `${repository}:1`)).root, image.root.digest);
    assert.equal((await vault.ask(`/dockerhub/${repository}/manifests/1`)).status, 200);
  }
});

Deno.test(
  { name: "of an image that is not whole, its content is imported by digest, and its tag is left out", ignore },
  async () => {
    await using dir = await createTempDir();
    await using site = await createForeignSite([hub]);
    const layout = new OciLayout(dir.join("layout"));
    const image = await createImage(layout, { message: "half", format: "docker", architectures: ["amd64"] });
    const cache = cacheIn(dir);
    addImage(cache, "library/app", image);
    const [{ layers: [base, top], config }] = image.platforms as [Image["platforms"][number]];
    Deno.removeSync(`${cache.path}/dockerhub/library/app/blobs/${base!.digest}.binary`);
    Deno.writeTextFileSync(`${cache.path}/dockerhub/library/app/blobs/${top!.digest}.binary`, "wrong");
    const { lines } = await site.import(cache.path);
    assert.equal(
      lines[0],
      `left_out dockerhub/library/app:1: the source does not have all of it: ${base!.digest} is missing`,
    );
    assert.equal(lines.filter((line) => line.startsWith("failed library/app blob")).length, 1, lines.join("\n"));
    await using vault = await site.serve();
    const statusOf = async (digest: string) => (await vault.ask(`/v2/library/app/blobs/${digest}`)).status;
    assert.equal(await statusOf(config.digest), 200);
    assert.notEqual(await statusOf(top!.digest), 200);
    assert.notEqual((await vault.ask("/v2/library/app/manifests/1")).status, 200);
  },
);

function linkTo({ filename, sha256 }: PackageFile, host = "https://files.pythonhosted.org/packages"): string {
  return `<a href="${host}/aa/bb/cc/${filename}#sha256=${sha256}" data-requires-python="&gt;=3.8">${filename}</a>`;
}

function pageWith(...links: readonly string[]): string {
  return `<!DOCTYPE html><html><body>${links.join("<br />\n")}</body></html>`;
}

const [app, newer] = [createWheel("app", "1.0"), createWheel("app", "2.0")];

Deno.test("rewritten pages are undone, and their files are taken that have the hashes of the page", async () => {
  await using dir = await createTempDir();
  await using site = await createForeignSite([pypi]);
  const cache = cacheIn(dir);
  const wrong = createWheel("app", "3.0");
  const page = pageWith(linkTo(app), linkTo(newer), linkTo(wrong));
  cache.addProjectPage("/python/simple/", "app", page, "https://files.pythonhosted.org/packages");
  assert.ok(
    Deno.readTextFileSync(`${cache.path}/python/simple/simple/app.binary`).includes('"/python/simple/packages/'),
  );
  cache.add("/python/simple/", `packages/aa/bb/cc/${app.filename}`, app.bytes);
  cache.add("/python/simple/", `packages/aa/bb/cc/${wrong.filename}`, newer.bytes);
  const expected = (first: string) => [
    ...first === "" ? [] : [first],
    `${first === "" ? "cached" : "imported"} ${app.filename}`,
    `left_out ${wrong.filename}: the cached page of app lists it with another hash; purge the page to have one made of the files`,
  ];
  assert.deepEqual((await site.import(cache.path)).lines, expected("imported the page of app"));
  assert.deepEqual((await site.import(cache.path)).lines, expected(""));
  await using vault = await site.serve({ offline_indexes: "full" });
  const url = `${vault.origin}/python/simple/simple/app/`;
  const { files } = await (await fetch(url, { headers: { accept: "application/vnd.pypi.simple.v1+json" } })).json();
  assert.deepEqual(
    files.map((file: { filename: string }) => file.filename),
    [app, newer, wrong].map((one) => one.filename),
  );
  assert.deepEqual(await (await fetch(new URL(files[0].url, url))).bytes(), app.bytes);
  const entry = await runToSuccess(["grep", "-rl", "https://files.pythonhosted.org/packages/aa/bb/cc/", site.cacheDir]);
  assert.notEqual(entry, "", "what is stored leads to the index's files again");
});

Deno.test("where no page of a project is cached, one is made of the files", async () => {
  await using dir = await createTempDir();
  await using site = await createForeignSite([{ type: "pypi", config: { prefix: "/pypi" } }]);
  const cache = cacheIn(dir);
  cache.add("/pypi", `/packages/aa/bb/cc/${app.filename}`, app.bytes);
  cache.add("/pypi", `/packages/aa/bb/cc/${app.filename}.metadata`, app.metadata!);
  cache.add("/pypi", "/simple/", "all projects");
  cache.add("/pypi", "/pypi/app/json", "what is known about a project");
  assert.deepEqual((await site.import(cache.path)).lines, [
    "imported the page of app",
    `imported ${app.filename}`,
    `imported ${app.filename}.metadata`,
    "left_out pypi/app/json: it is neither a package nor the page of a project",
  ]);
  await using vault = await site.serve();
  assert.ok((await vault.ask("/pypi/simple/app/")).text.includes(`sha256=${app.sha256}`));
});

Deno.test("repositories are imported with lists that were stored unpacked, and packages that no list has are named", async () => {
  await using dir = await createTempDir();
  await using site = await createForeignSite([ubuntu]);
  const cache = cacheIn(dir);
  const [foo, bad] = ["pool/main/f/foo_1_amd64.deb", "pool/main/b/bad_1_all.deb"];
  const list = [[foo, "foo"], [bad, "bad"]].map(([path, text]) => `Filename: ${path}\nSHA256: ${sha256(text!)}\n`).join(
    "\n",
  );
  const index = "main/binary-amd64/Packages";
  const packed = gzipSync(list);
  const release = releaseText({ indexes: { [index]: list }, nth: 1 });
  cache.addAptMetadata("/ubuntu/", "dists/stable/InRelease", new TextEncoder().encode(release));
  cache.addAptMetadata("/ubuntu/", `dists/stable/${index}.gz`, packed);
  cache.add("/ubuntu/", foo, "foo");
  cache.add("/ubuntu/", bad, "not what the list says");
  cache.add("/ubuntu/", "pool/stray_1_all.deb", "in no list");
  const { lines } = await site.import(cache.path);
  assert.deepEqual(lines.slice(0, 3), [
    `imported dists/stable/${index}`,
    "imported ubuntu/dists/stable/InRelease",
    `imported ${foo}`,
  ]);
  assert.match(lines[3]!, new RegExp(`^failed ${bad}: `));
  assert.deepEqual(lines.slice(4), [
    "left_out pool/stray_1_all.deb: no list that was imported has a package with its digest",
  ]);
  await using vault = await site.serve();
  assert.equal((await vault.ask("/ubuntu/dists/stable/InRelease")).text, release);
  assert.equal((await vault.ask(`/ubuntu/dists/stable/${index}`)).text, list);
  assert.equal((await vault.ask(`/ubuntu/${foo}`)).text, "foo");
  assert.notEqual((await vault.ask(`/ubuntu/${bad}`)).status, 200);
});

Deno.test("folders go to the backends with their prefixes, or that the user names, also out of an archive", async () => {
  await using dir = await createTempDir();
  await using site = await createForeignSite([files, {
    type: "http",
    name: "nested",
    config: { prefix: "/a/b", base_url: "https://b.example.com" },
  }]);
  const cache = cacheIn(dir);
  cache.add("/example/", "one", "1");
  cache.add("/a/b/", "two", "2");
  cache.add("/a/c/", "three", "3");
  const archive = dir.join("cache.tar.gz");
  await runToSuccess(["tar", "-czf", archive, "-C", dir.path, cache.path.slice(dir.path.length + 1)]);
  const why = (text: string) =>
    `left_out a/c: ${text}; say with --map a/c=BACKEND which one is meant (example, nested)`;
  assert.deepEqual((await site.import(archive)).lines, [
    "imported example/one",
    "imported a/b/two",
    why('no backend has the prefix "/a/c"'),
  ]);
  assert.equal((await site.import(cache.path, { "a/c": "other" })).lines.at(-1), why('no backend is called "other"'));
  assert.deepEqual((await site.import(cache.path, { "a/c": "nested" })).lines, [
    "cached example/one",
    "cached a/b/two",
    "imported a/c/three",
  ]);
  await using vault = await site.serve();
  assert.equal((await vault.ask("/a/b/three")).text, "3");
});

Deno.test("bundle import says how many files of the original cache it has taken without a digest", async () => {
  await using scene = await BundleScene.open();
  const cache = new OriginalCache(scene.path("original"));
  cache.add("/files/", "one", "1");
  cache.add("/pypi/", `packages/aa/bb/cc/${app.filename}`, app.bytes);
  const { code, stdout, stderr } = await scene.bundle("inside", "import", cache.path);
  assert.deepEqual([code, stderr], [0, ""]);
  assert.match(
    stdout,
    /^Imported .*original, the cache of the original Artifact Vault: 4 new files, .* \(1 of them unverified, since nothing says which digest to expect\); 0 were cached already; 0 could not be imported\n$/,
  );
});
