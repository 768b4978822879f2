import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { hasBlob } from "../../support/cache_dir.ts";
import { createNpmPackage } from "../../support/npm/npm_package.ts";
import type { NpmRegistry } from "../../support/npm/npm_registry.ts";
import type { RawAnswer } from "../../support/raw_client.ts";
import { waitUntil } from "../../support/wait_until.ts";
import { abbreviatedType, abbreviating, npmHeaders, NpmScene, pnpmHeaders, textOf } from "./scene.ts";

const modified = new Date("2024-05-06T07:08:09.000Z");

function publishTool(registry: NpmRegistry): void {
  registry.publish(createNpmPackage("tool", "1.0.0"));
  registry.publish(createNpmPackage("tool", "1.1.0", { dependencies: { other: "^1" } }), {
    at: modified,
    more: { deprecated: "use another", stagedVersions: 1 },
  });
}

const forms: Readonly<Record<string, Record<string, string>>> = {
  full: {},
  "full, packed": { "accept-encoding": "gzip, deflate, br" },
  abbreviated: abbreviating,
  "abbreviated, packed": { ...abbreviating, "accept-encoding": "br;q=1, gzip" },
};

Deno.test("each form has a strong ETag of its own, the same after a restart, and 304 for it", async () => {
  await using scene = await NpmScene.create();
  publishTool(scene.registry);
  const tags = new Map<string, string>();
  for (const start of ["first", "second"]) {
    await using vault = await scene.start();
    for (const [form, headers] of Object.entries(forms)) {
      const answer = await vault.ask("/tool", { headers });
      assert.equal(answer.status, 200);
      const etag = answer.headers.get("etag")!;
      assert.match(etag, /^"[0-9a-f]{32}"$/);
      assert.equal(tags.get(form) ?? etag, etag, `${form} at the ${start} start`);
      tags.set(form, etag);
      for (const method of ["GET", "HEAD"]) {
        const again = await vault.ask("/tool", { method, headers: { ...headers, "if-none-match": etag } });
        assert.deepEqual([again.status, again.body.length], [304, 0]);
      }
    }
  }
  assert.equal(new Set(tags.values()).size, 4, "pnpm #14925: one ETag for two forms");
  assert.equal(scene.registry.count("GET", /^\/tool$/), 1, "one document for all forms");
});

Deno.test("Last-Modified is upstream's to the byte, and answers If-Modified-Since", async () => {
  await using scene = await NpmScene.create();
  publishTool(scene.registry);
  await using vault = await scene.start();
  for (const headers of Object.values(forms)) {
    const { headers: got } = await vault.ask("/tool", { method: "HEAD", headers });
    assert.equal(got.get("last-modified"), modified.toUTCString());
    const since = { ...headers, "if-modified-since": modified.toUTCString() };
    assert.equal((await vault.ask("/tool", { headers: since })).status, 304);
    const before = { ...headers, "if-modified-since": new Date(0).toUTCString() };
    assert.equal((await vault.ask("/tool", { headers: before })).status, 200);
  }
});

Deno.test("clients may keep a document for some minutes, and never learn no-store or no-cache (pnpm #16528)", async () => {
  await using scene = await NpmScene.create();
  publishTool(scene.registry);
  for (const [ttl, maxAge] of [["1m", 60], ["forever", 300], ["0s", 0]] as const) {
    await using vault = await scene.start({ ttl });
    const { headers } = await vault.ask("/tool");
    assert.equal(headers.get("cache-control"), `public, max-age=${maxAge}`);
    assert.equal(headers.get("vary"), "Accept, Accept-Encoding, User-Agent");
  }
});

Deno.test("the forms say what they are, packed for who takes it", async () => {
  await using scene = await NpmScene.create();
  publishTool(scene.registry);
  await using vault = await scene.start();
  const texts: string[] = [];
  for (const [form, headers] of Object.entries(forms)) {
    const answer = await vault.ask("/tool", { headers });
    const isPacked = form.endsWith("packed");
    assert.equal(answer.headers.get("content-encoding"), isPacked ? "gzip" : null);
    const type = form.startsWith("full") ? "application/json" : abbreviatedType;
    assert.equal(answer.headers.get("content-type"), `${type}; charset=utf-8`);
    const bytes = isPacked ? gunzipSync(answer.body) : answer.body;
    texts.push(new TextDecoder().decode(bytes));
  }
  const [full, packed, abbreviated, packedToo] = texts;
  assert.deepEqual([packed, packedToo], [full, abbreviated]);
  const short = JSON.parse(abbreviated!);
  assert.deepEqual([short.modified, short.readme, short.time], [modified.toISOString(), undefined, undefined]);
  assert.equal(short.versions["1.1.0"].deprecated, "use another");
  assert.deepEqual(short.versions["1.1.0"].dependencies, { other: "^1" });
  assert.equal(JSON.parse(full!).versions["1.1.0"].stagedVersions, 1, "unknown keys pass");
});

