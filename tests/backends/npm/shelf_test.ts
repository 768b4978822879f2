import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { dirname } from "node:path";
import { createForeignSite } from "../../support/foreign_import.ts";
import { createNpmPackage, type NpmPackage } from "../../support/npm/npm_package.ts";
import { NpmRegistry } from "../../support/npm/npm_registry.ts";
import { OriginalCache } from "../../support/original_cache.ts";
import { createTempDir } from "../../support/temp_dir.ts";

const backends = [{ type: "npm", name: "npm", config: { registry_url: "https://registry.test" } }];
const tool = createNpmPackage("@acme/tool", "1.0.0");
const other = createNpmPackage("other", "2.0.0");

/** Writes an answer as npm keeps it (cacache). */
async function cacheAnswer(root: string, url: string, body: Uint8Array, contentType: string): Promise<void> {
  const hex = createHash("sha512").update(body).digest("hex");
  const integrity = `sha512-${createHash("sha512").update(body).digest("base64")}`;
  const key = `make-fetch-happen:request-cache:${url}`;
  const metadata = { url, resHeaders: { "content-type": contentType } };
  const line = JSON.stringify({ key, integrity, time: 1_700_000_000_000, size: body.byteLength, metadata });
  const bucket = createHash("sha256").update(key).digest("hex");
  const files = {
    [`content-v2/sha512/${hex.slice(0, 2)}/${hex.slice(2, 4)}/${hex.slice(4)}`]: body,
    [`index-v5/${bucket.slice(0, 2)}/${bucket.slice(2, 4)}/${bucket.slice(4)}`]: new TextEncoder().encode(
      `\n${createHash("sha1").update(line).digest("hex")}\t${line}`,
    ),
  };
  for (const [path, bytes] of Object.entries(files)) {
    await Deno.mkdir(dirname(`${root}/${path}`), { recursive: true });
    await Deno.writeFile(`${root}/${path}`, bytes);
  }
}

Deno.test("the cache of npm is imported: documents and tarballs, and a second time nothing is lost", async () => {
  await using dir = await createTempDir();
  await using registry = new NpmRegistry();
  for (const one of [tool, other]) registry.publish(one);
  const root = dir.join("npm", "_cacache");
  const documentOf = (name: string) => new TextEncoder().encode(JSON.stringify(registry.packument(name)));
  const vault = "http://other-vault.test/npm";
  await cacheAnswer(root, `${vault}/@acme%2ftool`, documentOf("@acme/tool"), "application/json");
  await cacheAnswer(root, `${vault}/@acme/tool/-/tool-1.0.0.tgz`, tool.tarball, "application/octet-stream");
  await cacheAnswer(root, `${vault}/other`, documentOf("other"), "application/vnd.npm.install-v1+json");
  await cacheAnswer(root, `${vault}/other/-/other-2.0.0.tgz`, other.tarball, "application/octet-stream");
  await cacheAnswer(root, `${vault}/alone/-/alone-1.0.0.tgz`, other.tarball, "application/octet-stream");
  await cacheAnswer(root, `${vault}/-/npm/v1/keys`, new Uint8Array([1]), "application/json");

  await using site = await createForeignSite(backends);
  const { description, lines } = await site.import(dir.join("npm"));
  assert.match(description, /the cache of npm/);
  const leftOut = "left_out alone-1.0.0.tgz: there is no document about alone that lists it";
  assert.deepEqual(lines.toSorted(), [
    "imported other-2.0.0.tgz",
    "imported the document about @acme/tool",
    "imported the document about other",
    "imported tool-1.0.0.tgz",
    leftOut,
  ]);
  const again = await site.import(dir.join("npm"));
  assert.deepEqual(again.lines.toSorted(), ["cached other-2.0.0.tgz", "cached tool-1.0.0.tgz", leftOut]);
  await using served = await site.serve();
  for (
    const [path, { tarball }] of [
      ["/npm/@acme/tool/-/tool-1.0.0.tgz", tool],
      ["/npm/other/-/other-2.0.0.tgz", other],
    ] as [string, NpmPackage][]
  ) {
    assert.deepEqual((await served.ask(path)).body, tarball);
  }
  const document = JSON.parse((await served.ask("/npm/@acme/tool")).text);
  assert.equal(document["dist-tags"].latest, "1.0.0");
});

Deno.test("what the original Artifact Vault has cached of a registry is imported, and what was cut short is not", async () => {
  await using dir = await createTempDir();
  await using registry = new NpmRegistry();
  const cut = createNpmPackage("cut", "3.0.0");
  const cache = new OriginalCache(dir.join("original"));
  for (const one of [tool, other, cut]) {
    registry.publish(one);
    const file = `${one.name.replace(/^.*\//, "")}-${one.version}.tgz`;
    const tarball = one === cut ? one.tarball.subarray(0, 100) : one.tarball;
    cache.add("/npm/", one.name, JSON.stringify(registry.packument(one.name)), { contentType: "application/json" });
    cache.add("/npm/", `${one.name}/-/${file}`, tarball, { contentType: "application/octet-stream" });
  }
  cache.add("/npm/", "alone/-/alone-1.0.0.tgz", other.tarball);
  await using site = await createForeignSite(backends);
  const { description, lines } = await site.import(cache.path);
  assert.equal(description, "the cache of the original Artifact Vault");
  const wrong = lines.filter((line) => !line.startsWith("imported "));
  assert.equal(wrong.length, 2, lines.join("\n"));
  assert.ok(wrong.includes("left_out alone-1.0.0.tgz: there is no document about alone that lists it"));
  assert.ok(wrong.some((line) => /^\w+ cut-3\.0\.0\.tgz: /.test(line)), wrong.join("\n"));
  assert.deepEqual(lines.filter((line) => line.startsWith("imported ")).toSorted(), [
    "imported other-2.0.0.tgz",
    "imported the document about @acme/tool",
    "imported the document about cut",
    "imported the document about other",
    "imported tool-1.0.0.tgz",
  ]);
  await using vault = await site.serve();
  for (const one of [tool, other]) {
    const { tarball } = JSON.parse((await vault.ask(`/npm/${one.name}`)).text).versions[one.version].dist;
    assert.deepEqual(
      new Uint8Array(await (await fetch(new URL(new URL(tarball).pathname, vault.origin))).bytes()),
      one.tarball,
    );
  }
  assert.equal((await vault.ask("/npm/cut/-/cut-3.0.0.tgz")).status, 404);
});
