import assert from "node:assert/strict";
import { commitParser, treeParser } from "../../../src/backends/huggingface/documents.ts";
import { toldLinks, toldParser } from "../../../src/backends/huggingface/told_document.ts";
import { isCommit, parseRequest, reposOf } from "../../../src/backends/huggingface/request.ts";
import { canonicalQuery } from "../../../src/backends/huggingface/revisions.ts";
import type { HubFileOptions } from "../../support/hub/hub_file.ts";
import { HubScene } from "../../support/hub/hub_scene.ts";

const config: HubFileOptions = { storage: "git", content: "{}" };
const model: HubFileOptions = { storage: "xet", content: { sizeBytes: 1000, seed: 3 } };

Deno.test("requests are recognised by their shape, whatever the type of the repository", () => {
  const kinds: [path: string, kind: string, repo: string | null][] = [
    ["/gpt2/resolve/main/config.json", "file", "models gpt2"],
    ["/acme/m/resolve/main/a/b.json", "file", "models acme/m"],
    ["/acme/resolve/resolve/main/resolve/x", "file", "models acme/resolve"],
    ["/datasets/squad/resolve/main/a", "file", "datasets squad"],
    ["/datasets/acme/d/resolve/refs%2Fconvert%2Fparquet/a", "file", "datasets acme/d"],
    ["/kernels/acme/k/resolve/v1/a", "file", "kernels acme/k"],
    ["/novelties/acme/n/resolve/main/a", "file", "novelties acme/n"],
    ["/api/models/gpt2/tree/main", "revision", "models gpt2"],
    ["/api/novelties/acme/n/tree/main/sub/folder", "revision", "novelties acme/n"],
    ["/api/models/acme/tree/tree/main", "revision", "models acme/tree"],
    ["/api/models/acme/m/paths-info/main", "revision", "models acme/m"],
    ["/api/models/acme/m/refs", "api", "models acme/m"],
    ["/api/models", "api", null],
    ["/api/agent-harnesses", "api", null],
    ["/v2/acme/m/manifests/latest", "registry", "models acme/m"],
    [`/v2/acme/m/blobs/sha256:${"a".repeat(64)}`, "registry", "models acme/m"],
    [`/v2/reconstructions/${"a".repeat(64)}`, "reconstruction", null],
    [`/v1/xorbs/${"a".repeat(64)}`, "xorb", null],
    ["/v1/shards", "unknown", null],
    ["/acme/m.git/info/refs", "git", null],
    ["/acme/m.git/info/lfs/objects/batch", "git", null],
    ["/datasets/acme/d/git-upload-pack", "git", null],
    ["/api/models/gpt2/refs", "api", "models gpt2"],
    ["/acme/m", "page", "models acme/m"],
    ["/acme/m/resolve/main", "page", "models acme/m"],
    ["/datasets/acme/d/raw/main/x", "page", "datasets acme/d"],
    ["//evil.example/x/resolve/main/f", "page", "models evil.example/x"],
    ["/MODELS/acme/m/resolve/main/f", "file", "models acme/m"],
    [`/api/resolve-cache/datasets/acme/d/${"c".repeat(40)}/f`, "api", "datasets acme/d"],
    ["/v2/acme/m/tags/list", "page", "models acme/m"],
    ["/API/spaces/acme/s", "page", "spaces acme/s"],
    ["/__proto__/constructor/resolve/main/toString", "file", "models __proto__/constructor"],
    ["/../x/resolve/main/f", "page", null],
    ["/", "page", null],
  ];
  for (const [path, kind, repo] of kinds) {
    const meant = parseRequest(path);
    const named = reposOf(meant).map(({ type, name }) => `${type} ${name}`).at(-1) ?? null;
    assert.deepEqual([meant.kind, named], [kind, repo], path);
  }
  assert.ok(isCommit("c".repeat(40)) && !isCommit("c".repeat(39)) && !isCommit("main"));
});

