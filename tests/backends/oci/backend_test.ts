import assert from "node:assert/strict";
import { VaultError } from "../../../src/errors.ts";
import type { DirectAnswer } from "../../../src/backend.ts";
import { parseDigest } from "../../../src/digest.ts";
import {
  asArtifact,
  asResolvedArtifact,
  digestOf,
  hub,
  isReused,
  ociBackend,
  registryAt,
  requestFor,
  sha256,
  sha512,
  urlsOf,
} from "./fixture.ts";

const hubUrl = "https://registry-1.docker.io/v2";
const ghcr = registryAt("ghcr.io");
const lan = registryAt("lan:5000", { url: "http://lan:5000/registry/", names: ["lan:5000", "own.example"] });
const everyForm = [
  "application/vnd.docker.distribution.manifest.v2+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.oci.image.index.v1+json",
  "*/*",
].join(", ");

/** Of the Hub alone: what is asked for where, and kept as what. */
const forms = [
  { target: "/v2/library/ubuntu/manifests/1", key: "/library/ubuntu/manifests/1" },
  { target: "/library/ubuntu/manifests/1", key: "/library/ubuntu/manifests/1" },
  { target: "/v2/ubuntu/manifests/1", key: "/library/ubuntu/manifests/1" },
  { target: "/v2/docker.io/ubuntu/manifests/1", key: "/library/ubuntu/manifests/1" },
  { target: "/index.docker.io/library/ubuntu/manifests/1", key: "/library/ubuntu/manifests/1" },
  { target: "/v2/library/ubuntu/manifests/1?ns=docker.io", key: "/library/ubuntu/manifests/1" },
  { target: "/v2/ubuntu/manifests/1?ns=registry-1.docker.io&x=1", key: "/library/ubuntu/manifests/1" },
  { target: "/v2/docker/dockerfile/manifests/1", key: "/docker/dockerfile/manifests/1" },
  { target: "/v2/v2/x/manifests/1", key: "/v2/x/manifests/1" },
  { target: `/v2/ubuntu/manifests/${sha256}`, key: `/library/ubuntu/manifests/${sha256}` },
  { target: `/v2/ubuntu/blobs/${sha256}?ns=docker.io`, key: `/library/ubuntu/blobs/${sha256}` },
  { target: "/v2/ubuntu/tags/list?n=2&ns=docker.io", key: "/library/ubuntu/tags/list?n=2" },
];

for (const { target, key } of forms) {
  Deno.test(`/docker${target} is Docker Hub's ${key}`, () => {
    const artifact = asArtifact(ociBackend().resolve(requestFor(target)));
    assert.deepEqual(urlsOf(artifact), [hubUrl + key]);
    assert.equal(artifact.key, `/@default${key}`);
    assert.equal(artifact.backend, "docker");
  });
}

for (const path of ["/", "/v2", "/v2/"]) {
  Deno.test(`${path} below the prefix says that the API is spoken here`, () => {
    const answer: DirectAnswer = {
      status: 200,
      contentType: "application/json",
      headers: [["docker-distribution-api-version", "registry/2.0"]],
      body: "{}",
    };
    assert.deepEqual(ociBackend().resolve(requestFor(path)), { kind: "answer", answer });
  });
}

Deno.test("a tag is fresh for a while, and its digest is what upstream announces", () => {
  const artifact = asArtifact(ociBackend().resolve(requestFor("/v2/a/b/manifests/x")));
  assert.deepEqual(artifact.freshness, { kind: "ttl", ttlMs: 300_000 });
  assert.deepEqual(artifact.requestHeaders, [["accept", everyForm]]);
  const { identity } = artifact;
  assert.ok(identity.kind === "announced");
  assert.deepEqual(identity.digestIn([["docker-content-digest", sha256]]), parseDigest(sha256));
  assert.equal(artifact.failover, "refusal");
});

Deno.test("a tag is kept by what the client accepts; the same manifest by digest is not", () => {
  const accept = { accept: "application/vnd.oci.image.manifest.v1+json" };
  const artifact = asArtifact(ociBackend().resolve(requestFor("/v2/a/b/manifests/x", "/docker", accept)));
  assert.equal(artifact.key, "/@default/a/b/manifests/x?only=oci");
  assert.deepEqual(artifact.requestHeaders, [["accept", accept.accept]]);
  assert.deepEqual(urlsOf(artifact), [`${hubUrl}/a/b/manifests/x`]);
  assert.equal(
    artifact.document!.keyByDigest!(sha256.slice(7)),
    asArtifact(ociBackend().resolve(requestFor(`/v2/a/b/manifests/${sha256}`))).key,
  );
});

