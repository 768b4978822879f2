import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { type AptGeneration, AptUpstream, releaseText, sha256, signatureText } from "../../support/apt/upstream.ts";
import { FakeNow } from "../../support/fake_now.ts";
import { anna, AptScene, boris, policyWith } from "./scene.ts";

const suite = "/dists/stable";
const listed = "main/binary-amd64/Packages";
const [inRelease, release, signature] = [`${suite}/InRelease`, `${suite}/Release`, `${suite}/Release.gpg`];
const packages = `${suite}/${listed}`;
const minute = 60_000;

function generation(nth: number, more: Partial<AptGeneration> = {}): AptGeneration {
  return { nth, indexes: { [listed]: `packages ${nth}\n` }, ...more };
}

/** Where a client has the first generation, with its index. */
async function setUp(options: ConstructorParameters<typeof AptScene>[0] = {}): Promise<AptScene> {
  const scene = new AptScene(options);
  scene.upstream.put(suite, generation(1));
  await scene.read(inRelease);
  await scene.read(packages);
  return scene;
}

Deno.test("clients do not wait for ever for a new release: they get the old one whole, until all of it is there", async () => {
  await using scene = await setUp({ patienceMs: 0 });
  const { upstream } = scene;
  upstream.put(suite, generation(2));
  const hold = upstream.upstream.hold(packages);
  upstream.upstream.requests.length = 0;
  for (const client of [anna, boris]) {
    assert.equal(await scene.read(inRelease, { client }), releaseText(generation(1)));
    assert.equal(await scene.read(packages, { client }), "packages 1\n");
  }
  assert.equal(upstream.upstream.count(inRelease), 1);
  hold.release();
  await scene.logged(/A new release/);
  assert.equal(await scene.read(inRelease), releaseText(generation(2)));
  assert.equal(await scene.read(packages), "packages 2\n");
});

Deno.test("a release that came before upstream went down does not take the place of one that is whole", async () => {
  using now = new FakeNow();
  await using scene = await setUp();
  const { upstream } = scene;
  upstream.putRelease(suite, generation(2));
  for (let tries = 0; tries < 3; tries++) assert.equal(await scene.read(inRelease), releaseText(generation(1)));
  await upstream[Symbol.asyncDispose]();
  now.advance(120 * minute);
  const { text, cacheStatus } = await scene.ask(inRelease, { client: boris });
  assert.equal(text, releaseText(generation(1)));
  assert.match(cacheStatus, /stale-if-error/);
  assert.equal(await scene.read(packages, { client: boris }), "packages 1\n");
  scene.restart({ policy: policyWith({ offline: true }) });
  assert.equal(await scene.read(inRelease), releaseText(generation(1)));
  assert.equal(await scene.read(packages), "packages 1\n");
});

Deno.test("a part that is broken for good does not keep a new release back for more than an hour", async () => {
  using now = new FakeNow();
  await using scene = await setUp();
  scene.upstream.putRelease(suite, generation(2));
  for (const wait of [0, 20, 20, 19]) {
    now.advance(wait * minute);
    assert.equal(await scene.read(inRelease), releaseText(generation(1)));
  }
  now.advance(minute);
  assert.equal(await scene.read(inRelease), releaseText(generation(2)));
  await scene.logged(/Adopting the release at \/dists\/stable\/InRelease all the same, after 60 minutes/);
  await assert.rejects(scene.read(packages), { code: "digest_mismatch" });
});

Deno.test("two clients who come at two of upstream's syncs, hours apart, get what is whole", async () => {
  using now = new FakeNow();
  await using scene = await setUp();
  for (const nth of [2, 3]) {
    now.advance(120 * minute);
    scene.upstream.putRelease(suite, generation(nth));
    assert.equal(await scene.read(inRelease), releaseText(generation(1)));
  }
  scene.upstream.put(suite, generation(3));
  assert.equal(await scene.read(inRelease), releaseText(generation(3)));
});

