import assert from "node:assert/strict";
import { createRoot } from "../../../src/backends/oci/root.ts";
import { VaultError } from "../../../src/errors.ts";
import { asArtifact, asResolvedArtifact, ociBackend, registryAt, requestFor, sha256, urlsOf } from "./fixture.ts";

const docker = ociBackend();
const ghcr = ociBackend({ name: "ghcr", type: "oci", prefix: "/ghcr", registries: [registryAt("ghcr.io")] });
const team = ociBackend({ name: "team", type: "oci", prefix: "/reg/team", registries: [registryAt("lan:5000")] });
const both = ociBackend({
  name: "both",
  type: "oci",
  prefix: "/reg",
  registries: [registryAt("reg.example"), registryAt("ghcr.io")],
});
const root = createRoot([docker, ghcr, team, both]);

const hub = "https://registry-1.docker.io/v2";

const routed = [
  { path: "/library/ubuntu/manifests/1", backend: "docker", url: `${hub}/library/ubuntu/manifests/1` },
  { path: "/ubuntu/manifests/1", backend: "docker", url: `${hub}/library/ubuntu/manifests/1` },
  { path: `/library/ubuntu/blobs/${sha256}`, backend: "docker", url: `${hub}/library/ubuntu/blobs/${sha256}` },
  { path: "/v2/app/manifests/1", backend: "docker", url: `${hub}/v2/app/manifests/1` },
  { path: "/docker/dockerfile/manifests/1", backend: "docker", url: `${hub}/docker/dockerfile/manifests/1` },
  { path: "/docker/library/ubuntu/manifests/1", backend: "docker", url: `${hub}/library/ubuntu/manifests/1` },
  { path: "/docker/docker/dockerfile/manifests/1", backend: "docker", url: `${hub}/docker/dockerfile/manifests/1` },
  { path: "/dockerx/app/manifests/1", backend: "docker", url: `${hub}/dockerx/app/manifests/1` },
  { path: "/ghcr/app/manifests/1", backend: "ghcr", url: "https://ghcr.io/v2/app/manifests/1" },
  { path: "/ghcr/org/app/tags/list", backend: "ghcr", url: "https://ghcr.io/v2/org/app/tags/list" },
  { path: "/ghcr/v2/app/manifests/1", backend: "ghcr", url: "https://ghcr.io/v2/v2/app/manifests/1" },
  { path: "/reg/team/app/manifests/1", backend: "team", url: "https://lan:5000/v2/app/manifests/1" },
  { path: "/reg/app/manifests/1", backend: "both", url: "https://reg.example/v2/app/manifests/1" },
  { path: "/reg/ghcr.io/org/app/manifests/1", backend: "both", url: "https://ghcr.io/v2/org/app/manifests/1" },
  { path: "/ghcr.io/org/app/manifests/1", backend: "ghcr", url: "https://ghcr.io/v2/org/app/manifests/1" },
  { path: "/lan:5000/app/manifests/1", backend: "team", url: "https://lan:5000/v2/app/manifests/1" },
  { path: "/docker.io/ubuntu/manifests/1", backend: "docker", url: `${hub}/library/ubuntu/manifests/1` },
  { path: "/org/app/manifests/1?ns=reg.example", backend: "both", url: "https://reg.example/v2/org/app/manifests/1" },
  { path: "/library/ubuntu/manifests/1?ns=docker.io", backend: "docker", url: `${hub}/library/ubuntu/manifests/1` },
  {
    path: "/docker/library/ubuntu/manifests/1?ns=docker.io",
    backend: "docker",
    url: `${hub}/library/ubuntu/manifests/1`,
  },
  {
    path: "/docker/dockerfile/manifests/1?ns=docker.io",
    backend: "docker",
    url: `${hub}/docker/dockerfile/manifests/1`,
  },
  { path: "/ghcr/app/manifests/1?ns=docker.io", backend: "docker", url: `${hub}/ghcr/app/manifests/1` },
];

for (const { path, backend, url } of routed) {
  Deno.test(`/v2${path} goes to ${backend}`, () => {
    const artifact = asArtifact(root.resolve(requestFor(path, "/v2")));
    assert.equal(artifact.backend, backend);
    assert.equal(urlsOf(artifact)[0], url);
  });
}

