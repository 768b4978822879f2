import assert from "node:assert/strict";
import { Hub } from "../../support/hub/hub.ts";
import type { HubFileOptions } from "../../support/hub/hub_file.ts";
import { openWarmScene } from "../../warm/scene.ts";

const text = (content: string): HubFileOptions => ({ storage: "git", content });

function backendOf(hub: Hub) {
  return { type: "huggingface", name: "huggingface", config: { base_url: hub.url, retries: 0 } };
}

Deno.test("the files of a branch are warmed, and then nothing asks upstream, offline either", async () => {
  await using hub = new Hub();
  hub.treePage = 2;
  const commit = hub.addRepo("acme/m").commit({
    "README.md": text("# m"),
    "a b.json": text("{}"),
    "model.safetensors": { storage: "xet", content: { sizeBytes: 300_000, seed: 1 } },
    "onnx/model.onnx": { storage: "lfs", content: { sizeBytes: 10_000, seed: 2 } },
  });
  await using vault = await openWarmScene([backendOf(hub)]);
  const { outcomes, failures } = await vault.warm(["hf:acme/m exclude=onnx/*"]);
  assert.deepEqual(failures, []);
  assert.ok(["README.md", "a b.json", "model.safetensors"].every((label) => label in outcomes));
  assert.ok(!("onnx/model.onnx" in outcomes));
  hub.forget();
  const ask = async (path: string, method: "GET" | "HEAD" = "GET") => {
    const response = await vault.client.request(`/huggingface${path}`, { method });
    return { status: response.status, text: await response.text() };
  };
  assert.equal((await ask(`/acme/m/resolve/main/a%20b.json`)).text, "{}");
  assert.equal((await ask(`/acme/m/resolve/${commit}/model.safetensors`)).text.length > 0, true);
  assert.equal((await ask(`/acme/m/resolve/${commit}/onnx/model.onnx`, "HEAD")).status, 200);
  assert.equal((await ask(`/acme/m/resolve/${commit}/tokenizer.json`, "HEAD")).status, 404);
  assert.equal((await ask(`/api/models/acme/m/revision/${commit}`)).status, 200);
  const folder = await ask(`/api/models/acme/m/tree/${commit}/onnx?recursive=false`);
  assert.deepEqual(JSON.parse(folder.text).map(({ path }: { path: string }) => path), ["onnx/model.onnx"]);
  assert.equal((await ask(`/api/models/acme/m/tree/${commit}/none`)).status, 404);
  assert.deepEqual(hub.lines, []);
});

Deno.test("datasets, commits and patterns; and what means nothing", async () => {
  await using hub = new Hub();
  const repo = hub.addRepo("acme/d", "datasets");
  const first = repo.commit({ "data/a.parquet": text("a"), "data/b.parquet": text("b"), "x.csv": text("x") });
  repo.commit({ "data/c.parquet": text("c") });
  await using vault = await openWarmScene([backendOf(hub)]);
  const files = async (line: string) => {
    const { outcomes, failures } = await vault.warm([line]);
    return [Object.keys(outcomes).filter((label) => /^\S+\.\w+$/.test(label)).sort(), failures.length];
  };
  assert.deepEqual(await files("hf:dataset:acme/d include=*.parquet"), [
    ["data/a.parquet", "data/b.parquet", "data/c.parquet"],
    0,
  ]);
  assert.deepEqual(await files(`hf:dataset:acme/d@${first} include=data/*,x.csv exclude=b.*`), [[
    "data/a.parquet",
    "x.csv",
  ], 0]);
  assert.deepEqual(await files("hf:dataset:acme/d include=*.none"), [[], 1]);
  assert.deepEqual(await files("hf:acme/d/e/f"), [[], 1]);
  assert.deepEqual(await files("hf:acme/none"), [[], 1]);
  const commit = repo.commit({ "y.csv": text("y") });
  hub.server.fault = async (request, pass) => {
    const { pathname } = new URL(request.url);
    const response = await pass();
    if (pathname.includes("/tree/")) response.headers.set("link", `<${request.url}>; rel="next"`);
    return response;
  };
  assert.deepEqual(
    await files(`hf:dataset:acme/d@${commit} include=y.csv`),
    [["y.csv"], 1],
    "pages that lead in a circle end",
  );
});

Deno.test("package URLs and URLs of the Hub", async () => {
  await using hub = new Hub();
  await using vault = await openWarmScene([backendOf(hub)]);
  const source = vault.sources.find(({ scheme }) => scheme === "hf");
  const purl = { type: "huggingface", namespace: "acme", name: "m", version: "abc", qualifiers: new Map() };
  assert.equal(source!.lineOf!(purl), "hf:acme/m@abc");
  assert.equal(source!.lineOf!({ ...purl, type: "pypi" }), null);
  assert.equal(source!.pathOf(new URL(`${hub.url}/acme/m/resolve/main/x`)), "/huggingface/acme/m/resolve/main/x");
});