Deno.test("failures count in a row only: a release that is taken back upstream ends them", async () => {
  using now = new FakeNow();
  await using scene = await setUp();
  scene.upstream.putRelease(suite, generation(2));
  for (let tries = 0; tries < 3; tries++) assert.equal(await scene.read(inRelease), releaseText(generation(1)));
  scene.upstream.putRelease(suite, generation(1));
  await scene.read(inRelease);
  now.advance(120 * minute);
  scene.upstream.putRelease(suite, generation(3));
  assert.equal(await scene.read(inRelease), releaseText(generation(1)));
});

Deno.test("an index that was missing in the middle of a sync is looked for again as soon as the release is", async () => {
  await using scene = await setUp();
  const { upstream } = scene;
  upstream.putRelease(suite, generation(2));
  upstream.upstream.serve(packages, { status: 404, body: "" });
  assert.equal(await scene.read(inRelease), releaseText(generation(1)));
  upstream.put(suite, generation(2));
  assert.equal(await scene.read(inRelease), releaseText(generation(2)));
  assert.equal(await scene.read(packages), "packages 2\n");
});

Deno.test("who asks for an index only gets the newest one that is whole", async () => {
  using now = new FakeNow();
  await using scene = await setUp();
  scene.upstream.put(suite, generation(2));
  assert.equal(await scene.read(packages), "packages 1\n");
  assert.equal(await scene.read(packages, { client: boris }), "packages 2\n");
  now.advance(16 * minute);
  assert.equal(await scene.read(packages), "packages 2\n");
});

Deno.test("a mirror that is behind does not take its clients back when the first one is down", async () => {
  await using behind = new AptUpstream();
  await using scene = new AptScene();
  const { upstream } = scene;
  scene.restart({ mirrors: [upstream.upstream.origin, behind.upstream.origin] });
  behind.put(suite, generation(1));
  upstream.put(suite, generation(2));
  await scene.read(inRelease);
  await scene.read(packages);
  await upstream[Symbol.asyncDispose]();
  assert.equal(await scene.read(inRelease, { client: boris }), releaseText(generation(2)));
  assert.equal(await scene.read(packages, { client: boris }), "packages 2\n");
  await scene.logged(/older than the cached one/);
  behind.put(suite, generation(3));
  assert.equal(await scene.read(inRelease), releaseText(generation(3)));
});

Deno.test("every mirror is asked by hash before one is asked by path", async () => {
  await using second = new AptUpstream();
  await using scene = new AptScene();
  const { upstream } = scene;
  scene.restart({ mirrors: [upstream.upstream.origin, second.upstream.origin] });
  const byHash = generation(1, { acquireByHash: true });
  upstream.putRelease(suite, byHash);
  second.putIndexes(suite, byHash);
  await scene.read(inRelease);
  assert.equal(await scene.read(packages), "packages 1\n");
  const path = `${suite}/main/binary-amd64/by-hash/SHA256/${sha256("packages 1\n")}`;
  assert.deepEqual([upstream.asked(), second.asked()], [[inRelease, path], [path]]);
});

Deno.test("a date that two releases have confirms neither", async () => {
  await using scene = new AptScene();
  const [first, twin] = [generation(1), generation(1, { fields: "Codename: twin\n" })];
  const date = "Thu, 01 Jan 2026 00:00:01 GMT";
  const put = (nth: AptGeneration, etag: string) =>
    scene.upstream.upstream.serve(inRelease, { body: releaseText(nth), lastModified: date, etag });
  put(first, '"first"');
  assert.equal(await scene.lastModified(inRelease), date);
  put(twin, '"twin"');
  assert.equal(await scene.read(inRelease), releaseText(twin));
  assert.equal(await scene.lastModified(inRelease), undefined);
});

