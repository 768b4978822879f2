import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { HubScene } from "../../support/hub/hub_scene.ts";
import type { HubFileOptions } from "../../support/hub/hub_file.ts";

const config: HubFileOptions = { storage: "git", content: '{"model_type": "tiny"}' };
const weights: HubFileOptions = { storage: "lfs", content: { sizeBytes: 3_000_000, seed: 2 } };
const model: HubFileOptions = { storage: "xet", content: { sizeBytes: 2_500_000, seed: 3 } };

Deno.test("a branch is redirected to its commit by a relative URL, and files are served at the commit", async () => {
  await using scene = await HubScene.create();
  const commit = scene.hub.addRepo("acme/m").commit({ "sub/config.json": config });
  await using vault = await scene.start();
  for (const method of ["HEAD", "GET"]) {
    const { status, headers } = await vault.ask("/acme/m/resolve/main/sub/config.json?download=true", { method });
    assert.equal(status, 307);
    assert.equal(headers.get("location"), `/huggingface/acme/m/resolve/${commit}/sub/config.json?download=true`);
    assert.equal(headers.get("x-repo-commit"), commit);
  }
  const answer = await vault.ask(`/acme/m/resolve/${commit}/sub/config.json`);
  assert.deepEqual([answer.status, answer.text], [200, config.content]);
});

Deno.test("HEAD and GET have what clients of the Hub look for, from either storage, and lead nowhere else", async () => {
  await using scene = await HubScene.create();
  const { hub } = scene;
  const repo = hub.addRepo("acme/m");
  const commit = repo.commit({ "config.json": config, "weights.bin": weights, "model.safetensors": model });
  await using vault = await scene.start();
  for (const name of ["config.json", "weights.bin", "model.safetensors"]) {
    const file = repo.files(commit).get(name)!;
    for (const method of ["HEAD", "GET", "HEAD", "GET"]) {
      const { status, headers, body } = await vault.ask(`/acme/m/resolve/${commit}/${name}`, { method });
      assert.equal(status, 200, name);
      assert.equal(headers.get("x-repo-commit"), commit);
      assert.equal(headers.get("etag"), file.etag);
      assert.equal(headers.get("x-linked-etag"), file.etag);
      assert.equal(headers.get("x-linked-size"), String(file.sizeBytes));
      assert.equal(headers.get("content-length"), String(file.sizeBytes));
      assert.equal(headers.get("accept-ranges"), "bytes");
      assert.equal(headers.get("x-xet-hash"), file.xetHash);
      assert.equal(headers.get("location"), null);
      for (const [, url] of (headers.get("link") ?? "").matchAll(/<([^>]*)>/g)) {
        assert.ok(url!.startsWith(`${new URL(vault.endpoint).protocol}//vault/huggingface/`), url);
      }
      if (method === "GET") assert.ok(Buffer.compare(body, file.bytes()) === 0, name);
    }
  }
});

Deno.test("what HEAD has said, a missing file among it, is asked for once, and is there without the Hub", async () => {
  await using scene = await HubScene.create();
  const { hub } = scene;
  const commit = hub.addRepo("acme/m").commit({ "config.json": config });
  {
    await using vault = await scene.start();
    for (const name of ["config.json", "nothing.json"]) {
      await vault.ask(`/acme/m/resolve/main/${name}`, { method: "HEAD" });
      await vault.ask(`/acme/m/resolve/${commit}/${name}`, { method: "HEAD" });
    }
  }
  hub.forget();
  await hub.refuse();
  await using vault = await scene.start({ top: { offline: true } });
  const there = await vault.ask(`/acme/m/resolve/${commit}/config.json`, { method: "HEAD" });
  assert.deepEqual([there.status, there.headers.get("content-length")], [200, "22"]);
  assert.match(there.headers.get("cache-status")!, /hit/);
  for (const method of ["HEAD", "GET"]) {
    const missing = await vault.ask(`/acme/m/resolve/${commit}/nothing.json`, { method });
    assert.equal(missing.status, 404);
    assert.equal(missing.headers.get("x-error-code"), "EntryNotFound");
    assert.equal(missing.headers.get("x-repo-commit"), commit);
  }
  assert.deepEqual(hub.lines, []);
  const body = await vault.ask(`/acme/m/resolve/${commit}/config.json`);
  assert.equal(body.status, 410, "its bytes have not been fetched");
  assert.match(body.headers.get("x-error-message")!, /artifact-vault warm/);
});

