import assert from "node:assert/strict";
import { startApp, startBackends } from "../support/app_fixture.ts";
import { startFakeUpstream } from "../support/fake_upstream.ts";
import { Pattern } from "../support/pattern.ts";

// What has gone wrong in other caches and proxies of late, and must not here. More of it is tested where it belongs:
// token servers in upstream/oci_token_test.ts, addresses in upstream/pinned_test.ts, redirects in
// upstream/redirect_test.ts, paths in http/path_test.ts, names of files in store/layout_test.ts, pages in
// e2e/browser_test.ts, carried directories in carried_cache_test.ts, one blob with two rights in
// vault/digest_names_test.ts.

const body = new Pattern(1000, 1);

Deno.test("credentials never go to a host whose name only begins like the upstream's", async () => {
  await using upstream = startFakeUpstream();
  await using stranger = startFakeUpstream({ hostname: "127.0.0.2" });
  const { port } = new URL(stranger.origin);
  stranger.serve("/a", { body });
  for (const host of [`127.0.0.2:${port}`, `${new URL(upstream.origin).host}@127.0.0.2:${port}`]) {
    upstream.serve("/a", { status: 302, headers: { location: `http://${host}/a` } });
    const backend = {
      token: "t0ken",
      headers: { "private-token": "p", "x-jfrog-art-api": "j" },
      ttl: 0,
      negative_ttl: 0,
    };
    await using app = await startApp({ upstream: upstream.origin, backend });
    await app.ask("/files/a");
  }
  assert.ok(stranger.requests.length > 0);
  for (const { headers } of stranger.requests) {
    // What stands before the @ in a redirect is that upstream's own idea of a login.
    assert.ok(!headers.get("authorization")?.includes("t0ken"));
    for (const name of ["private-token", "x-jfrog-art-api"]) assert.equal(headers.get(name), null);
  }
});

Deno.test("one path at two upstreams is two files, whatever Host a client sends", async () => {
  await using one = startFakeUpstream();
  await using two = startFakeUpstream();
  one.serve("/a", { body: "of one" });
  two.serve("/a", { body: "of two" });
  const backends = [one, two].map(({ origin }, i) => (
    { type: "http", name: `b${i}`, config: { prefix: `/b${i}`, base_url: origin, ttl: "1h" } }
  ));
  await using app = await startBackends(backends);
  for (const host of ["one.example", "two.example", "127.0.0.1"]) {
    for (const [path, text] of [["/b0/a", "of one"], ["/b1/a", "of two"]] as const) {
      assert.equal((await app.ask(path, { headers: { host, "x-forwarded-host": "evil.example" } })).text, text);
    }
  }
});

const alike = [
  "/a",
  "/a?",
  "/a?b",
  "/a?b&c",
  "/a%3Fb",
  "/a/",
  "/a~",
  "/a~.json",
  "//a",
  "/a%2Fb",
  "/a/b",
  "/=/a",
  "/A",
  "/a%7C",
];

Deno.test("keys that look alike are kept apart, also when they are fetched at once", async () => {
  await using upstream = startFakeUpstream();
  for (const target of alike) upstream.serve(target, { body: `of ${target}` });
  await using app = await startApp({ upstream: upstream.origin, backend: { ttl: "1h" } });
  for (let round = 0; round < 2; round++) {
    const answers = await Promise.all(alike.map((target) => app.ask(`/files${target}`)));
    assert.deepEqual(answers.map(({ text }) => text), alike.map((target) => `of ${target}`));
    await app.idle();
  }
});

Deno.test("a copy whose body has gone is fetched whole: no 304 without a body, for ever", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body, etag: '"1"' });
  await using app = await startApp({ upstream: upstream.origin, top: { memory_cache_size: 0 }, backend: { ttl: 0 } });
  await app.ask("/files/a");
  await app.idle();
  await Deno.remove(`${app.cacheDir}/blobs`, { recursive: true });
  for (let round = 0; round < 2; round++) {
    const answer = await app.ask("/files/a");
    assert.ok(answer.status === 200 && body.matches(answer.body, 0));
    await app.idle();
  }
});

Deno.test("20 clients of one cold file get it, and none an error", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body });
  await using app = await startApp({ upstream: upstream.origin, backend: { ttl: "1h" } });
  const answers = await Promise.all(Array.from({ length: 20 }, () => app.ask("/files/a")));
  assert.deepEqual(answers.map(({ status }) => status), Array(20).fill(200));
  assert.equal(upstream.count("/a"), 1);
});

for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
  Deno.test(`${method} changes nothing, and reaches no upstream`, async () => {
    await using upstream = startFakeUpstream();
    upstream.serve("/a", { body });
    await using app = await startApp({ upstream: upstream.origin, backend: { ttl: "1h" } });
    await app.ask("/files/a");
    await app.idle();
    assert.equal((await app.ask("/files/a", { method })).status, 405);
    assert.ok(body.matches((await app.ask("/files/a")).body, 0));
    assert.equal(upstream.requests.length, 1);
  });
}
