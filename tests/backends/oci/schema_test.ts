import assert from "node:assert/strict";
import { loadConfig } from "../../../src/config/load.ts";
import { showConfig } from "../../../src/config/show.ts";
import type { BackendConfig } from "../../../src/config/schema.ts";
import type { OciConfig } from "../../../src/backends/oci/schema.ts";
import { authoritiesOf, upstreamsOf } from "../../../src/config/upstreams.ts";
import { configSchema, warningsOf } from "../../../src/configuration.ts";

function isOci(backend: BackendConfig): backend is OciConfig {
  return backend.type === "dockerhub" || backend.type === "oci";
}

const env = (name: string) => name === "P" ? "hunter2" : undefined;

function load(...backends: string[]) {
  return loadConfig({ schema: configSchema, path: "c.yml", text: ["backends:", ...backends].join("\n"), env });
}

/** The one backend of a configuration; `keys` are those of its `config`, in flow style. */
async function backendOf(type: "dockerhub" | "oci", keys: string): Promise<OciConfig> {
  const { backends: [backend] } = await load(`- {type: ${type}, name: images, config: {${keys}}}`);
  return backend !== undefined && isOci(backend) ? backend : assert.fail("it is no backend of images");
}

Deno.test("the file of the original tool works unchanged", async () => {
  const { backends } = await load(`
- type: dockerhub
  name: dockerhub
  config: { prefix: /dockerhub, registry_url: https://registry-1.docker.io, auth_url: https://auth.docker.io/token }
- type: "dockerhub"
  name: "multi"
  config:
    prefix: "/multi"
    repositories:
      - registry_url: https://registry.example.com
        username: u
        password: \${P}
      - { registry_url: https://registry-1.docker.io, auth_url: https://auth.docker.io/token }
`);
  const hub = {
    registry_url: "https://registry-1.docker.io",
    auth_url: "https://auth.docker.io/token",
    insecure: false,
  };
  const own = { registry_url: "https://registry.example.com", username: "u", password: "hunter2", insecure: false };
  assert.deepEqual(backends.filter(isOci).map(({ type, config }) => [type, config.prefix]), [
    ["dockerhub", "/dockerhub"],
    ["dockerhub", "/multi"],
  ]);
  assert.deepEqual(backends.filter(isOci).map(({ config }) => JSON.parse(JSON.stringify(config.repositories))), [
    [hub],
    [own, hub],
  ]);
  assert.deepEqual(backends.map((backend) => upstreamsOf(backend, configSchema)), [
    [hub.registry_url, hub.auth_url],
    [own.registry_url, hub.registry_url, hub.auth_url],
  ]);
});

Deno.test("dockerhub is Docker Hub, with every default", async () => {
  const { config } = await backendOf("dockerhub", "");
  const { registries, tag_ttl, on_outage, insecure, prefix } = config;
  assert.deepEqual(
    { registries, tag_ttl, on_outage, insecure, prefix },
    { registries: ["configured"], tag_ttl: 300_000, on_outage: "stop", insecure: false, prefix: "/images" },
  );
  assert.deepEqual(config.repositories.map(({ registry_url }) => registry_url), ["https://registry-1.docker.io"]);
});