Deno.test("a refusal of gzip is heard", async () => {
  await using scene = await NpmScene.create();
  publishTool(scene.registry);
  await using vault = await scene.start();
  for (const offer of ["gzip;q=0", "gzip; q=0.0, br", "br", "identity"]) {
    const { headers } = await vault.ask("/tool", { headers: { "accept-encoding": offer } });
    assert.equal(headers.get("content-encoding"), null, offer);
  }
  for (const offer of ["*", "x-gzip", "GZIP;q=0.1"]) {
    const { headers } = await vault.ask("/tool", { headers: { "accept-encoding": offer } });
    assert.equal(headers.get("content-encoding"), "gzip", offer);
  }
});

Deno.test("a scope is the same in all encodings", async () => {
  await using scene = await NpmScene.create();
  scene.registry.publish(createNpmPackage("@acme/tool", "1.0.0"));
  await using vault = await scene.start();
  for (const path of ["/@acme/tool", "/@acme%2ftool", "/@acme%2Ftool", "/%40acme%2ftool"]) {
    const document = await vault.json(path);
    assert.deepEqual([document.name, document._id], ["@acme/tool", "@acme/tool"]);
  }
  assert.deepEqual(scene.registry.lines, ["GET /@acme%2ftool"], "as npm asks, and once");
});

Deno.test("versions and tags are cut from the document, with signatures to the byte (corepack #725)", async () => {
  await using scene = await NpmScene.create();
  publishTool(scene.registry);
  scene.registry.tag("tool", "old", "1.0.0");
  await using vault = await scene.start();
  const { versions } = scene.registry.packument("tool") as {
    versions: Record<string, { dist: Record<string, unknown> }>;
  };
  // The signatures of the stand-in are new each time: those of the document count.
  const listed = await vault.json("/tool");
  for (const [wanted, version] of [["1.0.0", "1.0.0"], ["latest", "1.1.0"], ["old", "1.0.0"]] as const) {
    const manifest = await vault.json(`/tool/${wanted}`);
    assert.equal(manifest.version, version);
    assert.deepEqual(Object.keys(manifest.dist), Object.keys(versions[version]!.dist));
    assert.deepEqual(manifest, listed.versions[version]);
    const { headers } = await vault.ask(`/tool/${wanted}`);
    assert.equal(
      (await vault.ask(`/tool/${wanted}`, { headers: { "if-none-match": headers.get("etag")! } })).status,
      304,
    );
  }
  assert.deepEqual(await vault.json("/-/package/tool/dist-tags"), { latest: "1.1.0", old: "1.0.0" });
  const missing = await vault.ask("/tool/9.9.9");
  assert.deepEqual([missing.status, JSON.parse(missing.text).code], [404, "not_found"]);
  assert.equal(scene.registry.requests.length, 1);
});

Deno.test("links are at the name by which each client knows the vault (npm/cli #9796, #9474)", async () => {
  await using scene = await NpmScene.create();
  publishTool(scene.registry);
  const tarballOf = (answer: RawAnswer) => JSON.parse(textOf(answer)).versions["1.0.0"].dist.tarball;
  const forwarded = {
    host: "vault.test",
    "x-forwarded-proto": "https",
    "x-forwarded-host": "other.test",
    "x-forwarded-prefix": "/part",
    forwarded: "for=192.0.2.1;proto=https;host=other.test",
  };
  {
    await using vault = await scene.start();
    for (const host of ["vault.test", "127.0.0.1:8080", "[::1]:8080"]) {
      const answer = await vault.ask("/tool", { headers: { host, ...pnpmHeaders } });
      assert.equal(tarballOf(answer), `http://${host}/npm/tool/-/tool-1.0.0.tgz`);
    }
    const lied = tarballOf(await vault.ask("/tool", { headers: forwarded }));
    assert.equal(lied, "http://vault.test/npm/tool/-/tool-1.0.0.tgz", "anybody can write that");
  }
  await using behindProxy = await scene.start({}, { trusted_proxies: ["127.0.0.1"] });
  const told = tarballOf(await behindProxy.ask("/tool", { headers: forwarded }));
  assert.equal(told, "https://other.test/part/npm/tool/-/tool-1.0.0.tgz", "yarn PR 3172");
  assert.equal(scene.registry.requests.length, 1);
});