Deno.test("queries that mean the same have one key", () => {
  for (const query of ["?recursive=True&expand=False", "?expand=false&recursive=true", "?recursive=true"]) {
    assert.equal(canonicalQuery(query), "?recursive=true");
  }
  assert.equal(canonicalQuery("?recursive=False"), "");
  assert.equal(canonicalQuery("?limit=5&cursor=a%3D%3D"), "?cursor=a%3D%3D&limit=5");
});

Deno.test("links and URLs in documents lead to the vault, and none past it", async () => {
  const telling = { upstream: "https://hub.example", base: "http://vault/hf", hidesXet: false };
  assert.equal(
    toldLinks('<https://hub.example/api/models?cursor=x>; rel="next", <https://elsewhere.example/>; rel="x"', telling),
    '<http://vault/hf/api/models?cursor=x>; rel="next"',
  );
  assert.equal(toldLinks('<https://hub.example.evil/api>; rel="next"', telling), null);
  const text = JSON.stringify([
    "https://hub.example/api/datasets/d/parquet/0.parquet",
    "https://hub.example/datasets/d/resolve/main/x",
    "https://hub.example/acme/m",
    "see https://hub.example/api/models",
  ]);
  const body = { url: "u", location: "u", bytes: () => Promise.resolve(new TextEncoder().encode(text)) };
  const told = await toldParser(telling).parse(body as Parameters<ReturnType<typeof toldParser>["parse"]>[0], () => {});
  assert.equal(told!.isChanged, true);
  assert.deepEqual(JSON.parse(new TextDecoder().decode(told!.bytes)), [
    "http://vault/hf/api/datasets/d/parquet/0.parquet",
    "http://vault/hf/datasets/d/resolve/main/x",
    "https://hub.example/acme/m",
    "see https://hub.example/api/models",
  ]);
});

Deno.test("a document that is changed for a name of the vault has no ETag of the Hub's, and one that is not does", async () => {
  await using scene = await HubScene.create();
  const { hub } = scene;
  const headers = { etag: '"1"', "last-modified": new Date(0).toUTCString() };
  hub.server.fault = ({ url }) =>
    Response.json(url.includes("changed") ? { url: `${hub.url}/api/models/acme/m` } : {}, { headers });
  await using vault = await scene.start();
  for (const host of ["vault.test", "other.test:8080"]) {
    const { text, headers } = await vault.ask("/api/changed", { headers: { host, "if-none-match": '"1"' } });
    assert.equal(JSON.parse(text).url, `http://${host}/huggingface/api/models/acme/m`);
    assert.deepEqual([headers.get("etag"), headers.get("last-modified")], [null, null]);
  }
  assert.equal((await vault.ask("/api/same", { headers: { "if-none-match": '"1"' } })).status, 304);
});

Deno.test("paths-info in both encodings is asked for once, and is there without the Hub", async () => {
  await using scene = await HubScene.create();
  const { hub } = scene;
  hub.addRepo("acme/m").commit({ "a.json": config, "b.bin": model });
  await using vault = await scene.start();
  const path = "/api/models/acme/m/paths-info/main";
  const ask = async (body: BodyInit, headers: HeadersInit = {}) => {
    const response = await vault.fetch(path, { method: "POST", body, headers });
    assert.equal(response.status, 200);
    return (await response.json()).map(({ path }: { path: string }) => path);
  };
  const json = { "content-type": "application/json" };
  assert.deepEqual(await ask(new URLSearchParams([["paths", "b.bin"], ["paths", "no"], ["expand", "False"]])), [
    "b.bin",
  ]);
  assert.deepEqual(await ask(JSON.stringify({ paths: ["a.json"] }), json), ["a.json"]);
  hub.forget();
  await hub.refuse();
  assert.deepEqual(await ask(JSON.stringify({ paths: ["no", "b.bin"], expand: false }), json), ["b.bin"]);
  assert.deepEqual(await ask(new URLSearchParams({ paths: "a.json" })), ["a.json"]);
  for (const body of ["", "paths", "{}", "x".repeat(2 * 1024 * 1024)]) {
    const { status } = await vault.fetch(path, { method: "POST", body, headers: json });
    assert.ok(status === 400 || status === 413, String(status));
  }
});

