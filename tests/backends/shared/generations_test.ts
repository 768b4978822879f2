// Generations of a protocol that the shared files have never heard of: a root lists its members line by line.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { Artifact } from "../../../src/artifact.ts";
import type { GenerationRules } from "../../../src/backends/shared/generations/generation.ts";
import { Generations } from "../../../src/backends/shared/generations/generations.ts";
import { ReadAhead } from "../../../src/backends/shared/generations/read_ahead.ts";
import { parseDigest } from "../../../src/digest.ts";
import { VaultError } from "../../../src/errors.ts";
import { startFakeUpstream } from "../../support/fake_upstream.ts";
import { byDigest, VaultFixture } from "../../support/vault_fixture.ts";

type Root = ReadonlyMap<string, string>;

const path = "/root";
const hashOf = (text: string) => createHash("sha256").update(text).digest("hex");
const rootOf = (members: Readonly<Record<string, string>>) =>
  Object.entries(members).map(([name, text]) => `${name} ${hashOf(text)}\n`).join("");

function parse(bytes: Uint8Array): Root {
  const text = new TextDecoder().decode(bytes);
  if (!/^(?:\w+ [0-9a-f]{64}\n)+$/.test(text)) throw new VaultError("upstream_failed", "no root");
  return new Map(text.trim().split("\n").map((line) => line.split(" ") as [string, string]));
}

async function setUp() {
  await using stack = new AsyncDisposableStack();
  const upstream = stack.use(startFakeUpstream());
  const fixture = stack.use(new VaultFixture());
  const messages: string[] = [];
  const artifactOf = (url: string, more: Partial<Artifact>): Artifact => ({ ...fixture.artifact(url), ...more });
  const rules: GenerationRules<Root> = {
    noun: "root",
    maxRootBytes: 1 << 20,
    parse: async (body) => parse(await body.bytes()),
    sizeOf: ({ size }) => size * 100,
    madeAt: () => null,
    root: (path, copy) =>
      artifactOf(upstream.origin + path, {
        key: `${path};${copy}`,
        freshness: copy === "latest" ? { kind: "ttl", ttlMs: 0 } : { kind: "immutable" },
      }),
    members: (root) => root.keys(),
    has: (root, name) => root.has(name),
    nameOf: (_, name) => name,
    member: (_, root, name) =>
      artifactOf(`${upstream.origin}/${name}`, {
        key: `/${name};${root.get(name)}`,
        freshness: { kind: "immutable" },
        identity: byDigest(parseDigest(`sha256:${root.get(name)}`)),
      }),
  };
  const { policy } = fixture.artifact(`${upstream.origin}${path}`);
  const log = { info: (text: string) => void messages.push(text), warning: (text: string) => void messages.push(text) };
  const generations = new Generations({ rules, readAhead: new ReadAhead(), policy, ttlMs: 0, patienceMs: 10_000, log });
  const { reader } = fixture.vault;
  const current = async () => (await generations.current(path, reader)).value.root;
  const publish = (members: Readonly<Record<string, string>>) => {
    upstream.serve(path, { body: rootOf(members) });
    for (const [name, text] of Object.entries(members)) upstream.serve(`/${name}`, { body: text });
  };
  const request = async (name: string) => await reader.fetch(rules.member(path, await current(), name));
  const owned = stack.move();
  return { upstream, messages, publish, current, request, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

Deno.test("a newcomer's generation switches once the members that were requested are fetched, and no others", async () => {
  await using scene = await setUp();
  const { upstream, publish, current, request, messages } = scene;
  publish({ packages: "packages 1", sources: "sources 1" });
  assert.equal((await current()).get("packages"), hashOf("packages 1"));
  await request("packages");
  publish({ packages: "packages 2", sources: "sources 2" });
  assert.equal((await current()).get("packages"), hashOf("packages 2"));
  assert.deepEqual([upstream.count("/packages"), upstream.count("/sources")], [2, 0]);
  assert.deepEqual(messages, ["A new root at /root is served from now on"]);
});

Deno.test("a newcomer's generation stays where a member of the next one is not what its root lists", async () => {
  await using scene = await setUp();
  const { upstream, publish, current, request, messages } = scene;
  publish({ packages: "packages 1" });
  await request("packages");
  publish({ packages: "packages 2" });
  upstream.serve("/packages", { body: "packages 1" });
  assert.equal((await current()).get("packages"), hashOf("packages 1"));
  assert.match(messages.join(), /^The root at \/root stays what it is, since the new one is not whole yet: /);
  upstream.serve(path, { body: "a page to sign in at" });
  assert.equal((await current()).get("packages"), hashOf("packages 1"));
});
