import assert from "node:assert/strict";
import { type ErrorCode, errorStatus, VaultError } from "../../../src/errors.ts";
import { createRoot } from "../../../src/backends/oci/root.ts";
import { ociBackend, requestFor, sha256 } from "./fixture.ts";

const backend = ociBackend();
const tag = "/v2/library/a/manifests/x";

const errors: readonly { code: ErrorCode; target: string; expected: string; upstreamStatus?: number }[] = [
  { code: "not_found", target: tag, expected: "MANIFEST_UNKNOWN" },
  { code: "not_found", target: `/v2/library/a/manifests/${sha256}`, expected: "MANIFEST_UNKNOWN" },
  { code: "gone", target: `/library/a/blobs/${sha256}`, expected: "BLOB_UNKNOWN" },
  { code: "not_found", target: "/v2/library/a/tags/list?n=1", expected: "NAME_UNKNOWN" },
  { code: "not_found", target: `/v2/a/referrers/${sha256}`, expected: "NAME_UNKNOWN" },
  { code: "bad_request", target: "/v2/A/manifests/x", expected: "NAME_INVALID" },
  { code: "bad_request", target: "/v2/a/manifests/x?ns=/", expected: "NAME_INVALID" },
  { code: "bad_request", target: "/v2/a/manifests/.x", expected: "TAG_INVALID" },
  { code: "bad_request", target: "/v2/a/blobs/x", expected: "DIGEST_INVALID" },
  { code: "bad_request", target: "/%zz", expected: "UNSUPPORTED" },
  { code: "unknown_route", target: "/v2/_catalog", expected: "UNSUPPORTED" },
  { code: "denied", target: tag, upstreamStatus: 401, expected: "UNAUTHORIZED" },
  { code: "denied", target: tag, upstreamStatus: 403, expected: "DENIED" },
  { code: "denied", target: tag, expected: "DENIED" },
  { code: "rate_limited", target: tag, upstreamStatus: 429, expected: "TOOMANYREQUESTS" },
  { code: "upstream_failed", target: tag, upstreamStatus: 503, expected: "UNAVAILABLE" },
  { code: "upstream_silent", target: tag, expected: "UNAVAILABLE" },
  { code: "digest_mismatch", target: tag, expected: "UNAVAILABLE" },
  { code: "offline", target: tag, expected: "MANIFEST_UNKNOWN" },
  { code: "internal", target: tag, expected: "UNKNOWN" },
];

for (const { code, target, expected, upstreamStatus } of errors) {
  Deno.test(`${code} ${upstreamStatus ?? ""} for ${target} is ${expected}`, () => {
    const error = new VaultError(code, 'It is "so"', upstreamStatus === undefined ? {} : { upstreamStatus });
    const { contentType, headers, body } = backend.formatError!(error, requestFor(target));
    assert.equal(contentType, "application/json");
    assert.deepEqual(headers, [["docker-distribution-api-version", "registry/2.0"]]);
    const detail = { reason: code };
    assert.deepEqual(JSON.parse(body), { errors: [{ code: expected, message: 'It is "so"', detail }] });
  });
}

Deno.test("every error there is has a body, for every kind of request", () => {
  const targets = ["/", "/v2/", "/x", tag, "/v2/a/tags/list", `/v2/a/blobs/${sha256}`, "/v2/A/manifests/x"];
  for (const code of Object.keys(errorStatus) as ErrorCode[]) {
    for (const target of targets) {
      const { body } = backend.formatError!(new VaultError(code, "why"), requestFor(target));
      assert.match(JSON.parse(body).errors[0].code, /^[A-Z_]+$/);
    }
  }
});

Deno.test("a push is told that this is a mirror, and where to push", () => {
  const { body } = backend.formatError!(new VaultError("method_not_allowed", "No PUT"), requestFor(tag));
  const [{ code, message }] = JSON.parse(body).errors;
  assert.deepEqual([code, message], [
    "UNSUPPORTED",
    "No PUT; this is a read-only mirror, and pushes go to the registry itself",
  ]);
});

Deno.test("errors at the root are about what was asked there, also behind a prefix that could be no name", () => {
  const root = createRoot([backend, ociBackend({ name: "other", prefix: "/Other" })]);
  const codeOf = (code: ErrorCode, path: string) =>
    JSON.parse(root.formatError!(new VaultError(code, "why"), requestFor(path, "/v2")).body).errors[0].code;
  assert.equal(codeOf("not_found", "/library/a/tags/list"), "NAME_UNKNOWN");
  assert.equal(codeOf("not_found", `/Other/a/blobs/${sha256}`), "BLOB_UNKNOWN");
  assert.equal(codeOf("bad_request", "/Other/a/manifests/.x"), "TAG_INVALID");
});