Deno.test("questions about one path each, as JavaScript asks them: the Hub is asked one of them, and no other leaves a file", async () => {
  await using scene = await HubScene.create();
  const { hub } = scene;
  const commit = hub.addRepo("acme/m").commit({ "a.json": config, "b.bin": model });
  await using vault = await scene.start();
  const ask = async (path: string) => {
    const body = JSON.stringify({ paths: [path] });
    const init = { method: "POST", body, headers: { "content-type": "application/json" } };
    return (await (await vault.fetch(`/api/models/acme/m/paths-info/${commit}`, init)).json()).length;
  };
  assert.equal(await ask("a.json"), 1);
  await vault.app.idle();
  const { entries } = vault.app.held();
  hub.forget();
  assert.equal(await ask("b.bin"), 1);
  for (let at = 0; at < 20; at++) assert.equal(await ask(`${at}.bin`), 0);
  assert.deepEqual([hub.lines, vault.app.held().entries], [[], entries]);
});

Deno.test("the Hub's errors keep their codes, also when they are remembered", async () => {
  await using scene = await HubScene.create();
  const { hub } = scene;
  hub.addRepo("acme/m").commit({ "a.json": config });
  const gated = hub.addRepo("acme/gated");
  gated.visibility = "gated";
  gated.commit({ "a.json": config });
  await using vault = await scene.start();
  const expected: [path: string, status: number, code: string][] = [
    ["/acme/none/resolve/main/a.json", 401, "RepoNotFound"],
    ["/api/models/acme/none/revision/main", 401, "RepoNotFound"],
    ["/acme/m/resolve/none/a.json", 404, "RevisionNotFound"],
    ["/api/models/acme/m/tree/none", 404, "RevisionNotFound"],
    ["/acme/m/resolve/main/none.json", 404, "EntryNotFound"],
    ["/api/models/acme/m/tree/main/none", 404, "EntryNotFound"],
    ["/acme/gated/resolve/main/a.json", 401, "GatedRepo"],
  ];
  for (const [path, status, code] of [...expected, ...expected]) {
    for (const method of ["HEAD", "GET"]) {
      const response = await vault.fetch(path, { method });
      await response.body?.cancel();
      assert.deepEqual([response.status, response.headers.get("x-error-code")], [status, code], path);
      assert.ok(response.headers.get("x-error-message"));
    }
  }
});

Deno.test("the Hub is down: 5xx for what is not cached, never that it does not exist", async () => {
  await using scene = await HubScene.create();
  const commit = scene.hub.addRepo("acme/m").commit({ "a.json": config });
  await using vault = await scene.start();
  await scene.hub.refuse();
  for (const path of ["/acme/m/resolve/main/a.json", `/acme/m/resolve/${commit}/a.json`]) {
    for (const method of ["HEAD", "GET"]) {
      const { status, headers } = await vault.ask(path, { method });
      assert.deepEqual([status, headers.get("x-error-code")], [502, null]);
    }
  }
});

Deno.test("writing, git and Git LFS are refused with what to use instead, and the Hub is not asked", async () => {
  await using scene = await HubScene.create();
  await using vault = await scene.start();
  const requests: [method: string, path: string, status: number, says: RegExp][] = [
    ["POST", "/api/models/acme/m/commit/main", 405, /Write to the Hub itself/],
    ["POST", "/api/repos/create", 405, /Write to the Hub itself/],
    ["DELETE", "/api/repos/delete", 405, /Write to the Hub itself/],
    ["PUT", "/acme/m/resolve/main/a", 405, /Write to the Hub itself/],
    ["POST", "/v1/xorbs/default/x", 405, /Write to the Hub itself/],
    ["GET", "/acme/m.git/info/refs?service=git-upload-pack", 403, /hf download/],
    ["POST", "/acme/m.git/info/lfs/objects/batch", 403, /hf download/],
  ];
  for (const [method, path, status, says] of requests) {
    const response = await vault.fetch(path, { method });
    assert.equal(response.status, status, path);
    assert.match(await response.text(), says);
  }
  const { status, body } = await vault.fetch("/v1/telemetry", { method: "POST", body: "{}" });
  await body?.cancel();
  assert.equal(status, 200);
  assert.deepEqual(scene.hub.lines, []);
});