Deno.test("a Release that changes while its signature is fetched comes with its own one", async () => {
  await using scene = new AptScene();
  const { upstream } = scene;
  const put = (nth: number) => {
    upstream.put(suite, generation(nth, { name: "Release" }));
    upstream.upstream.serve(signature, { body: signatureText(nth) });
  };
  put(1);
  const hold = upstream.upstream.hold(signature);
  const reading = scene.read(release);
  await hold.reached;
  put(2);
  hold.release();
  assert.equal(await reading, releaseText(generation(2)));
  assert.equal(await scene.read(signature), signatureText(2));
  put(3);
  assert.equal(await scene.read(release), releaseText(generation(3)));
  assert.equal(await scene.read(signature), signatureText(3));
});

Deno.test("a repository may have no signature, get one, and not lose it in the middle of a sync", async () => {
  await using scene = new AptScene();
  const { upstream } = scene;
  const put = (nth: number) => upstream.put(suite, generation(nth, { name: "Release" }));
  put(1);
  assert.equal(await scene.read(release), releaseText(generation(1)));
  assert.deepEqual(upstream.asked(), [release, signature, release]);
  await assert.rejects(scene.read(signature), { code: "not_found" });
  put(2);
  upstream.upstream.serve(signature, { body: signatureText(2) });
  assert.equal(await scene.read(release), releaseText(generation(2)));
  assert.equal(await scene.read(signature), signatureText(2));
  put(3);
  upstream.upstream.serve(signature, { status: 404, body: "" });
  assert.equal(await scene.read(release), releaseText(generation(2)));
  assert.equal(await scene.read(signature), signatureText(2));
});

Deno.test("a Release that the release of its suite lists is an index", async () => {
  await using scene = new AptScene();
  const about = "main/binary-amd64/Release";
  scene.upstream.put(suite, { nth: 1, indexes: { [about]: "Component: main\n" } });
  assert.equal(await scene.read(`${suite}/${about}`), "Component: main\n");
  assert.deepEqual(scene.upstream.asked(), [inRelease, `${suite}/${about}`]);
  scene.upstream.putIndexes(suite, { nth: 2, indexes: { [about]: "Component: other\n" } });
  assert.equal(await scene.read(`${suite}/${about}`), "Component: main\n");
});

Deno.test("an index by a weaker hash is the one that is held by the strongest", async () => {
  await using scene = new AptScene();
  const text = "packages 1\n";
  const sha1 = createHash("sha1").update(text).digest("hex");
  const fields = `SHA1:\n ${sha1} ${text.length} ${listed}\n`;
  scene.upstream.put(suite, generation(1, { fields, acquireByHash: true }));
  await scene.read(inRelease);
  await scene.read(packages);
  assert.equal(await scene.read(`${suite}/main/binary-amd64/by-hash/SHA1/${sha1}`), text);
  assert.equal(scene.upstream.asked().length, 2);
});

const roots = [
  { name: "below the mirror's root", suite: "/debian/dists/stable", pool: "/debian/pool/a_1_all.deb" },
  { name: "flat", suite: "/ubuntu2204/x86_64", pool: "/ubuntu2204/x86_64/a_1_all.deb", listed: "Packages" },
  { name: "flat, with paths from further up", suite: "/repo/x86_64", pool: "/repo/a_1_all.deb", listed: "Packages" },
];

for (const { name, suite, pool, listed: index = listed } of roots) {
  Deno.test(`packages are checked in a repository that is ${name}`, async () => {
    await using scene = new AptScene();
    const { upstream } = scene;
    const root = pool.startsWith("/debian") ? "/debian/" : pool.slice(0, pool.lastIndexOf("/") + 1);
    const text = `Package: a\nFilename: ./${pool.slice(root.length)}\nSHA256: ${sha256("right")}\n\n`;
    upstream.put(suite, { nth: 1, indexes: { [index]: text } });
    await scene.read(`${suite}/InRelease`);
    await scene.read(`${suite}/${index}`);
    upstream.upstream.serve(pool, { body: "wrong" });
    await assert.rejects(scene.read(pool), { code: "digest_mismatch" });
    upstream.upstream.serve(pool, { body: "right" });
    assert.equal(await scene.read(pool), "right");
  });
}