Deno.test("a manifest by digest is the same for all clients, for ever, and whoever has it may send it", () => {
  const accept = { accept: "application/vnd.oci.image.manifest.v1+json" };
  const artifact = asArtifact(ociBackend().resolve(requestFor(`/v2/a/b/manifests/${sha256}`, "/docker", accept)));
  assert.deepEqual(artifact.requestHeaders, [["accept", everyForm]]);
  assert.deepEqual(artifact.freshness, { kind: "immutable" });
  assert.deepEqual(artifact.identity, { kind: "digest", digest: parseDigest(sha256), reuse: "once_confirmed" });
  assert.equal(artifact.failover, "any_failure");
  assert.notEqual(artifact.document!.keyByDigest, undefined);
});

Deno.test("a blob is checked by its digest; those named by SHA-256 need no second fetch", () => {
  const resolved = (digest: string) => asResolvedArtifact(ociBackend().resolve(requestFor(`/v2/a/b/blobs/${digest}`)));
  const blob = (digest: string) => resolved(digest).artifact;
  assert.deepEqual([digestOf(blob(sha256)), isReused(blob(sha256))], [parseDigest(sha256), true]);
  assert.deepEqual(digestOf(blob(sha512)), parseDigest(sha512));
  assert.equal(blob(sha256).document, undefined);
  assert.deepEqual(resolved(sha256).headers!([]).at(-1), ["docker-content-digest", sha256]);
});

Deno.test("the next page of tags is where this client found the first", () => {
  const upstream = [["link", '</v2/library/ubuntu/tags/list?n=2&last=b>; rel="next"']] as const;
  const cases = [
    { base: "/docker", target: "/v2/ubuntu/tags/list?n=2", expected: "/docker/v2/ubuntu/tags/list?n=2&last=b" },
    {
      base: "",
      target: "/v2/ubuntu/tags/list?ns=docker.io&n=2",
      expected: "/v2/ubuntu/tags/list?n=2&last=b&ns=docker.io",
    },
    {
      base: "/docker",
      target: "/docker.io/ubuntu/tags/list",
      expected: "/docker/docker.io/ubuntu/tags/list?n=2&last=b",
    },
  ];
  for (const { base, target, expected } of cases) {
    const presented = asResolvedArtifact(ociBackend().resolve(requestFor(target, base))).headers!(upstream);
    assert.deepEqual(presented.at(-1), ["link", `<${expected}>; rel="next"`]);
  }
});

const list = { registries: [lan, hub] };

Deno.test("several registries are asked in order, and only Docker Hub for an official image by its full name", () => {
  const artifact = asArtifact(ociBackend(list).resolve(requestFor("/v2/ubuntu/manifests/1")));
  assert.deepEqual(urlsOf(artifact), [
    "http://lan:5000/registry/v2/ubuntu/manifests/1",
    `${hubUrl}/library/ubuntu/manifests/1`,
  ]);
  assert.equal(artifact.key, "/@default/ubuntu/manifests/1");
});

Deno.test("Docker Hub's names mean all registries of its mirror, and one registry of others", () => {
  const target = "/v2/docker.io/ubuntu/manifests/1";
  assert.equal(asArtifact(ociBackend(list).resolve(requestFor(target))).candidates.length, 2);
  const general = asArtifact(ociBackend({ type: "oci", ...list }).resolve(requestFor(target)));
  assert.deepEqual(urlsOf(general), [`${hubUrl}/library/ubuntu/manifests/1`]);
  assert.equal(general.key, "/registry-1.docker.io/library/ubuntu/manifests/1");
});

Deno.test("a registry by any of its names is one, and apart from the others in the cache", () => {
  const keys = ["/lan:5000/a/manifests/1", "/own.example/a/manifests/1", "/a/manifests/1?ns=own.example"].map(
    (target) => {
      const artifact = asArtifact(ociBackend(list).resolve(requestFor(target)));
      assert.deepEqual(urlsOf(artifact), ["http://lan:5000/registry/v2/a/manifests/1"]);
      return artifact.key;
    },
  );
  assert.deepEqual(new Set(keys), new Set(["/lan:5000/a/manifests/1"]));
});

