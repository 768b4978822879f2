import assert from "node:assert/strict";
import { loadConfig } from "../../../src/config/load.ts";
import type { HuggingfaceConfig } from "../../../src/backends/huggingface/schema.ts";
import { configSchema } from "../../../src/configuration.ts";
import { HubScene } from "../../support/hub/hub_scene.ts";

const text = `
backends:
  - type: huggingface
    config:
      prefix: /huggingface/
      base_url: https://huggingface.co
      token: \${HF_TOKEN}
      timeout: 60
      max_redirects: 5
`;

Deno.test("the file of the original tool works unchanged", async () => {
  const { backends: [backend] } = await loadConfig({ schema: configSchema, text, env: () => "hf_secret" });
  assert.equal(backend?.type, "huggingface");
  const { prefix, base_url, token, timeout, max_redirects, xet, ttl } = (backend as HuggingfaceConfig).config;
  assert.deepEqual({ prefix, base_url, token, timeout, max_redirects, xet, ttl }, {
    prefix: "/huggingface",
    base_url: "https://huggingface.co",
    token: "hf_secret",
    timeout: 60_000,
    max_redirects: 5,
    xet: "native",
    ttl: 300_000,
  });
});

Deno.test("with the keys of the original tool, a model that the token opens is served", async () => {
  await using scene = await HubScene.create();
  const repo = scene.hub.addRepo("acme/m");
  repo.visibility = "gated";
  repo.readers.add("hf_secret");
  const commit = repo.commit({ "config.json": { storage: "git", content: "{}" } });
  await using vault = await scene.start({
    keys: { prefix: "/huggingface/", token: "hf_secret", timeout: 60, max_redirects: 5 },
  });
  const answer = await vault.ask(`/acme/m/resolve/${commit}/config.json`);
  assert.deepEqual([answer.status, answer.text], [200, "{}"]);
});
