import assert from "node:assert/strict";
import { headerOf, keepHeaders } from "../../src/http/headers.ts";

Deno.test("what belongs to the representation is kept, byte-exact", () => {
  const kept = [
    ["cache-control", "max-age=60,  must-revalidate"],
    ["content-type", "Application/X-Tar; charset=UTF-8"],
    ["date", "Mon, 01 Jan 2024 00:00:00 GMT"],
    ["docker-content-digest", "sha256:ab"],
    ["etag", 'W/"odd  one"'],
    ["last-modified", "Monday, 01-Jan-24 00:00:00 GMT"],
    ["vary", "Accept"],
  ] as const;
  assert.deepEqual(keepHeaders(new Headers(kept as never)), kept);
});

const dropped = [
  "Connection",
  "Keep-Alive",
  "Proxy-Authenticate",
  "Proxy-Connection",
  "TE",
  "Trailer",
  "Transfer-Encoding",
  "Upgrade",
  "Set-Cookie",
  "Server",
  "Alt-Svc",
  "Strict-Transport-Security",
  "Access-Control-Allow-Origin",
  "Access-Control-Allow-Credentials",
  "Content-Location",
  "Refresh",
  "Service-Worker-Allowed",
  "Speculation-Rules",
  "Use-As-Dictionary",
  "Cross-Origin-Resource-Policy",
  "X-Accel-Redirect",
  "X-Accel-Expires",
  "X-Sendfile",
  "X-LIGHTTPD-send-file",
  "X-Reproxy-URL",
  "Surrogate-Control",
  "X-Cache",
  "X-Cache-Hits",
  "X-Request-Id",
  "Accept-Ranges",
  "Age",
  "Cache-Status",
  "Content-Length",
  "Content-Range",
];

for (const name of dropped) {
  Deno.test(`${name} is not kept`, () => assert.deepEqual(keepHeaders(new Headers([[name, "1"]])), []));
}

Deno.test("headers that Connection names are not kept", () => {
  const headers = new Headers({ connection: "close, X-Secret , etag", "x-secret": "1", etag: '"a"', "x-other": "2" });
  assert.deepEqual(keepHeaders(headers), [["x-other", "2"]]);
});

Deno.test("a header is found by its lower-case name", () => {
  assert.equal(headerOf([["a", "1"], ["b", "2"]], "b"), "2");
  assert.equal(headerOf([["a", "1"]], "b"), undefined);
});
