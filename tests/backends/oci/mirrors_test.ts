import assert from "node:assert/strict";
import type { RegistryOptions } from "../../../src/backends/oci/registry.ts";
import { createRoot } from "../../../src/backends/oci/root.ts";
import { asArtifact, hub, isReused, ociBackend, registryAt, requestFor, sha256, urlsOf } from "./fixture.ts";

const hubUrl = "https://registry-1.docker.io/v2";

function parentAt(host: string, changes: Partial<RegistryOptions> = {}): RegistryOptions {
  return registryAt(host, { mirrorOf: ["any"], ...changes });
}

function backendOf(...registries: RegistryOptions[]) {
  const backend = ociBackend({ type: "oci", registries });
  return (target: string) => asArtifact(backend.resolve(requestFor(target)));
}

const forms: readonly (readonly [form: "path" | "ns", target: string, asked: string])[] = [
  ["path", "/quay.io/a/b/manifests/1", "/v2/quay.io/a/b/manifests/1"],
  ["path", "/a/b/manifests/1?ns=quay.io", "/v2/quay.io/a/b/manifests/1"],
  ["path", `/quay.io/a/b/blobs/${sha256}`, `/v2/quay.io/a/b/blobs/${sha256}`],
  ["path", "/quay.io/a/b/tags/list?n=2", "/v2/quay.io/a/b/tags/list?n=2"],
  ["path", "/reg.example:5000/a/manifests/1", "/v2/reg.example:5000/a/manifests/1"],
  ["path", "/index.docker.io/ubuntu/manifests/1", "/v2/docker.io/library/ubuntu/manifests/1"],
  ["ns", "/quay.io/a/b/manifests/1", "/v2/a/b/manifests/1?ns=quay.io"],
  ["ns", "/quay.io/a/b/tags/list?n=2", "/v2/a/b/tags/list?n=2&ns=quay.io"],
  ["ns", "/reg.example:5000/a/manifests/1", "/v2/a/manifests/1?ns=reg.example%3A5000"],
  ["ns", "/docker.io/ubuntu/manifests/1", "/v2/library/ubuntu/manifests/1?ns=docker.io"],
  ["ns", "/a/b/manifests/1", "/v2/a/b/manifests/1"],
  ["path", "/hq.example/a/b/manifests/1", "/v2/a/b/manifests/1"],
];

for (const [mirrorForm, target, asked] of forms) {
  Deno.test(`a mirror of any registry gets ${target} as ${asked}`, () => {
    const artifact = backendOf(parentAt("hq.example", { mirrorForm }))(target);
    assert.deepEqual(urlsOf(artifact), [`https://hq.example${asked}`]);
  });
}

Deno.test("both referrers' forms name the registry", () => {
  const artifact = backendOf(parentAt("hq.example"))(`/quay.io/a/referrers/${sha256}`);
  const below = "https://hq.example/v2/quay.io/a";
  const tag = sha256.replace(":", "-");
  assert.deepEqual(urlsOf(artifact), [`${below}/referrers/${sha256}`, `${below}/manifests/${tag}`]);
});

Deno.test("a mirror has what its patterns cover, and what is not covered is not asked of it", () => {
  const resolve = backendOf(registryAt("hq.example", { mirrorOf: ["quay.io", "*.gcr.io"] }));
  assert.equal(urlsOf(resolve("/us.gcr.io/a/manifests/1"))[0], "https://hq.example/v2/us.gcr.io/a/manifests/1");
  for (const name of ["evilquay.io", "gcr.io"]) {
    assert.throws(() => resolve(`/${name}/a/manifests/1`), {
      message: /configured: hq\.example, quay\.io, \*\.gcr\.io\./,
    });
  }
});