Deno.test("a package that is replaced under its name is fetched again once a list says so, and not before", async () => {
  await using scene = new AptScene();
  const { upstream } = scene;
  const pool = "/debian/pool/a_1_all.deb";
  const debian = "/debian/dists/stable";
  const put = (nth: number, body: string) => {
    const text = `Package: a\nFilename: pool/a_1_all.deb\nSHA256: ${sha256(body)}\n\n`;
    upstream.put(debian, { nth, indexes: { [listed]: text } });
    upstream.upstream.serve(pool, { body });
  };
  put(1, "old");
  for (const path of [`${debian}/InRelease`, `${debian}/${listed}`]) await scene.read(path);
  assert.equal(await scene.read(pool), "old");
  put(2, "new");
  assert.equal(await scene.read(pool), "old");
  await scene.read(`${debian}/InRelease`);
  assert.equal(await scene.read(pool), "new");
  const asked = upstream.asked().length;
  assert.equal(await scene.read(pool), "new");
  assert.equal(upstream.asked().length, asked);
});

const replacements: [name: string, file: string, fillerPackages: number][] = [
  ["a small list", "a_1_all.deb", 0],
  ["a list of more than 1 MiB", "a_1_all.deb", 12_000],
  ["a list that has it without a version", "tool_all.deb", 0],
];

for (const [name, file, fillerPackages] of replacements) {
  Deno.test(`a replaced package stays replaced after a restart, though no client has asked for a release: ${name}`, async () => {
    await using scene = new AptScene();
    const { upstream } = scene;
    const debian = "/debian/dists/stable";
    const filler = Array.from(
      { length: fillerPackages },
      (_, nth) => `Package: f${nth}\nFilename: pool/f${nth}_1_all.deb\nSHA256: ${sha256("filler")}\n\n`,
    ).join("");
    const put = (nth: number, body: string) => {
      const text = `${filler}Package: a\nFilename: pool/${file}\nSHA256: ${sha256(body)}\n\n`;
      upstream.put(debian, { nth, indexes: { [listed]: text } });
      upstream.upstream.serve(`/debian/pool/${file}`, { body });
    };
    const update = async () => {
      for (const path of [`${debian}/InRelease`, `${debian}/${listed}`]) await scene.read(path);
    };
    put(1, "wrong");
    assert.equal(await scene.read(`/debian/pool/${file}`), "wrong", "nothing tells yet what is right");
    put(1, "old");
    await update();
    assert.equal(await scene.read(`/debian/pool/${file}`), "old");
    put(2, "new");
    await update();
    scene.restart();
    assert.equal(await scene.read(`/debian/pool/${file}`), "new");
    const asked = upstream.asked().length;
    assert.equal(await scene.read(`/debian/pool/${file}`), "new");
    if (file !== "tool_all.deb") assert.equal(upstream.asked().length, asked);
  });
}

Deno.test("a package of a repository without a release is confirmed once its ttl is over, and fetched when replaced", async () => {
  await using scene = new AptScene();
  const { upstream: { upstream } } = scene;
  const serve = (body: string) =>
    upstream.serve("/debs/a_1_all.deb", ({ headers }) => {
      const etag = `"${body}"`;
      return headers.get("if-none-match") === etag ? { status: 304, headers: { etag } } : { body, headers: { etag } };
    });
  serve("old");
  for (let times = 0; times < 2; times++) assert.equal(await scene.read("/debs/a_1_all.deb"), "old");
  serve("new");
  assert.equal(await scene.read("/debs/a_1_all.deb"), "new");
});

