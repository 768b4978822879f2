import assert from "node:assert/strict";
import { startBackends } from "../../support/app_fixture.ts";
import { FakeRepository } from "../../support/oci/fake_repository.ts";
import { createTempDir } from "../../support/temp_dir.ts";

Deno.test("offline, the list of tags names those whose image can be pulled for one platform at least", async () => {
  await using dir = await createTempDir();
  const cacheDir = dir.join("cache");
  const repository = new FakeRepository("team/app");
  await using registry = repository.registry;
  const config = { registry_url: registry.origin, retries: 0, tag_ttl: "1h" };
  const start = (more: Record<string, unknown> = {}, top: Record<string, unknown> = {}) =>
    startBackends([{ type: "oci", name: "all", config: { ...config, ...more } }], { cacheDir, top });
  const whole = ["1.0", "1.1", "2.0"].map((tag) => repository.image(tag, tag));
  const [amd64, arm64] = [repository.image("amd64"), repository.image("arm64")];
  const index = repository.index([arm64!, amd64!], "multi");
  const unpulled = repository.index([repository.image("x")], "unpulled");
  const [manifestOnly] = repository.image("part", "part").paths;
  const tags = ["1.0", "1.1", "2.0", "multi", "never", "part", "unpulled"];
  const list = "/v2/team/app/tags/list";
  registry.serve(list, {
    body: JSON.stringify({ name: "team/app", tags }),
    headers: { "content-type": "application/json" },
  });
  {
    await using app = await start();
    const pulled = [...whole, amd64!].flatMap(({ paths }) => paths);
    for (const path of [...pulled, index, unpulled, manifestOnly!, list]) {
      assert.equal((await app.ask(path)).status, 200, path);
    }
    await app.idle();
  }
  const asked = registry.requests.length;
  const tagsOf = (text: string): string[] => JSON.parse(text).tags;
  {
    await using app = await start({}, { offline: true });
    const answer = await app.ask(list);
    assert.deepEqual(JSON.parse(answer.text), { name: "team/app", tags: ["1.0", "1.1", "2.0", "multi"] });
    assert.equal(answer.headers.get("cache-status"), "vault; hit; detail=offline");
    const etag = answer.headers.get("etag")!;
    assert.equal((await app.ask(list, { headers: { "if-none-match": etag } })).status, 304);
    const first = await app.ask(`${list}?n=3`);
    assert.deepEqual(tagsOf(first.text), ["1.0", "1.1", "2.0"]);
    assert.equal(first.headers.get("link"), `<${list}?n=3&last=2.0>; rel="next"`);
    const second = await app.ask(`${list}?n=3&last=2.0`);
    assert.deepEqual([tagsOf(second.text), second.headers.get("link")], [["multi"], null]);
    const missed = await app.ask("/v2/team/other/tags/list");
    assert.deepEqual([missed.status, JSON.parse(missed.text).errors[0].code], [410, "NAME_UNKNOWN"]);
  }
  for (const keys of [{ offline: true, offline_indexes: "full" }, { offline: true }]) {
    await using app = await start(keys);
    const expected = "offline_indexes" in keys ? tags : ["1.0", "1.1", "2.0", "multi"];
    assert.deepEqual(tagsOf((await app.ask(list)).text), expected, "a backend has its own say");
  }
  assert.equal(registry.requests.length, asked, "no registry was asked");
});

Deno.test("while a registry is only down, the list of tags stays whole", async () => {
  const repository = new FakeRepository("team/app");
  await using registry = repository.registry;
  const list = "/v2/team/app/tags/list";
  const body = JSON.stringify({ name: "team/app", tags: ["1", "2"] });
  registry.serve(list, { body, headers: { "content-type": "application/json" } });
  const config = { registry_url: registry.origin, retries: 0, tag_ttl: "0s" };
  await using app = await startBackends([{ type: "oci", name: "all", config }]);
  await app.ask(list);
  await app.idle();
  await registry[Symbol.asyncDispose]();
  assert.equal((await app.ask(list)).text, body);
});
