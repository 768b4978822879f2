import assert from "node:assert/strict";
import { type AppFixture, startApp } from "../support/app_fixture.ts";
import { startFakeUpstream } from "../support/fake_upstream.ts";
import { type ApiAnswer, askApi } from "./ask_api.ts";
import { describedAnswer, schemaIn } from "./described.ts";

// deno-lint-ignore no-explicit-any -- an OpenAPI document
type Json = any;

/** What values of a parameter or a body are tried, whatever its schema says. */
const odd: readonly unknown[] = [
  ...[
    "",
    " ",
    "0",
    "-1",
    "1e9",
    "null",
    "true",
    "[]",
    "{}",
    "x".repeat(5000),
    "../../etc/passwd",
    "%00",
    "%",
    "\u202e",
  ],
  ...["<script>alert(1)</script>", "__proto__", "constructor", "**", "[", "\ud800", "name", "size", "500", "501"],
];

async function withEntries(app: AppFixture): Promise<void> {
  for (const name of ["/a", "/b?x=1", "/dir/c", "/%3Cscript%3E"]) await app.ask(`/files${name}`);
}

/** Compares an answer with what the document says of its status. */
function check(document: Json, { operation, path }: { operation: Json; path: string }, answer: ApiAnswer): void {
  const { schema } = describedAnswer(operation, answer);
  const { error } = schemaIn(document, schema).safeParse(answer.body);
  assert.equal(error, undefined, `${path}: ${JSON.stringify(answer.body).slice(0, 300)}: ${error?.message}`);
  if (answer.status < 400) return;
  const { title, status, detail } = answer.body;
  assert.ok(typeof title === "string" && status === answer.status && detail.length > 10, path);
}

Deno.test("every answer is what the API's own document says, whatever it is asked", async () => {
  await using upstream = startFakeUpstream();
  for (const target of ["/a", "/b", "/dir/c", "/%3Cscript%3E"]) {
    upstream.serve(target, { body: `the body of ${target}` });
  }
  await using app = await startApp({ upstream: upstream.origin });
  await withEntries(app);
  const { body: document } = await askApi(app, "/openapi.json");
  assert.equal(document.openapi, "3.1.0");
  const paths = Object.entries<Json>(document.paths).filter(([, operations]) => operations.get !== undefined);
  assert.ok(paths.length >= 11);
  let [asked, unchanged] = [0, 0];
  for (const [path, { get: operation }] of paths) {
    if (path === "/events") continue;
    const names = path.includes("{name}") ? ["files/a", "files%2Fb%3Fx%3D1", "files/b?x=1", ...odd.map(String)] : [""];
    const queries = ["", "?unknown=1", "?limit=1&limit=2"];
    for (const { name, in: where } of operation.parameters) {
      if (where === "query") {
        queries.push(...odd.map((value) => `?${name}=${encodeURIComponent(String(value).toWellFormed())}`));
      }
    }
    for (const name of names) {
      const escaped = /^files/.test(name) ? name : encodeURIComponent(name.toWellFormed());
      for (const query of name.includes("?") ? [""] : queries) {
        const target = path.replace("{name}", escaped) + query;
        const response = await fetch(`${app.origin}/-/api/v1${target}`);
        const text = await response.text();
        asked++;
        const { status, headers } = response;
        check(document, { operation, path: target }, { status, headers, body: JSON.parse(text) });
        assert.ok(status < 500, `${target}: ${text}`);
        const etag = headers.get("etag");
        if (etag === null || query !== "") continue;
        const again = await fetch(response.url, { headers: { "if-none-match": etag } });
        const isSame = (await again.text()) === "";
        assert.equal(again.status, isSame ? 304 : 200, target);
        describedAnswer(operation, again);
        if (isSame) unchanged++;
      }
    }
  }
  assert.ok(asked > 100 && unchanged >= 8);
});