const publicRegistry = "https://registry.public.test";

type Place = "public" | "vault" | "sent";

const links: readonly [name: string, keys: Record<string, string>, ofNpm: Place, ofPnpm: Place][] = [
  ["auto, and no public registry", {}, "vault", "vault"],
  ["auto", { public_registry: publicRegistry }, "public", "vault"],
  ["vault", { tarball_urls: "vault", public_registry: publicRegistry }, "vault", "vault"],
  ["public", { tarball_urls: "public", public_registry: publicRegistry }, "public", "public"],
  ["public, as upstream has them", { tarball_urls: "public" }, "sent", "sent"],
];

for (const [name, keys, ofNpm, ofPnpm] of links) {
  Deno.test(`where tarballs are: ${name}`, async () => {
    await using scene = await NpmScene.create({ linkOrigin: "https://registry.other.test" });
    publishTool(scene.registry);
    await using vault = await scene.start(keys);
    const path = "/tool/-/tool-1.0.0.tgz";
    const urls = {
      public: publicRegistry + path,
      vault: `${vault.app.origin}/npm${path}`.replace(/\/\/[^/]+/, "//vault"),
      sent: `https://registry.other.test${path}`,
    };
    for (const [headers, expected] of [[npmHeaders, ofNpm], [pnpmHeaders, ofPnpm]] as const) {
      const { versions } = await vault.json("/tool", headers);
      assert.equal(versions["1.0.0"].dist.tarball, urls[expected]);
    }
  });
}

Deno.test("an upstream that only knows the whole form serves both (artifact-keeper #649)", async () => {
  await using scene = await NpmScene.create({ abbreviates: false });
  publishTool(scene.registry);
  await using vault = await scene.start();
  assert.deepEqual(Object.keys((await vault.json("/tool", abbreviating)).versions), ["1.0.0", "1.1.0"]);
});

Deno.test("a document without times passes, in both forms (pnpm #10610)", async () => {
  await using scene = await NpmScene.create({ tellsTimes: false });
  publishTool(scene.registry);
  await using vault = await scene.start();
  const full = await vault.json("/tool");
  const short = await vault.json("/tool", abbreviating);
  assert.deepEqual([full.time, short.modified], [undefined, undefined]);
});

Deno.test("a 404 that was a passing one is forgotten in time (verdaccio #645)", async () => {
  await using scene = await NpmScene.create();
  await using vault = await scene.start({ negative_ttl: "0s" });
  assert.equal((await vault.ask("/tool")).status, 404);
  publishTool(scene.registry);
  assert.equal((await vault.ask("/tool")).status, 200);
});

Deno.test("what is cached is served without upstream: document, version, tag and tarball (verdaccio #208)", async () => {
  await using scene = await NpmScene.create();
  publishTool(scene.registry);
  await using vault = await scene.start({ ttl: "0s" });
  const paths = ["/tool", "/tool/1.0.0", "/tool/latest", "/-/package/tool/dist-tags", "/tool/-/tool-1.1.0.tgz"];
  const before: RawAnswer[] = [];
  for (const path of paths) before.push(await vault.ask(path));
  scene.registry.forget();
  await vault.ask("/tool/-/tool-1.1.0.tgz");
  assert.deepEqual(scene.registry.lines, [], "a tarball never changes");
  await scene.registry.refuse();
  for (const [index, path] of paths.entries()) {
    const { status, body } = await vault.ask(path);
    assert.deepEqual([status, body], [200, before[index]!.body], path);
  }
});