Deno.test("the only registry has the same keys whether it is named or not", () => {
  const backend = ociBackend({ type: "oci", registries: [ghcr] });
  const keys = ["/org/app/manifests/1", "/ghcr.io/org/app/manifests/1"].map((target) =>
    asArtifact(backend.resolve(requestFor(target))).key
  );
  assert.deepEqual(keys, ["/@default/org/app/manifests/1", "/@default/org/app/manifests/1"]);
});

Deno.test("a registry that is not configured is refused, with those that are and what to do", () => {
  assert.throws(() => ociBackend(list).resolve(requestFor("/v2/quay.io/a/b/manifests/1")), (error) => {
    assert.ok(error instanceof VaultError);
    assert.equal(error.code, "denied");
    assert.match(
      error.message,
      /"quay\.io" .*docker\.io, lan:5000, own\.example\. .*`repositories`.*`registries`/,
    );
    return true;
  });
});

Deno.test("an open backend serves any registry, each opened once and apart in the cache", () => {
  const opened: string[] = [];
  const openRegistry = (name: string) => {
    opened.push(name);
    return registryAt(name);
  };
  const backend = ociBackend({ type: "oci", registries: [ghcr], unconfigured: { names: ["any"], open: openRegistry } });
  const resolve = (target: string) => asArtifact(backend.resolve(requestFor(target)));
  assert.deepEqual(urlsOf(resolve("/quay.io/a/b/manifests/1")), ["https://quay.io/v2/a/b/manifests/1"]);
  assert.equal(resolve("/a/b/manifests/1?ns=quay.io").key, "/quay.io/a/b/manifests/1");
  assert.deepEqual(urlsOf(resolve("/docker.io/ubuntu/manifests/1")), [`${hubUrl}/library/ubuntu/manifests/1`]);
  resolve("/ghcr.io/a/b/manifests/1");
  assert.deepEqual(opened, ["quay.io", "registry-1.docker.io"]);
});

Deno.test("what a registry says of digests opens held bytes where the operator has written its name, not a pattern", () => {
  const unconfigured = { names: ["quay.io", "*.gcr.io"], open: registryAt };
  const backend = ociBackend({ type: "oci", registries: [], unconfigured });
  const adopts = (host: string) => isReused(asArtifact(backend.resolve(requestFor(`/${host}/a/b/blobs/${sha256}`))));
  assert.deepEqual([adopts("quay.io"), adopts("us.gcr.io")], [true, false]);
});

Deno.test("without any registry configured, one has to be named", () => {
  const backend = ociBackend({ type: "oci", registries: [], unconfigured: { names: ["any"], open: registryAt } });
  assert.throws(() => backend.resolve(requestFor("/a/b/manifests/1")), { code: "denied" });
  assert.equal(asArtifact(backend.resolve(requestFor("/quay.io/a/manifests/1"))).candidates.length, 1);
});

const patterned = ociBackend({
  registries: [
    registryAt("first.example", { allow: ["org/**"], deny: ["org/secret*", "**/private"] }),
    registryAt("registry-1.docker.io", { allow: ["library/*", "org/*"] }),
  ],
});

const permitted = [
  { image: "org/app", hosts: ["first.example", "registry-1.docker.io"] },
  { image: "org/deep/app", hosts: ["first.example"] },
  { image: "org/secrets", hosts: ["registry-1.docker.io"] },
  { image: "org/a/b/private", hosts: [] },
  { image: "ubuntu", hosts: ["registry-1.docker.io"] },
  { image: "other/app", hosts: [] },
];

for (const { image, hosts } of permitted) {
  Deno.test(`the patterns let ${image} come from ${hosts.join(", ") || "nowhere"}`, () => {
    const resolve = () => asArtifact(patterned.resolve(requestFor(`/v2/${image}/manifests/1`)));
    if (hosts.length > 0) return assert.deepEqual(urlsOf(resolve()).map((url) => new URL(url).host), hosts);
    const patterns = /first\.example: allow org\/\*\*; deny org\/secret\*, \*\*\/private \| registry-1/;
    assert.throws(resolve, { code: "denied", message: patterns });
  });
}