Deno.test("a list that cannot be read is tried once: packages come unchecked, and the log says so", async () => {
  await using scene = new AptScene();
  const { upstream } = scene;
  const list = "main/binary-amd64/Packages.xz";
  upstream.put("/debian/dists/stable", { nth: 1, indexes: { [list]: "not xz" } });
  for (const path of ["InRelease", list]) await scene.read(`/debian/dists/stable/${path}`);
  for (const name of ["a_1_all.deb", "b_1_all.deb"]) {
    upstream.upstream.serve(`/debian/pool/${name}`, { body: name });
    assert.equal(await scene.read(`/debian/pool/${name}`), name);
  }
  const warnings = scene.log.filter((line) => line.includes("Packages are not checked against"));
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!, /Packages\.xz": Cannot read an index of packages \(xz\)/);
});

Deno.test("a release is never given out with another's signature, however long its own is missing", async () => {
  using now = new FakeNow();
  await using scene = new AptScene();
  const { upstream } = scene;
  upstream.put(suite, generation(1, { name: "Release" }));
  upstream.upstream.serve(signature, { body: signatureText(1) });
  await scene.read(release);
  upstream.put(suite, generation(2, { name: "Release" }));
  for (let hours = 0; hours < 5; hours++) {
    assert.equal(await scene.read(release), releaseText(generation(1)));
    assert.equal(await scene.read(signature), signatureText(1));
    now.advance(60 * minute);
  }
  upstream.upstream.serve(signature, { body: signatureText(2) });
  assert.equal(await scene.read(release), releaseText(generation(2)));
  assert.equal(await scene.read(signature), signatureText(2));
});

Deno.test("a web page is no signature, and a release waits for one", async () => {
  await using scene = new AptScene();
  const { upstream } = scene;
  for (const [nth, body] of [[1, signatureText(1)], [2, "<html>sign in</html>"]] as const) {
    upstream.put(suite, generation(nth, { name: "Release" }));
    upstream.upstream.serve(signature, { body });
    assert.equal(await scene.read(release), releaseText(generation(1)));
    assert.equal(await scene.read(signature), signatureText(1));
  }
  assert.match(scene.log.join("\n"), /stays what it is, .* is no signature/);
});

Deno.test("a web page is no package, not even one that no list has", async () => {
  await using scene = new AptScene();
  scene.upstream.put(suite, generation(1));
  const headers = { "content-type": "text/html; charset=utf-8" };
  scene.upstream.upstream.serve("/pool/a_1_all.deb", { body: "<html>", headers });
  await assert.rejects(scene.read("/pool/a_1_all.deb"), { code: "upstream_failed", message: /a web page came/ });
  scene.upstream.upstream.serve("/pool/a_1_all.deb", { body: "a package" });
  assert.equal(await scene.read("/pool/a_1_all.deb"), "a package");
});

Deno.test("where suites list a package differently, the newest counts", async () => {
  await using scene = new AptScene();
  const { upstream } = scene;
  const suites: [suite: string, nth: number, body: string][] = [["newer", 2, "new"], ["older", 1, "old"]];
  for (const [name, nth, body] of suites) {
    const text = `Package: a\nFilename: pool/a_1_all.deb\nSHA256: ${sha256(body)}\n\n`;
    upstream.put(`/debian/dists/${name}`, { nth, indexes: { [listed]: text } });
    for (const path of ["InRelease", listed]) await scene.read(`/debian/dists/${name}/${path}`);
  }
  upstream.upstream.serve("/debian/pool/a_1_all.deb", { body: "new" });
  assert.equal(await scene.read("/debian/pool/a_1_all.deb"), "new");
});

Deno.test("with `serve_deleted: false`, a suite that upstream has no more is not served", async () => {
  await using scene = await setUp({ policy: policyWith({ serveDeleted: false }) });
  scene.upstream.upstream.serve(inRelease, { status: 404, body: "" });
  await assert.rejects(scene.read(inRelease), { code: "not_found" });
});

Deno.test("a release that upstream could not confirm for longer than `stale_if_error` is not served", async () => {
  using now = new FakeNow();
  await using scene = await setUp({ policy: policyWith({ staleIfErrorMs: 30 * minute }) });
  await scene.upstream[Symbol.asyncDispose]();
  now.advance(29 * minute);
  assert.equal(await scene.read(inRelease), releaseText(generation(1)));
  now.advance(2 * minute);
  await assert.rejects(scene.read(inRelease), { code: "upstream_failed" });
});

