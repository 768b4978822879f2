import assert from "node:assert/strict";
import { startApp, startBackends } from "../support/app_fixture.ts";
import { type Answer, type Answers, startFakeUpstream } from "../support/fake_upstream.ts";
import { Pattern } from "../support/pattern.ts";

const manifestType = "application/vnd.oci.image.manifest.v1+json";

function manifest(name: string): Answer {
  const body = JSON.stringify({ schemaVersion: 2, mediaType: manifestType, layers: [], annotations: { name } });
  return { body, headers: { "content-type": manifestType } };
}

/** An upstream that refuses HEAD with this status, and knows GET. */
function refusingHead(status: number, answer: Answer): Answers {
  return ({ method }) => method === "HEAD" ? { status } : answer;
}

for (const status of [400, 401, 403, 404, 405, 410, 501]) {
  Deno.test(`HEAD that upstream answers ${status} is answered as GET has it, and a small body is kept`, async () => {
    await using upstream = startFakeUpstream();
    upstream.serve("/a.txt", refusingHead(status, { body: "small", headers: { "content-type": "text/x" } }));
    await using app = await startApp({ upstream: upstream.origin, backend: { ttl: "1h" } });
    const head = await app.ask("/files/a.txt", { method: "HEAD" });
    const { headers } = head;
    assert.deepEqual([head.status, headers.get("content-length"), headers.get("content-type")], [200, "5", "text/x"]);
    await app.idle();
    assert.equal((await app.ask("/files/a.txt")).text, "small");
    assert.equal(upstream.count("/a.txt", "GET"), 2);
    assert.equal(upstream.count("/a.txt", "HEAD"), 1);
  });

  Deno.test(`a tag whose HEAD is answered ${status} is asked for with GET before it is deleted, and moves`, async () => {
    await using registry = startFakeUpstream();
    const path = "/v2/team/x/manifests/1";
    registry.serve(path, manifest("old"));
    const config = { repositories: [{ registry_url: registry.origin }], retries: 0, tag_ttl: 0 };
    await using app = await startBackends([{ type: "oci", name: "all", config }]);
    assert.match((await app.ask("/v2/team/x/manifests/1")).text, /"old"/);
    await app.idle();
    registry.serve(path, refusingHead(status, manifest("new")));
    const moved = await app.ask("/v2/team/x/manifests/1");
    assert.deepEqual([moved.status, /"new"/.test(moved.text)], [200, true]);
    assert.deepEqual([registry.count(path, "HEAD"), registry.count(path, "GET")], [1, 2]);
  });
}

Deno.test("a large body is not fetched for HEAD, whatever upstream makes of HEAD", async () => {
  await using upstream = startFakeUpstream();
  const size = 64 * 1024 * 1024;
  upstream.serve("/a.bin", refusingHead(405, { body: new Pattern(size) }));
  await using app = await startApp({ upstream: upstream.origin });
  const head = await app.ask("/files/a.bin", { method: "HEAD" });
  assert.deepEqual([head.status, head.headers.get("content-length")], [200, String(size)]);
  await app.idle();
  assert.deepEqual(app.held(), { entries: 0, blobs: 0, staged: 0 });
  assert.ok(upstream.sentBytes < size, `${upstream.sentBytes} bytes`);
});

Deno.test("what neither HEAD nor GET has is not found", async () => {
  await using upstream = startFakeUpstream();
  await using app = await startApp({ upstream: upstream.origin });
  assert.equal((await app.ask("/files/a", { method: "HEAD" })).status, 404);
  assert.deepEqual(upstream.requests.map(({ method }) => method), ["HEAD", "GET"]);
});

Deno.test("a stale copy whose HEAD is refused is confirmed with GET, conditionally", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", refusingHead(405, { body: "good", etag: '"1"' }));
  await using app = await startApp({ upstream: upstream.origin, backend: { ttl: 0 } });
  await app.ask("/files/a");
  await app.idle();
  const head = await app.ask("/files/a", { method: "HEAD" });
  assert.equal(head.status, 200);
  assert.match(head.headers.get("cache-status")!, /fwd=stale; fwd-status=304/);
});

Deno.test("of several registries, the first that has a tag is believed although it refuses HEAD", async () => {
  await using first = startFakeUpstream();
  await using second = startFakeUpstream();
  const path = "/v2/team/x/manifests/1";
  first.serve(path, refusingHead(404, manifest("first")));
  second.serve(path, manifest("second"));
  const repositories = [{ registry_url: first.origin }, { registry_url: second.origin }];
  await using app = await startBackends([{
    type: "oci",
    name: "all",
    config: { repositories, retries: 0, tag_ttl: 0 },
  }]);
  for (let i = 0; i < 2; i++) {
    assert.match((await app.ask("/v2/team/x/manifests/1")).text, /"first"/);
    await app.idle();
  }
  assert.equal(second.requests.length, 0);
});
