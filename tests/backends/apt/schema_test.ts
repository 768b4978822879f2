import assert from "node:assert/strict";
import { loadConfig } from "../../../src/config/load.ts";
import { showConfig } from "../../../src/config/show.ts";
import type { AptConfig } from "../../../src/backends/apt/schema.ts";
import { upstreamsOf } from "../../../src/config/upstreams.ts";
import { configSchema, warningsOf } from "../../../src/configuration.ts";

const env = (name: string) => name === "P" ? "hunter2" : undefined;

function load(...backends: string[]) {
  return loadConfig({ schema: configSchema, path: "c.yml", text: ["backends:", ...backends].join("\n"), env });
}

/** The one backend of a configuration; `keys` are those of its `config`, in flow style. */
async function backendOf(keys: string): Promise<AptConfig> {
  const { backends: [backend] } = await load(`- {type: apt, name: ubuntu, config: {${keys}}}`);
  return backend?.type === "apt" ? backend as AptConfig : assert.fail("it is no backend of Debian packages");
}

Deno.test("the file of the original tool works unchanged", async () => {
  const { backends: [backend] } = await load(`
- type: apt
  name: private
  config:
    prefix: /apt/private/
    mirror_url: https://private-repo.example.com/ubuntu/
    user_agent: Artifact-Vault APT Backend/1.0
    timeout: 30
    username: u
    password: \${P}
`);
  const { prefix, mirror_url, user_agent, timeout, username, password, aliases, ttl } = backend?.type === "apt"
    ? (backend as AptConfig).config
    : assert.fail("it is no backend of Debian packages");
  assert.deepEqual({ prefix, mirror_url, user_agent, timeout, username, password, aliases, ttl }, {
    prefix: "/apt/private",
    mirror_url: ["https://private-repo.example.com/ubuntu"],
    user_agent: "Artifact-Vault APT Backend/1.0",
    timeout: 30_000,
    username: "u",
    password: "hunter2",
    aliases: [],
    ttl: 30_000,
  });
});

Deno.test("mirrors and aliases are one or several, and only mirrors are fetched from", async () => {
  const one = await backendOf("mirror_url: http://a/ubuntu/, aliases: http://b/ubuntu/, ttl: forever");
  assert.deepEqual(
    [one.config.mirror_url, one.config.aliases, one.config.ttl],
    [["http://a/ubuntu"], ["http://b/ubuntu"], Infinity],
  );
  assert.deepEqual(upstreamsOf(one, configSchema), ["http://a/ubuntu"]);
  const several = await backendOf("mirror_url: [http://a, https://b/x], aliases: [http://c, http://d/]");
  assert.deepEqual(several.config.mirror_url, ["http://a", "https://b/x"]);
  assert.deepEqual(several.config.aliases, ["http://c", "http://d"]);
  assert.deepEqual(upstreamsOf(several, configSchema), ["http://a", "https://b/x"]);
});

Deno.test("a configuration is shown without secrets, and reads back as the same", async () => {
  const config = await load(
    `- {type: apt, name: a, config: {mirror_url: http://a, username: u, password: "\${P}"}}`,
    `- {type: apt, name: b, config: {mirror_url: [http://b, http://c], aliases: http://d, token: "\${P}", ttl: 1m}}`,
  );
  const shown = JSON.stringify(showConfig(config, configSchema));
  assert.doesNotMatch(shown, /hunter2/);
  const again = await loadConfig({ schema: configSchema, text: shown, env });
  assert.deepEqual(showConfig(again, configSchema), showConfig(config, configSchema));
});

/** What is wrong with the keys of a backend: one problem each, and where. */
const single: [keys: string, problem: RegExp][] = [
  ["", /config\.mirror_url: a URL is missing; write https:\/\/host\/path$/],
  ["mirror_url: []", /config\.mirror_url: the list is empty; write at least one entry$/],
  ["mirror_url: archive.ubuntu.com/ubuntu", /mirror_url: "archive\.ubuntu\.com\/ubuntu" is not a URL that can be used/],
  ["mirror_url: [http://a, ftp://b]", /mirror_url\[1\]: "ftp:\/\/b" is not a URL that can be used here/],
  ["mirror_url: http://u:hunter2@a", /mirror_url: credentials do not belong into the URL/],
  ["mirror_urls: http://a, mirror_url: http://a", /mirror_urls: is not a known key \(did you mean "mirror_url"\?\)/],
  ["mirror_url: http://a, aliases: [http://b, c]", /aliases\[1\]: "c" is not a URL that can be used here/],
  ["mirror_url: http://a, aliases: b", /aliases: "b" is not a URL that can be used here; write https:\/\/host\/path$/],
  ["mirror_url: http://a, password: x", /config\.password: a password needs a username$/],
  ["mirror_url: http://a, token: x, username: x", /config\.token: token and username exclude each other/],
  ["mirror_url: http://a, ttl: soon", /config\.ttl: "soon" is not a duration; write 30, 30s, 5m, 7d or forever$/],
];

for (const [keys, problem] of single) {
  Deno.test(`one problem: ${keys || "nothing given"}`, async () => {
    await assert.rejects(backendOf(keys), ({ code, message }) => {
      assert.equal(code, "config_invalid");
      assert.match(message, /^c\.yml:2:\d+: backends\[0\]/);
      assert.match(message, problem);
      assert.doesNotMatch(message, /\n|hunter2/);
      return true;
    });
  });
}

const warned: [backends: string[], warnings: RegExp[]][] = [
  [["{type: apt, name: a, config: {mirror_url: http://lan/debian}}"], []],
  [["{type: apt, name: a, config: {mirror_url: http://127.0.0.1:81, username: u, password: p}}"], []],
  [["{type: apt, name: a, config: {mirror_url: [https://a, http://b], aliases: http://c, username: u, password: p}}"], [
    /^Backend "a" sends its credentials for http:\/\/b unencrypted; write https:\/\/$/,
  ]],
  [["{type: http, name: a, config: {base_url: [http://a, https://b], token: x}}"], [/for http:\/\/a unencrypted/]],
  [["{type: http, name: a, config: {base_url: http://a}}"], []],
  [["{type: apt, name: a, config: {mirror_url: [http://a, https://a], aliases: http://a/}}"], []],
  [[
    "{type: apt, name: a, config: {mirror_url: http://x/debian, aliases: http://y/debian}}",
    "{type: apt, name: b, config: {mirror_url: [http://z/debian, https://y:443/debian/, http://x/security]}}",
    "{type: http, name: c, config: {base_url: http://x/debian}}",
  ], [/^Clients .* get https:\/\/y\/debian from backend "a", never from "b"$/]],
];

for (const [backends, warnings] of warned) {
  Deno.test(`${warnings.length} warnings about ${backends.join(" and ")}`, async () => {
    const found = warningsOf(await load(...backends.map((backend) => `- ${backend}`)));
    assert.equal(found.length, warnings.length, found.join("\n"));
    for (const [index, warning] of warnings.entries()) assert.match(found[index]!, warning);
  });
}