Deno.test("every key of a registry is read, at the top and in a list", async () => {
  const keys = `username: me, password: "\${P}", auth_url: "http://tokens.lan/a", insecure: true, allow: library/*,
    deny: [library/x, "a/**"], names: [Docker.IO, "lan:5000", "[::1]:5000"],
    mirror_of: [Quay.io, "*.gcr.io"], mirror_form: NS, plain_http_blobs: yes`;
  const url = "registry_url: registry.lan:5000/sub/";
  const common = "registries: any, tag_ttl: forever, on_outage: next";
  const expected = {
    registry_url: "http://registry.lan:5000/sub",
    auth_url: "http://tokens.lan/a",
    username: "me",
    password: "hunter2",
    insecure: true,
    plain_http_blobs: true,
    allow: ["library/*"],
    deny: ["library/x", "a/**"],
    names: ["docker.io", "lan:5000", "[::1]:5000"],
    mirror_of: ["quay.io", "*.gcr.io"],
    mirror_form: "ns",
  };
  const single = await backendOf("oci", `${url}, ca: a.pem, ${keys}, ${common}`);
  assert.deepEqual(JSON.parse(JSON.stringify(single.config.repositories)), [expected]);
  const list = await backendOf("oci", `repositories: [{${url}, ca: b.pem, ${keys}}], ca: a.pem, ${common}`);
  assert.deepEqual(JSON.parse(JSON.stringify(list.config.repositories)), [{ ...expected, ca: ["b.pem"] }]);
  assert.deepEqual([single, list].map((backend) => authoritiesOf(backend, configSchema)), [["a.pem"], [
    "a.pem",
    "b.pem",
  ]]);
  for (const { config: { registries, tag_ttl, on_outage } } of [single, list]) {
    assert.deepEqual([registries, tag_ttl, on_outage], [["any"], Infinity, "next"]);
  }
  assert.deepEqual([single, list].map(({ config }) => config.insecure), [true, false]);
});

Deno.test("a backend that opens any registry needs none of its own", async () => {
  const { config } = await backendOf("oci", "registries: any, insecure: true");
  assert.deepEqual([config.repositories, config.insecure], [[], true]);
});

for (
  const pattern of [
    "*",
    "quay.*",
    "*.*",
    "*quay.io",
    "gcr",
    "10.0.0.1",
    "*.0.0.1",
    "[::1]",
    "gcr.io/project",
    "https://gcr.io",
  ]
) {
  Deno.test(`${pattern} is no pattern of registries`, async () => {
    await assert.rejects(backendOf("oci", `registries: "${pattern}"`), { code: "config_invalid" });
  });
}

const urls: [written: string, insecure: boolean, url: string][] = [
  ["ghcr.io", false, "https://ghcr.io"],
  ["ghcr.io/", false, "https://ghcr.io"],
  ["localhost:5000", false, "https://localhost:5000"],
  ["localhost:5000", true, "http://localhost:5000"],
  ["registry.lan:443", true, "http://registry.lan:443"],
  ["registry.lan:80", false, "https://registry.lan:80"],
  ["registry.lan/a/b/", true, "http://registry.lan/a/b"],
  ["[::1]:5000", true, "http://[::1]:5000"],
  ["http://registry.lan:5000/", false, "http://registry.lan:5000"],
  ["http://registry.lan:5000/", true, "http://registry.lan:5000"],
  ["HTTPS://Registry.example.com/", false, "https://registry.example.com"],
  ["docker.io", false, "https://registry-1.docker.io"],
  ["https://docker.io", false, "https://registry-1.docker.io"],
  ["https://index.docker.io/v1/", false, "https://registry-1.docker.io"],
  ["index.docker.io/v1/", false, "https://registry-1.docker.io"],
  ["https://hub.docker.com/", false, "https://registry-1.docker.io"],
  ["https://registry-1.docker.io/v2/", false, "https://registry-1.docker.io"],
  ["ghcr.io/v2", false, "https://ghcr.io/v2"],
  ["https://harbor.lan/v2/project", false, "https://harbor.lan/v2/project"],
];

for (const [written, insecure, url] of urls) {
  Deno.test(`the registry ${written} is ${url}${insecure ? ", insecure" : ""}`, async () => {
    const { config } = await backendOf("oci", `registry_url: "${written}", insecure: ${insecure}`);
    assert.equal(config.repositories[0]?.registry_url, url);
  });
}

const advised: readonly string[] = [
  "registry_url: https://a, username: u, password: p, auth_url: http://a/token",
  "registry_url: https://a, username: u, password: p, auth_url: https://b/token",
  "registry_url: http://a, username: u, password: p, insecure: true",
  "registry_url: https://a, allow_private_redirects: true",
];

for (const keys of advised) {
  Deno.test(`what errors and warnings advise is accepted: ${keys}`, async () => {
    assert.equal((await backendOf("oci", keys)).type, "oci");
  });
}

