import assert from "node:assert/strict";
import { type AppFixture, type AppOptions, startApp } from "../../support/app_fixture.ts";
import { type FakeUpstream, startFakeUpstream, type UpstreamRequest } from "../../support/fake_upstream.ts";

/** Says which `Api-Version` it got. */
function versioned({ headers }: UpstreamRequest) {
  const version = headers.get("api-version") ?? "none";
  const sent = { "cache-control": "max-age=60", vary: "Api-Version, Authorization, User-Agent" };
  return { body: `version ${version}`, etag: `"${version}"`, headers: sent };
}

function serveVersions(upstream: FakeUpstream): void {
  for (const target of ["/a", "/b"]) upstream.serve(target, versioned);
}

async function version(app: AppFixture, path: string, value?: string): Promise<string> {
  const headers = { "authorization": "Basic eDp5", ...value !== undefined && { "api-version": value } };
  const { text } = await app.ask(`/files${path}`, { headers });
  await app.idle();
  return text;
}

Deno.test("a client's header that upstream's Vary names is sent on and selects the copy (RFC 9111 §4.1)", async () => {
  await using upstream = startFakeUpstream();
  serveVersions(upstream);
  await using app = await startApp({ upstream: upstream.origin });
  // Upstream had not told before that it looks at this header.
  assert.equal(await version(app, "/a", "1"), "version 1");
  assert.equal(upstream.count("/a"), 2);
  assert.equal(await version(app, "/a", "2"), "version 2");
  assert.equal(await version(app, "/a"), "version none");
  assert.equal(upstream.count("/a"), 4);
  for (const value of ["1", "2"]) assert.equal(await version(app, "/a", value), `version ${value}`);
  assert.equal(await version(app, "/a"), "version none");
  assert.equal(upstream.count("/a"), 4);
  // From then on it is sent with the first request for any path.
  assert.equal(await version(app, "/b", "1"), "version 1");
  assert.equal(upstream.count("/b"), 1);
  for (const { headers } of upstream.requests) {
    assert.equal(headers.get("authorization"), null);
    assert.match(headers.get("user-agent")!, /^artifact-vault/);
  }
});

Deno.test("after a restart a copy is still selected by what Vary had named", async () => {
  await using upstream = startFakeUpstream();
  serveVersions(upstream);
  const cacheDir = await Deno.makeTempDir({ prefix: "vault-test-" });
  const options: AppOptions = { upstream: upstream.origin, cacheDir };
  {
    await using app = await startApp(options);
    assert.equal(await version(app, "/a"), "version none");
    assert.equal(await version(app, "/a", "1"), "version 1");
  }
  {
    await using app = await startApp(options);
    const before = upstream.count("/a");
    assert.equal(await version(app, "/a", "1"), "version 1");
    assert.equal(await version(app, "/a"), "version none");
    assert.equal(upstream.count("/a"), before);
  }
  {
    await using app = await startApp(options);
    assert.equal(await version(app, "/a", "2"), "version 2");
  }
  await Deno.remove(cacheDir, { recursive: true });
});

Deno.test("a stale copy is confirmed with the header it was selected by (RFC 9111 §4.3.1)", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve(
    "/a",
    (request) => ({ ...versioned(request), headers: { vary: "Api-Version", "cache-control": "no-cache" } }),
  );
  const cacheDir = await Deno.makeTempDir({ prefix: "vault-test-" });
  {
    await using app = await startApp({ upstream: upstream.origin, cacheDir });
    assert.equal(await version(app, "/a", "1"), "version 1");
  }
  await using app = await startApp({ upstream: upstream.origin, cacheDir });
  assert.equal(await version(app, "/a", "1"), "version 1");
  const { headers } = upstream.requests.at(-1)!;
  assert.equal(headers.get("api-version"), "1");
  assert.equal(headers.get("if-none-match"), '"1"');
  assert.equal(upstream.count("/a"), 3);
});

Deno.test("clients that ask at once for different representations get their own", async () => {
  await using upstream = startFakeUpstream();
  serveVersions(upstream);
  await using app = await startApp({ upstream: upstream.origin });
  const hold = upstream.hold("/a");
  const answers = ["1", "2", "3", "2"].map((value) => app.ask("/files/a", { headers: { "api-version": value } }));
  await hold.reached;
  hold.release();
  assert.deepEqual(
    (await Promise.all(answers)).map(({ text }) => text),
    ["1", "2", "3", "2"].map((v) => `version ${v}`),
  );
});
