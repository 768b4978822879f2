import assert from "node:assert/strict";
import { acceptsHtml, isHtml } from "../../src/http/media_type.ts";
import { isWebPageInPlaceOf } from "../../src/vault/asking/web_page.ts";
import { byDigest, VaultFixture } from "../support/vault_fixture.ts";

const cases: readonly [key: string, accept: string | null, isInPlace: boolean][] = [
  ["/dir/", null, false],
  ["/dir", "*/*", false],
  ["/page.html", null, false],
  ["/release-1.2", null, false],
  ["/a.tar.gz", null, true],
  ["/A.JAR", "text/html", true],
  ["/a.tar.gz/", null, false],
  ["/a.b/c", null, false],
  ["/view?file=a.zip", null, false],
  ["/a.whl?x=/y.html", null, true],
  ["/x", "application/json", true],
  ["/x", "application/json, text/*;q=0.1", false],
  ["/x", "application/json, */*;q=0", true],
];

for (const [key, accept, isInPlace] of cases) {
  Deno.test(`a web page ${isInPlace ? "is in the place of" : "may be"} ${key}, asked for with ${accept ?? "no Accept"}`, async () => {
    await using fixture = new VaultFixture();
    const requestHeaders = accept === null ? [] : [["accept", accept] as const];
    const artifact = fixture.artifact(`http://up.test${key}`, { key, requestHeaders });
    const sent = { method: "GET", contentType: "text/html", held: null };
    assert.equal(isWebPageInPlaceOf(artifact, sent), isInPlace);
    assert.equal(isWebPageInPlaceOf(artifact, { ...sent, contentType: "application/x-tar" }), false);
    assert.equal(isWebPageInPlaceOf({ ...artifact, webPages: "allowed" }, sent), false);
    assert.equal(isWebPageInPlaceOf({ ...artifact, webPages: "refused" }, sent), true);
  });
}

Deno.test("what is checked by its digest is not judged by its type, but for HEAD", async () => {
  await using fixture = new VaultFixture();
  const digest = { algorithm: "sha256", hex: "0".repeat(64) } as const;
  const artifact = fixture.artifact("http://up.test/a.zip", { identity: byDigest(digest) });
  const sent = { contentType: "text/html", held: null };
  assert.equal(isWebPageInPlaceOf(artifact, { ...sent, method: "GET" }), false);
  assert.equal(isWebPageInPlaceOf(artifact, { ...sent, method: "HEAD" }), true);
});

Deno.test("media types are compared without parameters and case", () => {
  assert.ok(isHtml("Text/HTML ; charset=x"));
  assert.ok(isHtml("application/xhtml+xml"));
  for (const other of [null, "", "text/htmlx", "text/plain; a=text/html"]) assert.ok(!isHtml(other), String(other));
  assert.ok(acceptsHtml(undefined));
  assert.ok(acceptsHtml("image/png, Text/HTML;q=0.001"));
  assert.ok(!acceptsHtml("text/html;q=0.000, image/png"));
});