Deno.test("a stored tree tells about all files of its commit, also about those that are not in it", async () => {
  await using scene = await HubScene.create();
  const { hub } = scene;
  hub.treePage = 2;
  const repo = hub.addRepo("acme/m");
  const commit = repo.commit({ "a.json": config, "b.bin": weights, "c/model.safetensors": model });
  await using vault = await scene.start();
  let next: string | null = `/api/models/acme/m/tree/main?recursive=True&expand=False`;
  const listed: string[] = [];
  while (next !== null) {
    const response = await vault.fetch(next);
    listed.push(...(await response.json()).map(({ path }: { path: string }) => path));
    const link: string | undefined = /<([^>]*)>; rel="next"/.exec(response.headers.get("link") ?? "")?.[1];
    assert.ok(link === undefined || link.startsWith(`${vault.endpoint}/`), link);
    next = link?.slice(vault.endpoint.length) ?? null;
  }
  assert.deepEqual(listed, ["a.json", "b.bin", "c", "c/model.safetensors"]);
  hub.forget();
  const head = await vault.ask(`/acme/m/resolve/${commit}/c/model.safetensors`, { method: "HEAD" });
  const file = repo.files(commit).get("c/model.safetensors")!;
  assert.deepEqual([head.headers.get("etag"), head.headers.get("x-xet-hash")], [file.etag, file.xetHash]);
  const absent = await vault.ask(`/acme/m/resolve/${commit}/c/nothing`, { method: "HEAD" });
  assert.deepEqual([absent.status, absent.headers.get("x-error-code")], [404, "EntryNotFound"]);
  assert.deepEqual(hub.lines, []);
  const { body } = await vault.ask(`/acme/m/resolve/${commit}/c/model.safetensors`);
  assert.ok(Buffer.compare(body, file.bytes()) === 0);
});

Deno.test("a tree whose pages lead in a circle ends, and files are asked for one by one", async () => {
  await using scene = await HubScene.create();
  const { hub } = scene;
  await using vault = await scene.start();
  for (const [at, next] of ["", "?recursive=true", "?cursor=x"].entries()) {
    const repo = `acme/m${at}`;
    const commit = hub.addRepo(repo).commit({ "a.json": config });
    hub.server.fault = (request, pass) => {
      const { pathname } = new URL(request.url);
      const headers = { link: `<${hub.url}${pathname}${next}>; rel="next"` };
      return pathname.includes("/tree/") ? Response.json([], { headers }) : pass();
    };
    await (await vault.fetch(`/api/models/${repo}/tree/${commit}?recursive=true`)).body?.cancel();
    for (const [name, status] of [["none.json", 404], ["a.json", 200]] as const) {
      const answer = await vault.ask(`/${repo}/resolve/${commit}/${name}`, { method: "HEAD" });
      assert.equal(answer.status, status, next);
    }
    const token = await (await vault.fetch(`/api/models/${repo}/xet-read-token/${commit}`)).json();
    const headers = { authorization: `Bearer ${token.accessToken}` };
    const unknown = await vault.fetch(`/v2/reconstructions/${"a".repeat(64)}`, { headers });
    await unknown.body?.cancel();
    assert.equal(unknown.status, 502);
  }
});

Deno.test("bytes that another name has are not downloaded again", async () => {
  await using scene = await HubScene.create();
  const { hub } = scene;
  hub.addRepo("acme/m").commit({ "weights.bin": weights });
  const other = hub.addRepo("copy/m");
  const commit = other.commit({ "renamed.bin": weights });
  await using vault = await scene.start();
  await (await vault.fetch("/acme/m/resolve/main/weights.bin")).bytes();
  await vault.app.idle();
  hub.forget();
  const response = await vault.fetch("/copy/m/resolve/main/renamed.bin");
  assert.ok(Buffer.compare(await response.bytes(), other.files(commit).get("renamed.bin")!.bytes()) === 0);
  assert.equal(response.headers.get("x-repo-commit"), commit);
  assert.deepEqual(hub.lines, [
    "GET /api/models/copy/m/revision/main",
    `HEAD /copy/m/resolve/${commit}/renamed.bin`,
  ]);
});