Deno.test("models in the form of a registry, as Ollama asks for them", async () => {
  await using scene = await HubScene.create();
  const { hub } = scene;
  const repo = hub.addRepo("acme/m");
  const commit = repo.commit({ "model.gguf": { storage: "lfs", content: "a model" } });
  const { sha256 } = repo.files(commit).get("model.gguf")!;
  hub.server.fault = (request, pass) => {
    const { pathname } = new URL(request.url);
    if (pathname.endsWith("/manifests/latest")) return Response.json({ layers: [{ digest: `sha256:${sha256}` }] });
    if (pathname.startsWith("/v2/")) return Response.redirect(hub.cdn.urlOf(repo.files(commit).get("model.gguf")!));
    return pass();
  };
  await using vault = await scene.start();
  for (const round of [1, 2]) {
    const manifest = await (await vault.fetch("/v2/acme/m/manifests/latest")).json();
    const blob = await vault.fetch(`/v2/acme/m/blobs/${manifest.layers[0].digest}`);
    assert.equal(await blob.text(), "a model", `round ${round}`);
    if (round === 1) hub.forget();
  }
  assert.deepEqual(hub.lines, []);
  const file = await vault.fetch("/acme/m/resolve/main/model.gguf");
  assert.equal(await file.text(), "a model");
  assert.equal(hub.cdn.server.count("GET", /./), 0, "the same bytes are not downloaded again");
});

Deno.test("of a tree, only what can be a file of it counts", async () => {
  const [oid, size] = ["a".repeat(40), 1];
  const entries = [
    ...["ok.bin", "__proto__", "constructor", "a/b c.bin", "../x", "a/./b", "\ud800"].map((path) => (
      { type: "file", path, oid, size }
    )),
    ...[null, 5, [], {}, { type: "file", path: 5, oid, size }, { type: "file", path: "x", oid: "y", size }],
    ...[{ type: "file", path: "z", oid, size: "1" }, { type: "file", path: "lfs", oid, size, lfs: { oid: 5 } }],
  ];
  const body = { url: "u", bytes: () => Promise.resolve(new TextEncoder().encode(JSON.stringify(entries))) };
  const { files } = await treeParser.parse(body as Parameters<typeof treeParser.parse>[0], () => {});
  assert.deepEqual([...files.keys()], ["ok.bin", "__proto__", "constructor", "a/b c.bin"]);
});

Deno.test("the commit of a very long document is found without parsing all of it, and only where it is its own", async () => {
  const sha = "c0ffee".padEnd(40, "2");
  const siblings = Array.from({ length: 20_000 }, (_, at) => ({ rfilename: `${at}.bin`, sha: "0".repeat(40) }));
  const commitIn = (value: unknown) => {
    const bytes = new TextEncoder().encode(JSON.stringify(value));
    const body = { url: "u", location: "u", bytes: () => Promise.resolve(bytes) };
    return commitParser.parse(body as Parameters<typeof commitParser.parse>[0], () => {});
  };
  assert.equal(await commitIn({ id: "acme/m", tags: ["a"], sha, siblings }), sha);
  assert.equal(await commitIn({ id: "acme/m", siblings, sha }), sha);
  assert.equal(await commitIn({ cardData: { sha: "1".repeat(40) }, siblings, sha }), sha);
  await assert.rejects(async () => await commitIn({ id: "acme/m", siblings }), /names no commit/);
});
