import assert from "node:assert/strict";
import { askApi } from "../../api/ask_api.ts";
import { FakeNow } from "../../support/fake_now.ts";
import type { HubFileOptions } from "../../support/hub/hub_file.ts";
import { HubScene, type HubVault } from "../../support/hub/hub_scene.ts";

const weights: HubFileOptions = { storage: "xet", content: { sizeBytes: 300_000, seed: 2 } };
const small: HubFileOptions = { storage: "git", content: "{}" };
const byClient = { keys: { authorization: "client" } };

async function ask(vault: HubVault, path: string, token: string | null, method = "GET") {
  return await vault.ask(path, { method, headers: token === null ? {} : { authorization: `Bearer ${token}` } });
}

Deno.test("authorization: client: a gated or private file is for those whom the Hub lets read it, cached or not", async () => {
  for (const visibility of ["gated", "private"] as const) {
    await using scene = await HubScene.create();
    const { hub } = scene;
    const repo = hub.addRepo("acme/m");
    repo.visibility = visibility;
    repo.readers.add("hf_reader");
    const commit = repo.commit({ "weights.bin": weights });
    const [there, missing] = ["weights.bin", "nothing.bin"].map((name) => `/acme/m/resolve/${commit}/${name}`);
    await using vault = await scene.start(byClient);
    const stranger = async () => {
      for (const token of [null, "hf_stranger"]) {
        for (const method of ["HEAD", "GET"]) {
          const answers = await Promise.all([there!, missing!].map((path) => ask(vault, path, token, method)));
          assert.deepEqual(answers.map(({ status }) => status >= 400), [true, true]);
          // What is there and what is not look alike.
          const told = answers.map(({ status, headers }) => [status, headers.get("x-error-code")]);
          assert.deepEqual(told[0], told[1]);
          assert.equal(told[0]![1], visibility === "gated" ? "GatedRepo" : "RepoNotFound");
          assert.ok(!answers.some(({ headers }) => headers.has("x-repo-commit") || headers.has("etag")));
        }
      }
    };
    await stranger();
    const answer = await ask(vault, there!, "hf_reader");
    assert.deepEqual([answer.status, answer.body.length], [200, 300_000]);
    await vault.app.idle();
    await stranger();
    hub.forget();
    assert.equal((await ask(vault, there!, "hf_reader")).status, 200);
    assert.deepEqual(hub.lines, [], "the verdict is kept for a while");
    using now = new FakeNow();
    now.advance(120_000);
    repo.readers.delete("hf_reader");
    assert.ok((await ask(vault, there!, "hf_reader")).status >= 400, "then it is asked for anew");
    assert.ok(hub.lines.length > 0);
    assert.ok(!vault.app.lines.some((line) => line.includes("hf_")), "no token is in the log");
  }
});