Deno.test("a new version appears after ttl, however long upstream lets a document be kept (verdaccio #1854)", async () => {
  await using scene = await NpmScene.create();
  const { registry } = scene;
  publishTool(registry);
  registry.fault = async (_request, pass) => {
    const response = await pass();
    response.headers.set("cache-control", "public, immutable, max-age=31536000");
    return response;
  };
  await using vault = await scene.start({ ttl: "0s" });
  const { headers } = await vault.ask("/tool");
  assert.equal(headers.get("cache-control"), "public, max-age=0", "clients do not keep it either");
  registry.publish(createNpmPackage("tool", "1.2.0"));
  for (const form of Object.values(forms)) {
    const { versions } = JSON.parse(textOf(await vault.ask("/tool", { headers: form })));
    assert.deepEqual(Object.keys(versions), ["1.0.0", "1.1.0", "1.2.0"]);
  }
});

Deno.test("tags are those of the registry, also where they are odd, and only they move (nexus #382)", async () => {
  await using scene = await NpmScene.create();
  const { registry } = scene;
  publishTool(registry);
  registry.publish(createNpmPackage("tool", "3.0.0-rc.1"), { isLatest: false });
  registry.publish(createNpmPackage("tool", "2.0.0"), { isLatest: false });
  registry.tag("tool", "latest", "1.0.0");
  registry.tag("tool", "next", "3.0.0-rc.1");
  registry.tag("tool", "gone", "0.9.0");
  await using vault = await scene.start({ ttl: "0s" });
  const expected = { latest: "1.0.0", next: "3.0.0-rc.1", gone: "0.9.0" };
  for (const form of Object.values(forms)) {
    const document = JSON.parse(textOf(await vault.ask("/tool", { headers: form })));
    assert.deepEqual(document["dist-tags"], expected);
  }
  assert.deepEqual(await vault.json("/-/package/tool/dist-tags"), expected);
  assert.equal((await vault.json("/tool/latest")).version, "1.0.0");
  registry.publish(createNpmPackage("tool", "4.0.0"), { isLatest: false });
  assert.deepEqual((await vault.json("/tool"))["dist-tags"], expected);
});

Deno.test("what is packed for clients is stored packed, and no request packs it again (verdaccio #3041)", async () => {
  await using scene = await NpmScene.create();
  const dependencies = Object.fromEntries(Array.from({ length: 20_000 }, () => [crypto.randomUUID(), "1"]));
  scene.registry.publish(createNpmPackage("tool", "1.0.0", { dependencies }));
  await using vault = await scene.start();
  for (const form of [forms["full, packed"]!, forms["abbreviated, packed"]!]) {
    const { headers, body } = await vault.ask("/tool", { headers: form });
    assert.equal(headers.get("content-encoding"), "gzip");
    const sha256 = createHash("sha256").update(body).digest("hex");
    await waitUntil("it is stored as it was sent", () => hasBlob(vault.app.cacheDir, sha256));
    assert.deepEqual((await vault.ask("/tool", { headers: form })).body, body);
  }
});

Deno.test("the document about another package is an outage", async () => {
  await using scene = await NpmScene.create();
  publishTool(scene.registry);
  scene.registry.fault = () => Response.json(scene.registry.packument("tool"));
  await using vault = await scene.start();
  const answer = await vault.ask("/other");
  assert.deepEqual([answer.status, JSON.parse(answer.text).code], [502, "upstream_failed"]);
});

Deno.test("a document of 10 MB: 20 clients, one fetch; written once, also across a restart (verdaccio #6019)", async () => {
  await using scene = await NpmScene.create();
  publishTool(scene.registry);
  scene.registry.describe("tool", "0123456789".repeat(1_000_000));
  let etag: string | null = null;
  {
    await using vault = await scene.start();
    const ask = () => vault.ask("/tool", { headers: { "accept-encoding": "gzip" } });
    const answers = await Promise.all(Array.from({ length: 20 }, ask));
    for (const answer of answers) {
      assert.ok(answer.status === 200 && answer.complete);
      etag ??= answer.headers.get("etag");
      assert.equal(answer.headers.get("etag"), etag);
    }
    assert.equal(JSON.parse(textOf(answers[0]!)).readme.length, 10_000_000);
    const hit = await ask();
    assert.match(hit.headers.get("cache-status")!, /^vault; hit; ttl=/);
    const short = await vault.json("/tool", abbreviating);
    assert.deepEqual(Object.keys(short.versions), ["1.0.0", "1.1.0"]);
  }
  await using vault = await scene.start();
  const head = await vault.ask("/tool", { method: "HEAD", headers: { "accept-encoding": "gzip" } });
  assert.deepEqual([head.status, head.headers.get("etag")], [200, etag]);
  assert.equal(scene.registry.requests.length, 1);
});