for (const name of ["localhost", "localhost:5000", "10.0.0.1", "10.0.0.1:5000", "[::1]:5000"]) {
  Deno.test(`a mirror of any registry is not asked for ${name}`, () => {
    assert.throws(() => backendOf(parentAt("hq.example"))(`/a/manifests/1?ns=${name}`), { code: "denied" });
  });
}

Deno.test("the registry itself follows its mirror where it is configured, and is kept by the same key as without one", () => {
  const ghcr = registryAt("ghcr.io");
  const artifact = backendOf(parentAt("hq.example"), hub, ghcr)("/ghcr.io/org/app/manifests/1");
  assert.deepEqual(urlsOf(artifact), [
    "https://hq.example/v2/ghcr.io/org/app/manifests/1",
    "https://ghcr.io/v2/org/app/manifests/1",
  ]);
  assert.equal(artifact.key, backendOf(hub, ghcr)("/ghcr.io/org/app/manifests/1").key);
  assert.equal(artifact.failover, "any_failure", "they have the same images");
  assert.equal(isReused(artifact), true);
});

Deno.test("the registry itself follows its mirror where clients may name it", () => {
  const unconfigured = { names: ["*.gcr.io"], open: registryAt };
  const backend = ociBackend({ type: "oci", registries: [parentAt("hq.example")], unconfigured });
  const urls = (target: string) => urlsOf(asArtifact(backend.resolve(requestFor(target))));
  assert.deepEqual(urls("/us.gcr.io/a/manifests/1"), [
    "https://hq.example/v2/us.gcr.io/a/manifests/1",
    "https://us.gcr.io/v2/a/manifests/1",
  ]);
  assert.deepEqual(urls("/quay.io/a/manifests/1"), ["https://hq.example/v2/quay.io/a/manifests/1"]);
});

Deno.test("a mirror of Docker Hub is asked before the Hub, in a backend for the Hub too", () => {
  const backend = ociBackend({ registries: [parentAt("hq.example"), hub] });
  for (const target of ["/ubuntu/manifests/1", "/docker.io/library/ubuntu/manifests/1"]) {
    const artifact = asArtifact(backend.resolve(requestFor(target)));
    assert.deepEqual(urlsOf(artifact), [
      "https://hq.example/v2/docker.io/library/ubuntu/manifests/1",
      `${hubUrl}/library/ubuntu/manifests/1`,
    ]);
    assert.deepEqual([artifact.key, artifact.failover], ["/@default/library/ubuntu/manifests/1", "any_failure"]);
  }
});

Deno.test("where others stand in for Docker Hub, an outage of its mirror still stops the search", () => {
  const backend = ociBackend({ registries: [parentAt("hq.example"), registryAt("lan:5000"), hub] });
  assert.equal(asArtifact(backend.resolve(requestFor("/a/b/manifests/1"))).failover, "refusal");
});

Deno.test("what a mirror says of digests opens held bytes for registries that the operator has named", () => {
  const resolve = backendOf(registryAt("hq.example", { mirrorOf: ["quay.io", "*.gcr.io"] }), parentAt("all.example"));
  const adopts = (name: string) => isReused(resolve(`/${name}/a/blobs/${sha256}`));
  assert.deepEqual(["quay.io", "us.gcr.io", "evil.example"].map(adopts), [true, false, false]);
});

Deno.test("the root finds the backend whose mirror has a registry, after the one that has it configured", () => {
  const docker = ociBackend();
  const parent = ociBackend({ name: "parent", type: "oci", prefix: "/p", registries: [parentAt("hq.example")] });
  const ghcr = ociBackend({ name: "ghcr", type: "oci", prefix: "/g", registries: [registryAt("ghcr.io")] });
  const root = createRoot([docker, parent, ghcr]);
  const backendFor = (name: string) => asArtifact(root.resolve(requestFor(`/${name}/a/b/manifests/1`, "/v2"))).backend;
  assert.deepEqual(["quay.io", "ghcr.io", "docker.io"].map(backendFor), ["parent", "ghcr", "docker"]);
});