Deno.test("the keys are those of the backend below its own prefix", () => {
  const atRoot = asArtifact(root.resolve(requestFor("/ghcr/org/app/manifests/1", "/v2")));
  const below = asArtifact(ghcr.resolve(requestFor("/v2/org/app/manifests/1", "/ghcr")));
  assert.equal(atRoot.key, below.key);
});

Deno.test("the next page of a list stays behind the prefix it was found behind", () => {
  const resolved = asResolvedArtifact(root.resolve(requestFor("/reg/team/app/tags/list", "/v2")));
  const link = resolved.headers!([["link", '</v2/app/tags/list?last=b>; rel="next"']]).at(-1);
  assert.deepEqual(link, ["link", '</v2/reg/team/app/tags/list?last=b>; rel="next"']);
});

for (const path of ["/", "/ghcr/", "/?ns=ghcr.io"]) {
  Deno.test(`/v2${path} says that the API is spoken here`, () => {
    const answer = root.resolve(requestFor(path, "/v2"));
    assert.ok(!(answer instanceof Promise) && answer.kind === "answer");
    assert.deepEqual([answer.answer.status, answer.answer.body], [200, "{}"]);
  });
}

Deno.test("a registry that no backend has is refused, with all that are configured", () => {
  for (const path of ["/quay.io/a/b/manifests/1", "/a/b/manifests/1?ns=quay.io"]) {
    assert.throws(() => root.resolve(requestFor(path, "/v2")), (error) => {
      assert.ok(error instanceof VaultError);
      assert.equal(error.code, "denied");
      assert.match(error.message, /"quay\.io".*configured: docker\.io, ghcr\.io, lan:5000, reg\.example\./);
      return true;
    });
  }
});

Deno.test("a registry that no backend has goes to the open one; one that is configured does not", () => {
  const unconfigured = { names: ["any"], open: registryAt };
  const open = ociBackend({ name: "open", type: "oci", prefix: "/any", registries: [], unconfigured });
  const withOpen = createRoot([docker, open, ghcr]);
  const backendOf = (path: string) => asArtifact(withOpen.resolve(requestFor(path, "/v2"))).backend;
  assert.equal(backendOf("/quay.io/a/b/manifests/1"), "open");
  assert.equal(backendOf("/a/b/manifests/1?ns=quay.io"), "open");
  assert.equal(backendOf("/ghcr.io/a/b/manifests/1"), "ghcr");
  assert.equal(backendOf("/a/b/manifests/1"), "docker");
});

Deno.test("a registry goes to the backend that names it, then to one whose pattern covers it, then to one for any", () => {
  const open = (name: string, ...names: string[]) =>
    ociBackend({ name, type: "oci", prefix: `/${name}`, registries: [], unconfigured: { names, open: registryAt } });
  const all = open("all", "any");
  const starred = open("starred", "*.gcr.io", "quay.io");
  const named = open("named", "us.gcr.io");
  const withPatterns = createRoot([docker, all, starred, named]);
  const backendOf = (path: string) => asArtifact(withPatterns.resolve(requestFor(path, "/v2"))).backend;
  assert.equal(backendOf("/us.gcr.io/a/b/manifests/1"), "named");
  assert.equal(backendOf("/eu.gcr.io/a/b/manifests/1"), "starred");
  assert.equal(backendOf("/a/b/manifests/1?ns=QUAY.io:443"), "starred");
  assert.equal(backendOf("/evilquay.io/a/b/manifests/1"), "all");
  assert.equal(backendOf("/docker.io/a/b/manifests/1"), "docker");
  assert.equal(backendOf("/starred/a/b/manifests/1?ns=evilquay.io"), "all", "the prefix of one that does not serve it");
  const closed = createRoot([docker, starred, named]);
  assert.throws(() => closed.resolve(requestFor("/evilquay.io/a/b/manifests/1", "/v2")), {
    code: "denied",
    message: /configured: docker\.io, \*\.gcr\.io, quay\.io, us\.gcr\.io\./,
  });
});

Deno.test("what is malformed or unknown is refused as such", () => {
  assert.throws(() => root.resolve(requestFor("/A/manifests/1", "/v2")), { code: "bad_request" });
  assert.throws(() => root.resolve(requestFor("/_catalog", "/v2")), { code: "unknown_route" });
});
