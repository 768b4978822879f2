import assert from "node:assert/strict";
import type { Artifact, Candidate } from "../../../src/artifact.ts";
import {
  asArtifact,
  asResolvedArtifact,
  hex,
  ociBackend,
  registryAt,
  requestFor,
  sha256,
  sha512,
  urlsOf,
} from "./fixture.ts";

const index = "application/vnd.oci.image.index.v1+json";

/** Two registries; those that are told to answer with these statuses. */
function twoRegistries(statuses: { readonly first: number; readonly second: number }) {
  const answering = (host: "first" | "second") =>
    registryAt(`${host}.example`, { fetch: () => Promise.resolve(new Response(null, { status: statuses[host] })) });
  return ociBackend({ type: "oci", registries: [answering("first"), answering("second")] });
}

function hostsOf(artifact: Artifact): string[] {
  return urlsOf(artifact).map((url) => new URL(url).hostname);
}

/** Asks them in order, as the vault does, until one answers. */
async function ask(artifact: Artifact): Promise<void> {
  for (const { url, fetch } of artifact.candidates) {
    if ((await fetch(new Request(url))).status < 400) return;
  }
}

const inOrder = ["first.example", "second.example"];

for (const status of [200, 304]) {
  Deno.test(`what has a digest is asked for first where a manifest of the image was answered with ${status}`, async () => {
    const backend = twoRegistries({ first: 404, second: status });
    const resolve = (target: string) => asArtifact(backend.resolve(requestFor(target)));
    assert.deepEqual(hostsOf(resolve(`/org/app/blobs/${sha256}`)), inOrder);
    await ask(resolve("/org/app/manifests/1"));
    assert.deepEqual(hostsOf(resolve(`/org/app/blobs/${sha256}`)), inOrder.toReversed());
    assert.deepEqual(hostsOf(resolve(`/org/app/manifests/${sha256}`)), inOrder.toReversed());
    assert.equal(hostsOf(resolve(`/org/app/referrers/${sha256}`))[0], "second.example");
    assert.deepEqual(hostsOf(resolve(`/org/other/blobs/${sha256}`)), inOrder);
  });
}

Deno.test("names are asked for in the configured order always", async () => {
  const backend = twoRegistries({ first: 404, second: 200 });
  const resolve = (target: string) => asArtifact(backend.resolve(requestFor(target)));
  await ask(resolve("/org/app/manifests/1"));
  assert.deepEqual(hostsOf(resolve("/org/app/manifests/2")), inOrder);
  assert.deepEqual(hostsOf(resolve("/org/app/tags/list")), inOrder);
});

Deno.test("a failure, a blob and a list teach nothing about where an image is", async () => {
  for (
    const { second, target } of [
      { second: 401, target: "/org/app/manifests/1" },
      { second: 200, target: `/org/app/blobs/${sha256}` },
      { second: 200, target: "/org/app/tags/list" },
    ]
  ) {
    const backend = twoRegistries({ first: 404, second });
    await ask(asArtifact(backend.resolve(requestFor(target))));
    assert.deepEqual(hostsOf(asArtifact(backend.resolve(requestFor(`/org/app/blobs/${sha256}`)))), inOrder);
  }
});

Deno.test("referrers come from the API, else from the tag in its place, else there are none", () => {
  const backend = ociBackend({ type: "oci", registries: [registryAt("a.example")] });
  const { artifact, ifMissing } = asResolvedArtifact(
    backend.resolve(requestFor(`/org/app/referrers/${sha256}?artifactType=a/b&ns=a.example`)),
  );
  assert.deepEqual(urlsOf(artifact), [
    `https://a.example/v2/org/app/referrers/${sha256}?artifactType=a%2Fb`,
    `https://a.example/v2/org/app/manifests/sha256-${hex}`,
  ]);
  assert.equal(artifact.key, `/@default/org/app/referrers/${sha256}?artifactType=a%2Fb`);
  assert.deepEqual(artifact.requestHeaders, [["accept", index]]);
  assert.deepEqual(artifact.freshness, { kind: "ttl", ttlMs: 300_000 });
  assert.equal(ifMissing!.contentType, index);
  assert.deepEqual(JSON.parse(ifMissing!.body), { schemaVersion: 2, mediaType: index, manifests: [] });
});

Deno.test("the tag of a long digest is cut to what the specification says", () => {
  const artifact = asArtifact(ociBackend().resolve(requestFor(`/org/app/referrers/${sha512}`)));
  assert.ok(urlsOf(artifact)[1]!.endsWith(`/org/app/manifests/sha512-${hex}`));
});

const answers: readonly { name: string; status: number; type?: string; expected: number }[] = [
  { name: "an index", status: 200, type: index, expected: 200 },
  { name: "an index with a charset", status: 200, type: `${index}; charset=utf-8`, expected: 200 },
  { name: "a page for people", status: 200, type: "text/html", expected: 404 },
  { name: "an unknown route", status: 404, expected: 404 },
  { name: "a bad request", status: 400, expected: 404 },
  { name: "a method that is not allowed", status: 405, expected: 404 },
  { name: "nothing acceptable", status: 406, expected: 404 },
  { name: "not modified", status: 304, expected: 304 },
  { name: "a login", status: 401, expected: 401 },
  { name: "an outage", status: 503, expected: 503 },
];

for (const { name, status, type, expected } of answers) {
  Deno.test(`asked for referrers, a registry answers with ${name}`, async () => {
    const headers = type === undefined ? {} : { "content-type": type };
    const fetch = () => Promise.resolve(new Response(null, { status, headers }));
    const backend = ociBackend({ registries: [registryAt("a.example", { fetch })] });
    const [api] = asArtifact(backend.resolve(requestFor(`/a/referrers/${sha256}`))).candidates as [Candidate];
    assert.equal((await api.fetch(new Request(api.url))).status, expected);
  });
}
