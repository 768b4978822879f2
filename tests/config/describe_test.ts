import assert from "node:assert/strict";
import { describeConfig } from "../../src/config/describe.ts";
import { loadConfig } from "../../src/config/load.ts";
import { showConfig } from "../../src/config/show.ts";
import { configurationReference } from "../../src/config/reference.ts";
import { upstreamsOf } from "../../src/config/upstreams.ts";
import { configSchema } from "../../src/configuration.ts";

const rows = describeConfig(configSchema);
const row = (key: string) => rows.find((row) => row.key === key) ?? assert.fail(`${key} is not described`);

Deno.test("every key has a type and a description that ends like a sentence", () => {
  assert.ok(rows.length > 40);
  for (const { key, type, description } of rows) {
    assert.notEqual(type, "", key);
    assert.match(description, /^[A-Z].*\.$/, key);
  }
});

Deno.test("a description shows type, default and whether the key is required", () => {
  const shown = ["http_port", "tls.cert", "backends[].config.ca", "backends[].config.base_url"].map(row);
  assert.deepEqual(shown.map(({ type, default: initial, required, backend }) => [type, initial, required, backend]), [
    ["number", "8080", false, undefined],
    ["file", null, true, undefined],
    ["file, or list of file", null, false, undefined],
    ["URL, or list of URL", null, true, "http"],
  ]);
  assert.equal(row("backends[].config.stale_if_error").default, "forever");
  assert.equal(row("backends[].config.rules[].match").type, "glob");
});

Deno.test("keys of a list's entries and of types that share them are described once", () => {
  const keys = ["registry_url", "repositories[].registry_url", "repositories[].ca", "tag_ttl"];
  const shown = keys.map((key) => row(`backends[].config.${key}`));
  assert.deepEqual(shown.map(({ type, default: initial, required, backend }) => [type, initial, required, backend]), [
    ["URL or host", null, false, "dockerhub or oci"],
    ["URL or host", null, true, "dockerhub or oci"],
    ["file, or list of file", null, false, "dockerhub or oci"],
    ["duration or forever", "5m", false, "dockerhub or oci"],
  ]);
  assert.equal(row("backends[].type").type, "http, dockerhub, oci, pypi, apt, npm, jsr, huggingface");
  assert.equal(new Set(rows.map(({ key, backend }) => `${backend} ${key}`)).size, rows.length);
});

Deno.test("a key of all types is described once more where a type has another default", () => {
  const shown = rows.filter(({ key }) => key === "backends[].config.timeout");
  assert.deepEqual(shown.map(({ backend, default: initial }) => [backend, initial]), [
    ...[[undefined, "30s"], ["huggingface", "60s"]],
  ]);
});

Deno.test("docs/configuration.md is as tests/config/write_reference.ts writes it", async () => {
  const file = new URL("../../docs/configuration.md", import.meta.url);
  assert.equal(await Deno.readTextFile(file), configurationReference(configSchema));
});

const text = `
http_port: 0
backends:
  - type: http
    name: a
    config:
      base_url: [https://one.example, "https://two.example:8443/x/"]
      username: me
      password: hunter2
      headers: {X-Key: hunter2}
      proxy: http://me:hunter2@proxy.example:3128
      ttl: 90
      rules: [{match: x, ttl: forever}]
`;

Deno.test("a configuration is shown without secrets, and reads back as the same", async () => {
  const config = await loadConfig({ schema: configSchema, text, env: () => undefined });
  const shown = JSON.stringify(showConfig(config, configSchema));
  assert.doesNotMatch(shown, /hunter2/);
  assert.match(
    shown,
    /"password":"\*\*\*","headers":{"X-Key":"\*\*\*"},"ttl":"90s","rules":\[{"match":"x","ttl":"forever"/,
  );
  const again = await loadConfig({ schema: configSchema, text: shown, env: () => undefined });
  assert.deepEqual(showConfig(again, configSchema), showConfig(config, configSchema));
});

Deno.test("the upstreams of a backend are its base URLs", async () => {
  const config = await loadConfig({ schema: configSchema, text, env: () => undefined });
  assert.deepEqual(upstreamsOf(config.backends[0]!, configSchema), [
    "https://one.example",
    "https://two.example:8443/x",
  ]);
});