Deno.test("fifty clients at once, a new generation: each of its files is fetched once", async () => {
  await using scene = await setUp();
  const { upstream } = scene;
  upstream.put(suite, generation(2));
  const clients = Array.from({ length: 50 }, (_, index) => ({ host: anna.host, port: 3000 + index }));
  const hold = upstream.upstream.hold(packages);
  const reads = clients.map((client) => scene.read(inRelease, { client }));
  await hold.reached;
  hold.release();
  for (const text of await Promise.all(reads)) assert.equal(text, releaseText(generation(2)));
  for (const client of clients) assert.equal(await scene.read(packages, { client }), "packages 2\n");
  assert.equal(upstream.upstream.count(packages), 2);
});

const other = "main/Contents-amd64";
const contents = `${suite}/${other}`;

function withContents(nth: number, more: Partial<AptGeneration> = {}): AptGeneration {
  return generation(nth, { indexes: { [listed]: `packages ${nth}\n`, [other]: `contents ${nth}\n` }, ...more });
}

for (const acquireByHash of [false, true]) {
  const named = acquireByHash ? "with by-hash" : "without by-hash";

  Deno.test(`${named}, an index that nobody has asked for in days is not fetched with each new release`, async () => {
    using now = new FakeNow();
    await using scene = new AptScene();
    const { upstream } = scene;
    const pathOf = (path: string, text: string) => {
      return acquireByHash ? `${path.slice(0, path.lastIndexOf("/"))}/by-hash/SHA256/${sha256(text)}` : path;
    };
    const readContents = (nth: number) => scene.read(pathOf(contents, `contents ${nth}\n`));
    /** A release comes, and a client that updates once a day. Gives what upstream was asked for besides the release. */
    const update = async (nth: number) => {
      upstream.put(suite, withContents(nth, { acquireByHash }));
      upstream.upstream.requests.length = 0;
      assert.equal(await scene.read(inRelease), releaseText(withContents(nth, { acquireByHash })));
      assert.equal(await scene.read(pathOf(packages, `packages ${nth}\n`)), `packages ${nth}\n`);
      now.advance(24 * 60 * minute);
      return upstream.asked().filter((path) => path !== inRelease).map((path) => path.split("/")[4]).sort();
    };
    const [both, packagesOnly] = acquireByHash
      ? [["binary-amd64", "by-hash"], ["binary-amd64"]]
      : [["Contents-amd64", "binary-amd64"], ["binary-amd64"]];
    await update(1);
    await readContents(1);
    for (const nth of [2, 3, 4]) assert.deepEqual(await update(nth), both);
    for (const nth of [5, 6]) assert.deepEqual(await update(nth), packagesOnly);
    assert.equal(await readContents(6), "contents 6\n");
    for (const nth of [7, 8, 9]) assert.deepEqual(await update(nth), both);
    await readContents(9);
    for (const nth of [10, 11, 12]) assert.deepEqual(await update(nth), both);
    assert.deepEqual(await update(13), packagesOnly);
  });
}

Deno.test("an index that has not changed for weeks is fetched ahead when it does: clients have no reason to ask", async () => {
  using now = new FakeNow();
  await using scene = new AptScene();
  const { upstream } = scene;
  upstream.put(suite, withContents(1));
  await scene.read(inRelease);
  await scene.read(contents);
  for (const nth of [2, 3]) {
    now.advance(14 * 24 * 60 * minute);
    upstream.put(suite, withContents(nth, { indexes: { [other]: "contents 1\n" } }));
    await scene.read(inRelease);
  }
  upstream.put(suite, withContents(4));
  upstream.upstream.requests.length = 0;
  await scene.read(inRelease);
  assert.deepEqual(upstream.asked(), [inRelease, contents]);
});
