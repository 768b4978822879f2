import assert from "node:assert/strict";
import { isLostPath, parseRequest, type RegistryRequest } from "../../../src/backends/npm/request.ts";

const unknown: RegistryRequest = { kind: "unknown" };
const tool = "@acme/tool";

const cases: Readonly<Record<string, RegistryRequest>> = {
  "/alpha": { kind: "packument", name: "alpha" },
  "/alpha/": { kind: "packument", name: "alpha" },
  "/JSONStream": { kind: "packument", name: "JSONStream" },
  "/@acme/tool": { kind: "packument", name: tool },
  "/@acme%2Ftool": { kind: "packument", name: tool },
  "/%40acme%2Ftool": { kind: "packument", name: tool },
  "/%40acme/tool": { kind: "packument", name: tool },
  "/alpha/1.0.0": { kind: "version", name: "alpha", version: "1.0.0" },
  "/alpha/latest": { kind: "version", name: "alpha", version: "latest" },
  "/alpha/1.0.0-rc.1+build": { kind: "version", name: "alpha", version: "1.0.0-rc.1+build" },
  "/@acme%2Ftool/latest": { kind: "version", name: tool, version: "latest" },
  "/@acme/tool/2.0.0": { kind: "version", name: tool, version: "2.0.0" },
  "/alpha/-/alpha-1.0.0.tgz": { kind: "tarball", name: "alpha", file: "alpha-1.0.0.tgz" },
  "/@acme/tool/-/tool-2.0.0.tgz": { kind: "tarball", name: tool, file: "tool-2.0.0.tgz" },
  "/@acme%2Ftool/-/tool-2.0.0.tgz": { kind: "tarball", name: tool, file: "tool-2.0.0.tgz" },
  "/@acme/tool/-/@acme/tool-2.0.0.tgz": { kind: "tarball", name: tool, file: "tool-2.0.0.tgz" },
  "/alpha/-/alpha-1.0.0%2Bbuild.tgz": { kind: "tarball", name: "alpha", file: "alpha-1.0.0+build.tgz" },
  "/-/package/alpha/dist-tags": { kind: "dist_tags", name: "alpha" },
  "/-/package/@acme%2Ftool/dist-tags": { kind: "dist_tags", name: tool },
  "/-/v1/search": { kind: "search" },
  "/-/ping": { kind: "ping" },
  "/-/npm/v1/keys": { kind: "keys" },
  "/-/npm/v1/attestations/alpha@1.0.0": { kind: "attestations", name: "alpha", version: "1.0.0" },
  "/-/npm/v1/attestations/@acme%2Ftool@2.0.0": { kind: "attestations", name: tool, version: "2.0.0" },
  "/-/npm/v1/attestations/%40acme%2Ftool@2.0.0": { kind: "attestations", name: tool, version: "2.0.0" },
  "/-/npm/v1/security/advisories/bulk": {
    kind: "audit",
    path: "/-/npm/v1/security/advisories/bulk",
    isBulk: true,
  },
  "/-/npm/v1/security/audits/quick": { kind: "audit", path: "/-/npm/v1/security/audits/quick", isBulk: false },
  "/-/whoami": { kind: "account" },
  "/-/npm/v1/user": { kind: "account" },
  "/-/npm/v1/tokens": { kind: "account" },
  "/-/user/org.couchdb.user:frodo": { kind: "account" },
  "/-/package/alpha/collaborators": { kind: "account" },
  "/": unknown,
  "/@acme": unknown,
  "/.npmrc": unknown,
  "/_session": unknown,
  "/alpha/1.0.0/more": unknown,
  "/alpha/-/": unknown,
  "/alpha/-/other/alpha-1.0.0.tgz": unknown,
  "/alpha/-/.hidden.tgz": unknown,
  "/alpha/-/alpha-1.0.0.zip": unknown,
  "/-/all": unknown,
  "/%ff": unknown,
};

for (const [path, expected] of Object.entries(cases)) {
  Deno.test(`${path} is ${expected.kind}`, () => assert.deepEqual(parseRequest(path), expected));
}

Deno.test("of the paths at the root, only those are taken that clients ask for there by mistake", () => {
  const lost = Object.keys(cases).filter(isLostPath);
  assert.ok(lost.includes("/alpha/-/alpha-1.0.0.tgz") && lost.includes("/-/npm/v1/keys"));
  for (const path of ["/", "/alpha", "/alpha/1.0.0", "/-/ping", "/-/v1/search", "/-/whoami", "/-/healthz"]) {
    assert.ok(!isLostPath(path), path);
  }
});
