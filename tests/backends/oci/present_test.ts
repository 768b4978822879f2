import assert from "node:assert/strict";
import { announcedDigest, contentHeaders, listHeaders } from "../../../src/backends/oci/response_headers.ts";
import { parseDigest } from "../../../src/digest.ts";
import { sha256, sha512 } from "./fixture.ts";

const version = ["docker-distribution-api-version", "registry/2.0"] as const;
const other = `sha256:${"0".repeat(64)}`;

Deno.test("what was asked for by digest is told to have it, whatever upstream says", () => {
  const told = [["content-type", "a/b"], version, ["docker-content-digest", sha256]];
  assert.deepEqual(contentHeaders([["content-type", "a/b"]], parseDigest(sha256)), told);
  assert.deepEqual(
    contentHeaders([["docker-content-digest", other], ["content-type", "a/b"]], parseDigest(sha256)),
    told,
  );
});

Deno.test("a tag has the digest that upstream tells, or none", () => {
  const upstream = [["docker-distribution-api-version", "registry/2.1"], ["docker-content-digest", other]] as const;
  assert.deepEqual(contentHeaders(upstream, null), [version, ["docker-content-digest", other]]);
  assert.deepEqual(contentHeaders([], null), [version]);
});

Deno.test("a list has no digest", () => {
  const presented = listHeaders([["docker-content-digest", other], ["etag", '"1"']], {
    path: "/v2/a/tags/list",
    ns: null,
  });
  assert.deepEqual(presented, [["etag", '"1"'], version]);
});

Deno.test("the address that a registry counts its quota for is not passed on", () => {
  const upstream = [["docker-ratelimit-source", "192.0.2.1"]] as const;
  assert.deepEqual(contentHeaders(upstream, null), [version]);
  assert.deepEqual(listHeaders(upstream, { path: "/v2/a/tags/list", ns: null }), [version]);
});

const links: Readonly<Record<string, { link: string; ns?: string; expected: string | null }>> = {
  "absolute path": { link: '</v2/library/a/tags/list?last=b&n=2>; rel="next"', expected: "?last=b&n=2" },
  "URL of another origin": {
    link: '<http://other.example:5000/v2/a/tags/list?last=b>; rel="next"',
    expected: "?last=b",
  },
  "query only": { link: "<?n=1&next_page=x%3D>;rel=next", expected: "?n=1&next_page=x%3D" },
  "relative path and a fragment": { link: '<list?last=b#c>; title="x"; rel="next"', expected: "?last=b" },
  "several, with commas and semicolons in them": {
    link: '<list?last=a,b>; rel="prev"; title="a, <b>; rel=next", <list?last=c;d,e>; rel="last Next"',
    expected: "?last=c%3Bd%2Ce",
  },
  "the registry stays named": { link: '<list?last=b&ns=x>; rel="next"', ns: "ghcr.io", expected: "?last=b&ns=ghcr.io" },
  "upstream's own ns goes": { link: '<list?last=b&ns=x>; rel="next"', expected: "?last=b" },
  "only another relation": { link: '<list?last=b>; rel="prev"', expected: null },
  "a relation that only begins so": { link: "<list?last=b>; rel=nextish", expected: null },
  "no relation": { link: "<list?last=b>", expected: null },
  "no query, which would lead to the same page": { link: '<list>; rel="next"', expected: null },
  "garbage": { link: '<<;rel="next">', expected: null },
};

for (const [name, { link, ns = null, expected }] of Object.entries(links)) {
  Deno.test(`link to the next page: ${name}`, () => {
    const presented = listHeaders([["link", link]], { path: "/docker/v2/a/tags/list", ns });
    const next = expected === null ? [] : [["link", `</docker/v2/a/tags/list${expected}>; rel="next"`]];
    assert.deepEqual(presented, [version, ...next]);
  });
}

const announced: Readonly<Record<string, { value: string; type?: string; digest: string | null }>> = {
  "sha256": { value: sha256, digest: sha256 },
  "sha512": { value: sha512, digest: sha512 },
  "another algorithm": { value: `md5:${"0".repeat(32)}`, digest: null },
  "two": { value: `${sha256}, ${other}`, digest: null },
  "garbage": { value: "latest", digest: null },
  "of a manifest without the signatures in it": {
    value: sha256,
    type: "application/vnd.docker.distribution.manifest.v1+prettyjws",
    digest: null,
  },
};

for (const [name, { value, type = "a/b", digest }] of Object.entries(announced)) {
  Deno.test(`announced digest: ${name}`, () => {
    const expected = digest === null ? null : parseDigest(digest);
    assert.deepEqual(announcedDigest([["content-type", type], ["docker-content-digest", value]]), expected);
  });
}

Deno.test("announced digest: none", () => assert.equal(announcedDigest([]), null));