Deno.test("a configuration is shown without secrets, and reads back as the same", async () => {
  const config = await load(
    `- {type: oci, name: a, config: {registry_url: "x:5000", insecure: true, username: u, password: "\${P}"}}`,
    `- {type: dockerhub, name: b, config: {registries: any, insecure: true, repositories: [{registry_url: x, token: "\${P}"}]}}`,
    `- {type: oci, name: c, config: {registry_url: "http://x", registries: any, insecure: true}}`,
    "- {type: oci, name: d, config: {registries: any}}",
    "- {type: oci, name: g, config: {registry_url: a.example, mirror_of: any, mirror_form: ns}}",
    "- {type: oci, name: e, config: {registries: [quay.io, '*.gcr.io', '*.example.com:5000']}}",
    "- {type: oci, name: f, config: {registry_url: x, token_file: /run/token}}",
  );
  const shown = JSON.stringify(showConfig(config, configSchema));
  assert.doesNotMatch(shown, /hunter2/);
  assert.match(shown, /"token_file":"\/run\/token"/, "where a secret is, is none");
  const again = await loadConfig({ schema: configSchema, text: shown, env });
  assert.deepEqual(showConfig(again, configSchema), showConfig(config, configSchema));
});

/** What is wrong with the keys of a backend: one problem each, and where. */
const single: [type: "dockerhub" | "oci", keys: string, problem: RegExp][] = [
  ["oci", "", /config\.registry_url: a registry is missing; write registry_url: or, for several, repositories:$/],
  [
    "oci",
    "registry_url: a, repositories: [{registry_url: b}]",
    /config\.registry_url: .* exclude each other; keep one/,
  ],
  ["oci", "repositories: []", /config\.repositories: a registry is missing; write registry_url:/],
  ["oci", "repositories: [ghcr.io]", /config\.repositories\[0\]: "ghcr\.io" is not a mapping$/],
  [
    "oci",
    "repositories: [{}]",
    /repositories\[0\]\.registry_url: a URL is missing; write https:\/\/host or host:port$/,
  ],
  [
    "oci",
    "repositories: [{registry_url: a, user: x}]",
    /\[0\]\.user: is not a known key \(did you mean "username"/,
  ],
  [
    "oci",
    "repositories: [{registry_url: a, pasword: x}]",
    /\[0\]\.pasword: is not a known key \(did you mean "password"/,
  ],
  ["oci", "registry_urls: a, registry_url: a", /registry_urls: is not a known key \(did you mean "registry_url"\?\)/],
  ["oci", "registry_url: ftp://a", /registry_url: "ftp:\/\/a" is not a URL that can be used here/],
  ["oci", 'registry_url: "u:hunter2@a"', /registry_url: credentials do not belong into the URL/],
  [
    "oci",
    "registry_url: ghcr.io/v1/",
    /registry_url: "https:\/\/ghcr\.io\/v1" is the address.*; write https:\/\/ghcr\.io$/,
  ],
  ["dockerhub", "official_images: x", /official_images: "x" is not a known word; write library, bare/],
  ["oci", 'registry_url: "a b"', /registry_url: "https:\/\/a b" is not a URL/],
  ["oci", "registry_url: a, password: x", /config\.password: a password needs a username/],
  ["oci", "repositories: [{registry_url: a, password: x}]", /repositories\[0\]\.password: a password needs a username/],
  ["dockerhub", "token: x, username: x", /config\.token: token and username exclude each other/],
  ["dockerhub", "token_file: x, username: x", /config\.token_file: token_file and username exclude each other/],
  ["dockerhub", "token_file: x, token: x", /config\.token_file: token_file and token exclude each other; keep one/],
  [
    "dockerhub",
    "username: x, password: x, password_file: x",
    /config\.password_file: password_file and password exclude each other; keep one/,
  ],
  ["oci", "registry_url: a, password_file: x", /config\.password_file: a password needs a username/],
  [
    "oci",
    "registry_url: https://a, insecure: true",
    /config\.insecure: insecure means plain http, but .* https:\/\/a; /,
  ],
  [
    "dockerhub",
    "insecure: true",
    /config\.insecure: insecure means plain http, but .* https:\/\/registry-1\.docker\.io/,
  ],
  [
    "oci",
    "repositories: [{registry_url: https://a, insecure: true}]",
    /repositories\[0\]\.insecure: insecure means plain http/,
  ],
  [
    "oci",
    "repositories: [{registry_url: a}], names: b",
    /config\.names: belongs to one registry; write it in that entry/,
  ],
  ["oci", "repositories: [{registry_url: a}], insecure: true", /config\.insecure: belongs to one registry/],
  ["dockerhub", "allow: nginx:1", /config\.allow: "nginx:1" is not an image pattern; write for example "library\/\*"/],
  ["dockerhub", "names: [a, b/c]", /config\.names\[1\]: "b\/c" is not the name of a registry/],
  [
    "dockerhub",
    "registries: all",
    /config\.registries: "all" is not a known word or the host of a registry; write configured, any, quay\.io/,
  ],
  [
    "dockerhub",
    "registries: [quay.io, '*quay.io']",
    /config\.registries\[1\]: "\*quay\.io" is not .* one whole label$/,
  ],
  [
    "dockerhub",
    "mirror_of: any",
    /config\.mirror_of: Docker Hub has no images of other registries; write the registry_url/,
  ],
  [
    "oci",
    "repositories: [{registry_url: a, mirror_form: ns}]",
    /repositories\[0\]\.mirror_form: says nothing without mirror_of$/,
  ],
  ["oci", "repositories: [{registry_url: a}], mirror_of: any", /config\.mirror_of: belongs to one registry/],
  ["oci", "registry_url: a, mirror_of: configured", /config\.mirror_of: "configured" is not .*; write any, quay\.io/],
  ["dockerhub", "prefetch: arm64", /config\.prefetch: "arm64" is not a known word or a platform; write none, all_plat/],
  ["dockerhub", "on_outage: ignore", /config\.on_outage: "ignore" is not a known word; write stop, next/],
];

for (const [type, keys, problem] of single) {
  Deno.test(`one problem: ${type} with ${keys || "nothing"}`, async () => {
    await assert.rejects(backendOf(type, keys), ({ code, message }) => {
      assert.equal(code, "config_invalid");
      assert.match(message, /^c\.yml:2:\d+: backends\[0\]/);
      assert.match(message, problem);
      assert.doesNotMatch(message, /\n|hunter2/);
      return true;
    });
  });
}

const warned: [backends: string[], warnings: RegExp[]][] = [
  [["{type: oci, name: a, config: {registry_url: http://lan:5000}}"], []],
  [["{type: oci, name: a, config: {registry_url: http://127.0.0.1:5000, token: x}}"], []],
  [["{type: oci, name: a, config: {registry_url: 'http://[::1]', token: x}}"], []],
  [["{type: oci, name: a, config: {registry_url: lan, insecure: true, username: x, password: p}}"], []],
  [["{type: oci, name: a, config: {registry_url: http://lan, username: x, password: p}}"], [
    /^Backend "a" sends its credentials for http:\/\/lan unencrypted; write https:/,
  ]],
  [["{type: oci, name: a, config: {registry_url: https://b, auth_url: http://c/t, username: x, password: p}}"], [
    /for http:\/\/c\/t /,
  ]],
  [["{type: http, name: a, config: {prefix: /v2, base_url: https://a}}"], []],
  [[
    "{type: http, name: a, config: {prefix: /v2, base_url: https://a}}",
    "{type: http, name: b, config: {prefix: /v2/x, base_url: https://a}}",
    "{type: dockerhub, name: c, config: {}}",
  ], [
    /^No images .* since \/v2 is "\/v2" of backend "a"/,
    /^Images whose names begin with "x" .* "\/v2\/x" of .* "b"/,
  ]],
  [["{type: dockerhub, name: c, config: {prefix: /v2}}"], []],
];

for (const [backends, warnings] of warned) {
  Deno.test(`${warnings.length} warnings about ${backends.join(" and ")}`, async () => {
    const found = warningsOf(await load(...backends.map((backend) => `- ${backend}`)));
    assert.equal(found.length, warnings.length, found.join("\n"));
    for (const [index, warning] of warnings.entries()) assert.match(found[index]!, warning);
  });
}