Deno.test("authorization: client: a private repository is on no path for others: after it is cached, with the Hub down, offline", async () => {
  await using scene = await HubScene.create();
  const { hub } = scene;
  const repo = hub.addRepo("acme/m");
  repo.visibility = "private";
  repo.readers.add("hf_reader");
  const commit = repo.commit({ "weights.bin": weights, "a.json": { storage: "git", content: "{}" } });
  const { sha256, xetHash } = repo.files(commit).get("weights.bin")!;
  hub.server.fault = async (request, pass) => {
    const isOllama = new URL(request.url).pathname.startsWith("/v2/");
    const reads = request.headers.get("authorization") === "Bearer hf_reader";
    if (isOllama && reads) return request.url.includes("/blobs/") ? new Response("{}") : Response.json({ layers: [] });
    return await pass();
  };
  const form = { "content-type": "application/x-www-form-urlencoded" };
  const requests: readonly (readonly [path: string, init?: RequestInit])[] = [
    ...["weights.bin", "a.json", "none.bin"].flatMap((name) =>
      ["HEAD", "GET"].flatMap((method) =>
        [commit, "main"].map((revision) => [`/acme/m/resolve/${revision}/${name}`, { method }] as const)
      )
    ),
    ["/api/models/acme/m"],
    ["/api/models/acme/m/refs"],
    ...["main", commit].flatMap((revision) => [
      [`/api/models/acme/m/revision/${revision}`] as const,
      [`/api/models/acme/m/tree/${revision}?recursive=true`] as const,
      [`/api/models/acme/m/tree/${revision}/sub`] as const,
      [`/api/models/acme/m/paths-info/${revision}`, { method: "POST", headers: form, body: "paths=a.json" }] as const,
    ]),
    [`/api/resolve-cache/models/acme/m/${commit}/a.json`],
    ["/api/models/acme/m/xet-read-token/main"],
    ["/v2/acme/m/manifests/latest"],
    [`/v2/acme/m/blobs/sha256:${sha256}`],
    [`/v2/acme/m/blobs/sha256:${sha256}`, { method: "HEAD" }],
    [`/v2/reconstructions/${xetHash}`],
  ];
  const askAll = async (vault: HubVault, token: string | null) => {
    const statuses = new Set<number>();
    for (const [path, init] of requests) {
      const headers = { ...init?.headers, ...token !== null && { authorization: `Bearer ${token}` } };
      const response = await vault.fetch(path, { ...init, headers, redirect: "manual" });
      await response.body?.cancel();
      const told = ["etag", "x-repo-commit", "x-linked-size", "location"].filter((name) => response.headers.has(name));
      if (token !== "hf_reader") assert.deepEqual([response.status >= 400, told], [true, []], `${token} ${path}`);
      statuses.add(response.status);
    }
    return [...statuses].sort();
  };
  {
    await using vault = await scene.start(byClient);
    assert.ok((await askAll(vault, "hf_reader")).includes(200));
    await vault.app.idle();
    assert.deepEqual(await askAll(vault, "hf_stranger"), [401, 404]);
    assert.deepEqual(await askAll(vault, null), [401]);
    await hub.refuse();
    assert.deepEqual(await askAll(vault, "hf_another"), [401, 502]);
  }
  await using vault = await scene.start({ ...byClient, top: { offline: true } });
  for (const token of ["hf_stranger", "hf_another", null]) await askAll(vault, token);
  assert.equal((await ask(vault, `/acme/m/resolve/${commit}/a.json`, "hf_reader")).status, 200);
});

Deno.test("authorization: client: another client's token opens no file by Xet", async () => {
  await using scene = await HubScene.create();
  const repo = scene.hub.addRepo("acme/m");
  repo.visibility = "gated";
  repo.readers.add("hf_reader");
  const commit = repo.commit({ "weights.bin": weights });
  const { xetHash } = repo.files(commit).get("weights.bin")!;
  await using vault = await scene.start(byClient);
  const reconstruct = async (token: string) => {
    const { text } = await ask(vault, `/api/models/acme/m/xet-read-token/${commit}`, token);
    return await ask(vault, `/v2/reconstructions/${xetHash}`, JSON.parse(text).accessToken);
  };
  assert.equal((await reconstruct("hf_reader")).status, 200);
  const stranger = await reconstruct("hf_stranger");
  assert.deepEqual([stranger.status, stranger.headers.get("x-error-code")], [403, "GatedRepo"]);
});

Deno.test("authorization: vault: the clients' tokens are nobody's, and accounts are not told of", async () => {
  await using scene = await HubScene.create();
  const { hub } = scene;
  const repo = hub.addRepo("acme/m");
  repo.visibility = "private";
  repo.readers.add("hf_vault");
  const commit = repo.commit({ "weights.bin": weights });
  await using vault = await scene.start({ keys: { token: "hf_vault" } });
  assert.equal((await ask(vault, `/acme/m/resolve/${commit}/weights.bin`, "hf_other")).status, 200);
  assert.equal((await ask(vault, "/api/whoami-v2", "hf_other")).status, 401);
  await ask(vault, "/api/models?search=acme", "hf_other");
  const ofAccounts = ["/api/billing/usage", "/api/me/likes", "/api/inference/endpoints", "/api/whoami-v2/x"];
  for (const path of ofAccounts) await ask(vault, path, "hf_other");
  const asked = hub.server.requests.map(({ path, headers }) => [path, headers.get("authorization")]);
  for (const path of ["/api/models", ...ofAccounts]) {
    assert.equal(asked.find(([asked]) => asked === path)?.[1] ?? null, null, path);
  }
  assert.ok(!asked.some(([, authorization]) => authorization === "Bearer hf_other"));
});