Deno.test("what is malformed or unknown is refused as such", () => {
  assert.throws(() => ociBackend().resolve(requestFor("/v2/A/manifests/1")), { code: "bad_request" });
  assert.throws(() => ociBackend().resolve(requestFor("/v2/_catalog")), {
    code: "unknown_route",
    message: /"\/docker\/v2\/_catalog"/,
  });
});

Deno.test("a registry that stands in for Docker Hub by name has its official images as the Hub has them", () => {
  const standIn = registryAt("mirror.example", { names: ["mirror.example", "docker.io"] });
  const backend = ociBackend({ registries: [standIn] });
  const artifact = asArtifact(backend.resolve(requestFor("/v2/docker.io/ubuntu/manifests/1")));
  assert.deepEqual(urlsOf(artifact), ["https://mirror.example/v2/library/ubuntu/manifests/1"]);
});

const addresses: readonly (readonly [registryUrl: string, image: string, asked: string])[] = [
  ["https://harbor.lan", "library/x", "https://harbor.lan/v2/library/x/manifests/1"],
  ["https://harbor.lan/path", "library/x", "https://harbor.lan/path/v2/library/x/manifests/1"],
  ["https://harbor.lan/v2", "library/x", "https://harbor.lan/v2/library/x/manifests/1"],
  ["https://harbor.lan/v2/project", "library/x", "https://harbor.lan/v2/project/library/x/manifests/1"],
  ["https://nexus.lan/v2x", "library/x", "https://nexus.lan/v2x/v2/library/x/manifests/1"],
];

for (const [url, image, asked] of addresses) {
  Deno.test(`${image} of ${url} is asked for at ${asked}`, () => {
    const backend = ociBackend({ registries: [registryAt("harbor.lan", { url })] });
    const artifact = asArtifact(backend.resolve(requestFor(`/v2/${image}/manifests/1`)));
    assert.deepEqual(urlsOf(artifact), [asked]);
  });
}

Deno.test("a project that stands in for the Hub with bare names of official images", () => {
  const url = "https://harbor.lan/v2/hub";
  const project = registryAt("harbor.lan", { url, names: ["harbor.lan", "docker.io"], bareOfficialImages: true });
  const backend = ociBackend({ registries: [project, hub] });
  const asked = (image: string) => asArtifact(backend.resolve(requestFor(`/v2/${image}/manifests/1`)));
  for (const image of ["alpine", "library/alpine", "docker.io/library/alpine"]) {
    assert.deepEqual(urlsOf(asked(image)), [
      `${url}/alpine/manifests/1`,
      "https://registry-1.docker.io/v2/library/alpine/manifests/1",
    ], image);
    assert.equal(asked(image).key, asked("alpine").key);
  }
  assert.equal(urlsOf(asked("library/team/x"))[0], `${url}/library/team/x/manifests/1`);
});

Deno.test("what a registry that only a client has named says of digests opens no held bytes", () => {
  const openRegistry = (name: string) => registryAt(name);
  const backend = ociBackend({ unconfigured: { names: ["any"], open: openRegistry } });
  for (const content of ["manifests/1", `manifests/${sha256}`, `blobs/${sha256}`]) {
    const adopts = (name: string) => isReused(asArtifact(backend.resolve(requestFor(`/v2/${name}/${content}`))));
    assert.deepEqual([adopts("stranger.example/org/app"), adopts("org/app")], [false, true], content);
  }
});

for (const spelling of ["reg.example:443", "reg.example.", "REG.example", "reg.example:0443"]) {
  Deno.test(`${spelling} is the registry that is configured as reg.example, with its rules`, () => {
    const backend = ociBackend({
      type: "oci",
      registries: [hub, registryAt("reg.example", { deny: ["secret/**"] })],
      unconfigured: { names: ["any"], open: registryAt },
    });
    const resolve = (name: string) => backend.resolve(requestFor(`/v2/${name}/manifests/1?ns=${spelling}`));
    assert.deepEqual(urlsOf(asArtifact(resolve("org/app"))), ["https://reg.example/v2/org/app/manifests/1"]);
    assert.throws(() => resolve("secret/app"), { code: "denied" });
  });
}
