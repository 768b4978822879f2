import assert from "node:assert/strict";
import { hub, ociBackend, registryAt, requestFor } from "./fixture.ts";

const digest = `sha256:${"a".repeat(64)}`;
const only = ociBackend({ type: "oci", registries: [registryAt("reg.example:5000")] });
const several = ociBackend({ type: "oci", registries: [registryAt("a.example"), registryAt("b.example")] });

const lines: readonly (readonly [what: string, backend: typeof only, path: string, line: string | null])[] = [
  ["an official image", ociBackend(), "/v2/library/alpine/manifests/3.20", "docker:alpine:3.20"],
  ["an image of the Hub", ociBackend(), "/v2/grafana/loki/manifests/3.0", "docker:grafana/loki:3.0"],
  ["an image by digest", ociBackend(), `/v2/library/alpine/manifests/${digest}`, `docker:alpine@${digest}`],
  ["the Hub's name", ociBackend(), "/v2/library/alpine/manifests/3?ns=docker.io", "docker:alpine:3"],
  ["the only registry", only, "/v2/team/app/manifests/1", "docker:reg.example:5000/team/app:1"],
  ["a registry that the path names", several, "/v2/b.example/team/app/manifests/1", "docker:b.example/team/app:1"],
  ["a registry that the query names", several, "/v2/team/app/manifests/1?ns=a.example", "docker:a.example/team/app:1"],
  ["one of several, unnamed", several, "/v2/team/app/manifests/1", null],
  ["a blob", ociBackend({ registries: [hub] }), `/v2/library/alpine/blobs/${digest}`, null],
  ["a list of tags", ociBackend(), "/v2/library/alpine/tags/list", null],
  ["nonsense", ociBackend(), "/v2/A/manifests/1", null],
];

for (const [what, backend, path, line] of lines) {
  Deno.test(`missed offline: ${what} is ${line ?? "its path"} in the list`, () => {
    assert.deepEqual(backend.offlineMiss(requestFor(path)), { status: 410, line });
  });
}