Deno.test("allow, deny and repo_types hold for every path of a repository", async () => {
  await using scene = await HubScene.create();
  for (const [type, name] of [["models", "acme/m"], ["models", "acme/secret"], ["datasets", "acme/d"]] as const) {
    scene.hub.addRepo(name, type).commit({ "a.txt": { storage: "git", content: "a" } });
  }
  const keys = { allow: ["acme/*", "datasets/acme/*"], deny: "acme/secret", repo_types: ["models"] };
  await using vault = await scene.start({ keys });
  assert.equal(await (await vault.fetch("/acme/m/resolve/main/a.txt")).text(), "a");
  scene.hub.forget();
  for (
    const path of [
      "/acme/secret/resolve/main/a.txt",
      "/ACME/Secret/resolve/main/a.txt",
      "/acme%2Fsecret/resolve/main/a.txt",
      "/api/models/acme/secret",
      "/api/models/acme/secret/revision/main",
      "/api/models/acme/secret/tree/main",
      "/api/models/acme/secret/refs",
      "/v2/acme/secret/manifests/latest",
      "/datasets/acme/d/resolve/main/a.txt",
      "/other/m/resolve/main/a.txt",
      "/acme/secret",
      "/acme/secret/raw/main/a.txt",
      "/acme%2Fsecret/raw/main/a.txt",
      "/acme/secret/blob/main/a.txt",
      "/datasets/acme/d/raw/main/a.txt",
      "/datasets%2Facme%2Fd/resolve/main/a.txt",
      "/api/models/acme%2Fsecret/refs",
      "/api/models/gpt2",
      "/api/models/gpt2/refs",
      "/api/datasets/acme/d/parquet",
      `/api/resolve-cache/models/acme/secret/${"c".repeat(40)}/a.txt`,
      `/api/resolve-cache/models/acme%2Fsecret/${"c".repeat(40)}/a.txt`,
      "/v2/acme/secret/tags/list",
      "/models/acme/secret/raw/main/a.txt",
      "/MODELS/acme/secret/resolve/main/a.txt",
      "//acme/secret/raw/main/a.txt",
      "/acme//secret/resolve/main/a.txt",
      "/api//models/acme/secret",
      "/API/models/acme/secret",
      "/acme/secret.git",
      "/api/models/acme/secret.git",
    ]
  ) {
    const { status, body } = await vault.fetch(path);
    assert.equal(status, 403, path);
    await body?.cancel();
  }
  assert.deepEqual(scene.hub.lines, []);
});

Deno.test("authorization: vault: what the Hub makes of the token, and how many requests it still allows, is known", async () => {
  await using scene = await HubScene.create();
  const { hub } = scene;
  const commit = hub.addRepo("acme/m").commit({ "a.json": small, "b.json": small });
  await using vault = await scene.start({ keys: { token: "hf_vault" } });
  const known = async () => {
    const { body: [{ login, quota }] } = await askApi(vault.app, "/upstreams");
    const { body: { wellbeing } } = await askApi(vault.app, "/stats");
    return { login, quota, wellbeing };
  };
  assert.deepEqual(await known(), { login: "set", quota: null, wellbeing: "well" });
  hub.headers = {
    ratelimit: '"resolvers";r=4999;t=300',
    "ratelimit-policy": '"fixed window";"resolvers";q=5000;w=300',
  };
  const first = await ask(vault, `/acme/m/resolve/${commit}/a.json`, null);
  assert.deepEqual([first.status, first.headers.has("ratelimit")], [200, false]);
  assert.deepEqual(await known(), { login: "accepted", quota: { remaining: 4999, limit: 5000 }, wellbeing: "well" });
  hub.expired.add("hf_vault");
  assert.ok((await ask(vault, `/acme/m/resolve/${commit}/b.json`, null)).status >= 400);
  assert.deepEqual({ ...await known(), quota: null }, { login: "refused", quota: null, wellbeing: "troubled" });
  const page = await fetch(vault.app.origin, { headers: { accept: "text/html" } });
  assert.match(await page.text(), /credentials refused.*4,999 of 5,000 requests left/s);
});
