import assert from "node:assert/strict";
import { type AppFixture, startBackends } from "../../support/app_fixture.ts";
import {
  AptConnection,
  type AptGeneration,
  AptUpstream,
  releaseText,
  sha256,
  signatureText,
} from "../../support/apt/upstream.ts";
import { createTempDir } from "../../support/temp_dir.ts";
import { walk } from "../../support/walk.ts";

const suite = "/dists/stable";
const listed = "main/binary-amd64/Packages";
const other = "main/i18n/Translation-en";

function generation(nth: number, more: Partial<AptGeneration> = {}): AptGeneration {
  return { nth, indexes: { [listed]: `packages ${nth}\n`, [other]: `translations ${nth}\n` }, ...more };
}

interface SceneOptions {
  readonly cacheDir?: string;
  readonly more?: Readonly<Record<string, unknown>>;
  readonly top?: Readonly<Record<string, unknown>>;
}

function startVault(upstream: AptUpstream, { more = {}, ...options }: SceneOptions = {}): Promise<AppFixture> {
  const config = { prefix: "/debian", mirror_url: upstream.upstream.origin, ttl: "0s", retries: 0, ...more };
  return startBackends([{ type: "apt", name: "debian", config }], options);
}

async function setUp(options: SceneOptions = {}) {
  await using stack = new AsyncDisposableStack();
  const upstream = stack.use(new AptUpstream());
  const app = stack.use(await startVault(upstream, options));
  const owned = stack.move();
  const connect = () => owned.use(new AptConnection(`${app.origin}/debian`));
  return { upstream, app, connect, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

const inRelease = `${suite}/InRelease`;
const packages = `${suite}/${listed}`;
const translations = `${suite}/${other}`;

for (const acquireByHash of [false, true]) {
  const named = acquireByHash ? "with by-hash" : "without by-hash";

  Deno.test(`${named}, a client that has the old InRelease goes on with the old indexes, a new one gets the new`, async () => {
    await using scene = await setUp();
    const { upstream, connect, app } = scene;
    const [first, second] = [connect(), connect()];
    const [old, next] = [1, 2].map((nth) => generation(nth, { acquireByHash }));
    upstream.put(suite, old!);
    assert.equal(await first.read(inRelease), releaseText(old!));
    assert.equal(await first.read(packages), "packages 1\n");
    await app.idle();
    upstream.put(suite, next!);
    assert.equal(await first.read(packages), "packages 1\n");
    assert.equal(await second.read(inRelease), releaseText(next!));
    assert.equal(await first.read(packages), "packages 1\n");
    assert.equal(await second.read(packages), "packages 2\n");
    assert.equal(await first.read(inRelease), releaseText(next!));
    assert.equal(await first.read(packages), "packages 2\n");
  });
}

Deno.test("a new release takes over when all that clients have asked for of it is there, and nothing else is fetched", async () => {
  await using scene = await setUp();
  const { upstream, connect, app } = scene;
  const client = connect();
  upstream.put(suite, generation(1));
  await client.read(inRelease);
  await client.read(packages);
  await app.idle();
  upstream.put(suite, generation(2));
  upstream.upstream.requests.length = 0;
  await client.read(inRelease);
  assert.deepEqual(upstream.asked(), [inRelease, packages]);
  await app.logged(/new release at \/dists\/stable\/InRelease/);
  assert.equal(await client.read(packages), "packages 2\n");
  assert.deepEqual(upstream.asked(), [inRelease, packages]);
});

Deno.test("while upstream is being synchronised the old generation stays whole, then the new one is served", async () => {
  await using scene = await setUp();
  const { upstream, connect, app } = scene;
  const client = connect();
  upstream.put(suite, generation(1));
  await client.read(inRelease);
  await client.read(packages);
  await app.idle();
  upstream.putRelease(suite, generation(2));
  assert.equal(await client.read(inRelease), releaseText(generation(1)));
  assert.equal(await connect().read(packages), "packages 1\n");
  await app.logged(/WARNING The release at \/dists\/stable\/InRelease stays what it is.*sent the wrong bytes/);
  await app.idle();
  upstream.putIndexes(suite, generation(2));
  assert.equal(await client.read(inRelease), releaseText(generation(2)));
  assert.equal(await client.read(packages), "packages 2\n");
});

Deno.test("clients that ask while a new release is being fetched wait for it; for indexes they do not", async () => {
  await using scene = await setUp();
  const { upstream, connect, app } = scene;
  const clients = [connect(), connect(), connect()] as const;
  upstream.put(suite, generation(1));
  for (const client of clients) await client.read(inRelease);
  await clients[0].read(packages);
  await app.idle();
  upstream.put(suite, generation(2));
  const hold = upstream.upstream.hold(packages);
  const reads = [clients[0].read(inRelease), clients[1].read(inRelease)];
  await hold.reached;
  assert.equal(await clients[2].read(packages), "packages 1\n");
  hold.release();
  assert.deepEqual(await Promise.all(reads), [releaseText(generation(2)), releaseText(generation(2))]);
  assert.equal(upstream.upstream.count(packages), 2);
});

Deno.test("an index that disagrees with the held release is never passed on", async () => {
  await using scene = await setUp();
  const { upstream, connect, app } = scene;
  const client = connect();
  upstream.put(suite, generation(1));
  await client.read(inRelease);
  await app.idle();
  upstream.put(suite, generation(2));
  const answer = await client.ask(packages);
  assert.equal(answer.status, 502);
  assert.match(answer.text, /digest_mismatch/);
  assert.equal(await client.read(inRelease), releaseText(generation(2)));
  assert.equal(await client.read(packages), "packages 2\n");
});

Deno.test("an index that was asked for by its path is there by its hash, and the other way round", async () => {
  await using scene = await setUp();
  const { upstream, connect } = scene;
  const client = connect();
  upstream.put(suite, generation(1, { acquireByHash: true }));
  await client.read(inRelease);
  const byHash = (path: string, text: string) =>
    `${suite}/${path.slice(0, path.lastIndexOf("/"))}/by-hash/SHA256/${sha256(text)}`;
  assert.equal(await client.read(packages), "packages 1\n");
  assert.equal(await client.read(byHash(listed, "packages 1\n")), "packages 1\n");
  assert.equal(await client.read(byHash(other, "translations 1\n")), "translations 1\n");
  assert.equal(await client.read(translations), "translations 1\n");
  assert.equal(upstream.asked().length, 3);
});

Deno.test("with the upstream gone, a new process serves what is held, also to clients it has never seen", async () => {
  await using dir = await createTempDir();
  const cacheDir = dir.join("cache");
  await using upstream = new AptUpstream();
  {
    await using app = await startVault(upstream, { cacheDir });
    using client = new AptConnection(`${app.origin}/debian`);
    upstream.put(suite, generation(1));
    await client.read(inRelease);
    await client.read(packages);
  }
  for (const top of [{}, { offline: true }]) {
    if (!("offline" in top)) await upstream[Symbol.asyncDispose]();
    await using app = await startVault(upstream, { cacheDir, top });
    using client = new AptConnection(`${app.origin}/debian`);
    assert.equal(await client.read(packages), "packages 1\n");
    assert.equal(await client.read(inRelease), releaseText(generation(1)));
    assert.equal(await client.read(packages), "packages 1\n");
    assert.equal((await client.ask(translations)).status, "offline" in top ? 404 : 502);
  }
});

Deno.test("a cache of an earlier version, which kept releases at their own paths, goes on working", async () => {
  await using dir = await createTempDir();
  const cacheDir = dir.join("cache");
  await using upstream = new AptUpstream();
  {
    await using app = await startVault(upstream, { cacheDir });
    using client = new AptConnection(`${app.origin}/debian`);
    upstream.put(suite, generation(1));
    await client.read(inRelease);
    await client.read(packages);
  }
  const moved = walk(`${cacheDir}/entries`).find((path) => /releases\/.*InRelease~\.json$/.test(path))!;
  const entry = JSON.parse(await Deno.readTextFile(`${cacheDir}/entries/${moved}`));
  const former = moved.replace(/[^/]*releases\//, "");
  await Deno.writeTextFile(
    `${cacheDir}/entries/${former}`,
    JSON.stringify({ ...entry, key: entry.key.replace("/;releases", "") }),
  );
  await Deno.remove(`${cacheDir}/entries/${moved}`);
  await using app = await startVault(upstream, { cacheDir, top: { offline: true } });
  using client = new AptConnection(`${app.origin}/debian`);
  assert.equal(await client.read(inRelease), releaseText(generation(1)));
  assert.equal(await client.read(packages), "packages 1\n");
  assert.ok(walk(`${cacheDir}/entries`).includes(moved));
});

Deno.test("a login page instead of a release changes nothing", async () => {
  await using scene = await setUp();
  const { upstream, connect, app } = scene;
  const client = connect();
  upstream.put(suite, generation(1));
  await client.read(inRelease);
  upstream.upstream.serve(inRelease, { body: "<html>Please log in</html>" });
  assert.equal(await client.read(inRelease), releaseText(generation(1)));
  await app.idle();
  upstream.put(suite, generation(2));
  assert.equal(await client.read(inRelease), releaseText(generation(2)));
});

Deno.test("a Release comes with its own signature, and waits for it", async () => {
  await using scene = await setUp();
  const { upstream, connect, app } = scene;
  const [first, second] = [connect(), connect()];
  const [release, signature] = [`${suite}/Release`, `${suite}/Release.gpg`];
  upstream.put(suite, generation(1, { name: "Release" }));
  upstream.upstream.serve(signature, { body: signatureText(1) });
  assert.equal((await first.ask(inRelease)).status, 404);
  assert.equal(await first.read(release), releaseText(generation(1)));
  assert.equal(await first.read(signature), signatureText(1));
  await app.idle();
  upstream.put(suite, generation(2, { name: "Release" }));
  assert.equal(await second.read(release), releaseText(generation(1)));
  upstream.upstream.serve(signature, { body: signatureText(2) });
  assert.equal(await second.read(release), releaseText(generation(2)));
  assert.equal(await second.read(signature), signatureText(2));
  assert.equal(await first.read(signature), signatureText(1));
});

Deno.test("a flat repository: its release is in the same folder, and its paths may have dots", async () => {
  await using scene = await setUp();
  const { upstream, connect, app } = scene;
  const client = connect();
  const flat: AptGeneration = { nth: 1, indexes: { Packages: "flat 1\n" } };
  upstream.put("", flat);
  assert.equal(await client.read("/./InRelease"), releaseText(flat));
  assert.equal(await client.read("/./Packages"), "flat 1\n");
  await app.idle();
  upstream.putIndexes("", { nth: 2, indexes: { Packages: "flat 2\n" } });
  assert.equal(await client.read("/./Packages"), "flat 1\n");
});

Deno.test("a package is checked against the index that lists it, also by a process that has just started", async () => {
  await using dir = await createTempDir();
  const cacheDir = dir.join("cache");
  await using upstream = new AptUpstream();
  const [good, bad] = ["/pool/main/a/a_1_all.deb", "/pool/main/b/b_1_amd64.deb"];
  const stanza = (path: string, text: string) => `Package: x\nFilename: ${path.slice(1)}\nSHA256: ${sha256(text)}\n\n`;
  const index = stanza(good, "good") + stanza(bad, "right");
  upstream.put(suite, { nth: 1, indexes: { [listed]: index } });
  upstream.upstream.serve(good, { body: "good" });
  upstream.upstream.serve(bad, { body: "wrong" });
  upstream.upstream.serve("/pool/unlisted_1_all.deb", { body: "unlisted" });
  {
    await using app = await startVault(upstream, { cacheDir });
    using client = new AptConnection(`${app.origin}/debian`);
    await client.read(inRelease);
    await client.read(packages);
  }
  await using app = await startVault(upstream, { cacheDir });
  using client = new AptConnection(`${app.origin}/debian`);
  assert.equal(await client.read(good), "good");
  assert.equal((await client.ask(bad)).status, 502);
  assert.equal(await client.read("/pool/unlisted_1_all.deb"), "unlisted");
  upstream.upstream.serve(bad, { body: "right" });
  assert.equal(await client.read(bad), "right");
  assert.equal(await client.read(good), "good");
  assert.equal(upstream.upstream.count(good), 1);
});

Deno.test("an index of a suite that nothing is held of: its release is fetched first", async () => {
  await using scene = await setUp();
  const { upstream, connect, app } = scene;
  upstream.put(suite, generation(1));
  assert.equal(await connect().read(packages), "packages 1\n");
  assert.deepEqual(upstream.asked(), [inRelease, packages]);
  await app.idle();
  upstream.putIndexes(suite, generation(2));
  assert.equal(await connect().read(packages), "packages 1\n");
});

Deno.test("patches of an index are checked against the index of patches", async () => {
  await using scene = await setUp();
  const { upstream, connect } = scene;
  const client = connect();
  const index = `SHA256-Current: ${sha256("x")} 1\nSHA256-Download:\n ${sha256("patch")} 5 P1.gz\n ${
    sha256("b")
  } 1 P2.gz\n`;
  upstream.put(suite, { nth: 1, indexes: { [`${listed}.diff/Index`]: index } });
  upstream.upstream.serve(`${packages}.diff/P1.gz`, { body: "patch" });
  upstream.upstream.serve(`${packages}.diff/P2.gz`, { body: "wrong" });
  await client.read(inRelease);
  assert.equal(await client.read(`${packages}.diff/P1.gz`), "patch");
  assert.equal((await client.ask(`${packages}.diff/P2.gz`)).status, 502);
});

Deno.test("the second mirror takes over when the first is down, or has other bytes", async () => {
  await using first = new AptUpstream();
  await using second = new AptUpstream();
  const mirrors = [first.upstream.origin, second.upstream.origin];
  for (const mirror of [first, second]) mirror.put(suite, generation(1));
  await using app = await startVault(first, { more: { mirror_url: mirrors } });
  using client = new AptConnection(`${app.origin}/debian`);
  await client.read(inRelease);
  await client.read(packages);
  await app.idle();
  first.putRelease(suite, generation(2));
  second.put(suite, generation(2));
  assert.equal(await client.read(inRelease), releaseText(generation(2)));
  assert.equal(await client.read(packages), "packages 2\n");
  await first[Symbol.asyncDispose]();
  second.put(suite, generation(3));
  assert.equal(await client.read(inRelease), releaseText(generation(3)));
  assert.equal(await client.read(packages), "packages 3\n");
});

Deno.test("without upstream, a suite that has only a Release says 404 for the InRelease that apt asks for first", async () => {
  await using scene = await setUp();
  const { upstream, connect, app } = scene;
  const client = connect();
  upstream.put(suite, generation(1, { name: "Release" }));
  assert.equal(await client.read(`${suite}/Release`), releaseText(generation(1)));
  await app.idle();
  await upstream[Symbol.asyncDispose]();
  assert.equal((await client.ask(inRelease)).status, 404);
  assert.equal(await client.read(`${suite}/Release`), releaseText(generation(1)));
});