Deno.test("HEAD, wrong methods, unknown paths and unchanged answers", async () => {
  await using upstream = startFakeUpstream();
  await using app = await startApp({ upstream: upstream.origin });
  const head = await fetch(`${app.origin}/-/api/v1/pins`, { method: "HEAD" });
  assert.deepEqual([head.status, await head.text(), head.headers.get("content-length")], [200, "", "3"]);
  const wrong = await askApi(app, "/stats", { method: "DELETE" });
  assert.deepEqual([wrong.status, wrong.headers.get("allow"), wrong.body.title], [
    405,
    "GET, HEAD",
    "Method Not Allowed",
  ]);
  const unknown = await askApi(app, "/nothing");
  assert.deepEqual([unknown.status, unknown.headers.get("content-type")], [404, "application/problem+json"]);
  // First the API is loaded, then it is there: neither time a backend at the root gets what it does not know.
  await using atRoot = await startApp({ upstream: upstream.origin, backend: { prefix: "/" } });
  for (
    const path of ["/-/api/v1/nothing", "/-/api/v1/stats/more", "/-/api/v2/stats", "/-/api/v1", "/-/api/", "/-/api"]
  ) {
    for (const method of ["GET", "POST", "HEAD"]) {
      const { status, headers, body } = await fetch(atRoot.origin + path, { method });
      await body?.cancel();
      assert.deepEqual([status, headers.get("content-type")], [404, "application/problem+json"], `${method} ${path}`);
    }
  }
  assert.equal(upstream.requests.length, 0);
  for (const path of ["/pins", "/openapi.json"]) {
    const etag = (await askApi(app, path)).headers.get("etag")!;
    const unchanged = await fetch(`${app.origin}/-/api/v1${path}`, { headers: { "if-none-match": etag } });
    assert.deepEqual([unchanged.status, await unchanged.text()], [304, ""], path);
  }
  // Only what is looked at can be unchanged.
  const headers = { "if-none-match": "*", "content-type": "application/json" };
  assert.equal((await askApi(app, "/refresh", { method: "POST", headers, body: "{}" })).status, 200);
});

Deno.test("an entry is described as the cache has it", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body: "same", headers: { "content-type": "text/x" } });
  upstream.serve("/b", { body: "same" });
  upstream.serve("/c", { body: "c" });
  await using app = await startApp({ upstream: upstream.origin, backend: { ttl: "1h" } });
  await app.ask("/files/a");
  await app.ask("/files/b");
  await app.ask("/files/c?x=1&x=2");
  await app.idle();
  const { body: [one] } = await askApi(app, "/entries/files/a");
  assert.equal(one.url, `${upstream.origin}/a`);
  assert.deepEqual([one.sizeBytes, one.isStored, one.decision], [4, true, "serve"]);
  assert.deepEqual(one.sameBytes, ["files/b"]);
  assert.ok(one.headers.some(([name, value]: string[]) => name === "content-type" && value === "text/x"));
  const twice = await askApi(app, "/entries/files/c?x=1&x=2");
  assert.equal(twice.body[0].name, "files/c?x=1&x=2");
  const { body: missing } = await askApi(app, "/entries/files/c");
  assert.equal(missing.status, 404);
});

Deno.test("what is private is for administrators, and clients are nobody else's business", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body: "a" });
  const credentials = { username: "me", password: "very-secret" };
  await using app = await startApp({ upstream: upstream.origin, backend: credentials });
  await app.ask("/files/a");
  const proxied = { headers: { "x-forwarded-for": "192.0.2.1" } };
  for (const path of ["/config", "/misses"]) {
    assert.equal((await askApi(app, path)).status, 200);
    assert.equal((await askApi(app, path, proxied)).status, 403);
  }
  assert.match(JSON.stringify((await askApi(app, "/config")).body), /"username":"me","password":"\*\*\*"/);
  assert.equal((await askApi(app, "/requests")).body[0].client, "127.0.0.1");
  assert.equal((await askApi(app, "/requests", proxied)).body[0].client, "");
});