Deno.test("a branch that moves between HEAD and GET: both are of the commit that HEAD was redirected to", async () => {
  await using scene = await HubScene.create();
  const repo = scene.hub.addRepo("acme/m");
  const before = repo.commit({ "config.json": config });
  await using vault = await scene.start({ keys: { ttl: 0 } });
  const head = await vault.fetch("/acme/m/resolve/main/config.json", { method: "HEAD" });
  const after = repo.commit({ "config.json": { storage: "git", content: "{}" } });
  const get = await fetch(head.url);
  assert.equal(await get.text(), config.content);
  assert.deepEqual([head, get].map(({ headers }) => headers.get("x-repo-commit")), [before, before]);
  const later = await vault.fetch("/acme/m/resolve/main/config.json");
  assert.deepEqual([later.headers.get("x-repo-commit"), await later.text()], [after, "{}"]);
});

Deno.test("names with brackets, spaces, letters and escapes, and branches with slashes", async () => {
  await using scene = await HubScene.create();
  const repo = scene.hub.addRepo("acme/m", "datasets");
  const names = ["a b/[1].txt", "ünï.txt", "50%.txt", "x;metadata", "a+b.txt"];
  const files = Object.fromEntries(names.map((name) => [name, { storage: "git", content: name } as const]));
  const commit = repo.commit(files, "refs/pr/1");
  await using vault = await scene.start();
  for (const name of names) {
    const escaped = name.split("/").map(encodeURIComponent).join("/");
    for (const path of new Set([escaped, encodeURIComponent(name), encodeURI(name)])) {
      for (const revision of ["refs%2Fpr%2F1", "refs/pr/1", commit.slice(0, 9), commit]) {
        const response = await vault.fetch(`/datasets/acme/m/resolve/${revision}/${path}`);
        assert.deepEqual([response.status, await response.text()], [200, name], `${revision}/${path}`);
      }
    }
  }
});

Deno.test("weak tags, sizes that proxies remove, and bodies without a length: the file is checked and served all the same", async () => {
  await using scene = await HubScene.create();
  const { hub } = scene;
  const repo = hub.addRepo("acme/m");
  const empty: HubFileOptions = { storage: "git", content: "" };
  const commit = repo.commit({ "config.json": config, "weights.bin": weights, "empty.txt": empty });
  hub.server.fault = async (_request, pass) => {
    const response = await pass();
    const headers = new Headers(response.headers);
    for (const name of ["content-length", "x-linked-size"]) headers.delete(name);
    for (const name of ["etag", "x-linked-etag"]) if (headers.has(name)) headers.set(name, `W/${headers.get(name)}`);
    return new Response(response.body, { status: response.status, headers });
  };
  await using vault = await scene.start();
  for (const name of ["config.json", "weights.bin", "empty.txt"]) {
    const file = repo.files(commit).get(name)!;
    const head = await vault.ask(`/acme/m/resolve/${commit}/${name}`, { method: "HEAD" });
    assert.deepEqual([head.status, head.headers.get("etag")], [200, file.etag]);
    assert.deepEqual([head.headers.get("x-linked-size"), head.headers.get("content-length")], [
      ...[String(file.sizeBytes), String(file.sizeBytes)],
    ]);
    const get = await vault.ask(`/acme/m/resolve/${commit}/${name}`);
    assert.ok(get.complete && Buffer.compare(get.body, file.bytes()) === 0);
    assert.equal(get.headers.get("etag"), file.etag);
  }
  const codings = new Set(hub.server.requests.map(({ headers }) => headers.get("accept-encoding")));
  assert.deepEqual([...codings], ["identity"], "packed, no file would have its digest");
});

Deno.test("a server that names no digest is not believed", async () => {
  await using scene = await HubScene.create();
  const commit = scene.hub.addRepo("acme/m").commit({ "config.json": config });
  scene.hub.server.fault = () => new Response("{}", { headers: { etag: '"1"', "content-length": "2" } });
  await using vault = await scene.start();
  for (const method of ["HEAD", "GET"]) {
    const { status, headers } = await vault.ask(`/acme/m/resolve/${commit}/config.json`, { method });
    assert.equal(status, 502);
    assert.match(headers.get("x-error-message")!, /names no digest/);
  }
});
