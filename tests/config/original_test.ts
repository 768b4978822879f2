import assert from "node:assert/strict";
import { namesOf } from "../../src/config/backend_names.ts";
import type { PypiConfig } from "../../src/backends/pypi/schema.ts";
import { loadConfig } from "../../src/config/load.ts";
import { upstreamsOf } from "../../src/config/upstreams.ts";
import { configSchema } from "../../src/configuration.ts";
import type { VaultError } from "../../src/errors.ts";

/** All keys that the original tool has, without names, and with secrets that nobody has set. */
const original = `
http_host: "0.0.0.0"
http_port: 8080
cache_dir: "./cache"
log_level: "INFO"
backends:
  - type: "http"
    config:
      prefix: "/apache"
      base_url: "https://downloads.apache.org"
  - type: "pypi"
    config:
      prefix: "/pypi"
      index_url: "https://pypi.org/simple"
      packages_url: "https://files.pythonhosted.org"
      username: "\${PYPI_USERNAME}"
      password: "\${PYPI_PASSWORD}"
      timeout: 30
  - type: "huggingface"
    config:
      prefix: "/huggingface"
      base_url: "https://huggingface.co"
      token: "\${HF_TOKEN}"
      timeout: 60
      max_redirects: 5
  - type: "dockerhub"
    config:
      prefix: "/v2"
      registry_url: "https://registry-1.docker.io"
      auth_url: "https://auth.docker.io"
      username: "\${DOCKER_USERNAME}"
      password: "\${DOCKER_PASSWORD}"
  - type: "dockerhub"
    config:
      prefix: "/docker/all"
      repositories:
        - registry_url: "https://registry-1.docker.io"
          auth_url: "https://auth.docker.io"
          username: "\${DOCKER_USERNAME}"
          password: "\${DOCKER_PASSWORD}"
        - registry_url: "https://ghcr.io"
  - type: "npm"
    config:
      prefix: "/npm"
      registry_url: "https://registry.npmjs.org"
      token: "\${NPM_TOKEN}"
  - type: "apt"
    config:
      prefix: "/apt"
      mirror_url: "http://archive.ubuntu.com/ubuntu"
      user_agent: "Debian APT-HTTP/1.3"
      timeout: 30
`;

const load = (text: string, variables: Record<string, string> = {}, warn = (_: string) => {}) =>
  loadConfig({ schema: configSchema, path: "c.yml", text, env: (name) => variables[name], warn });

Deno.test("the original tool's own configuration runs unchanged, and says what of it does not count", async () => {
  const warnings: string[] = [];
  const { backends } = await load(original, {}, (warning) => warnings.push(warning));
  assert.deepEqual(backends.map(({ name, config }) => [name, config.prefix]), [
    ["apache", "/apache"],
    ["pypi", "/pypi"],
    ["huggingface", "/huggingface"],
    ["dockerhub", "/v2"],
    ["docker-all", "/docker/all"],
    ["npm", "/npm"],
    ["apt", "/apt"],
  ]);
  assert.deepEqual(upstreamsOf(backends[4]!, configSchema), [
    ...["https://registry-1.docker.io", "https://auth.docker.io", "https://ghcr.io"],
  ]);
  const login = (place: string, names: string) =>
    `${place} has no login, since ${names} not set; set ${names.includes(" and ") ? "them" : "it"}, or remove the key`;
  assert.deepEqual(warnings, [
    login("backends[1].config", "PYPI_USERNAME and PYPI_PASSWORD are"),
    login("backends[2].config", "HF_TOKEN is"),
    login("backends[3].config", "DOCKER_USERNAME and DOCKER_PASSWORD are"),
    login("backends[4].config.repositories[0]", "DOCKER_USERNAME and DOCKER_PASSWORD are"),
    login("backends[5].config", "NPM_TOKEN is"),
  ]);
});

/** What the configurations of the original tool's guide have that is not in the one above. */
const guide = `
http_host: \${HOST:-localhost}
http_port: \${PORT:-8080}
cache_dir: \${CACHE_DIR:-/tmp/artifact_cache}
log_level: CRITICAL
cache:
  type: filesystem
  config:
    cache_dir: /srv/cache
    max_size_gb: 100
backends:
  # Prefixes that end in a slash, and two backends of a type
  - type: pypi
    config:
      prefix: /pypi/
  - type: pypi
    config:
      prefix: /private-pypi/
      index_url: https://pypi.example.com/simple
  - type: http
    name: apache.org
    config:
      prefix: /archive.apache.org/
      base_url: https://archive.apache.org/dist
      timeout: 300  # 5 minutes
  - type: dockerhub
    config:
      prefix: /dockerhub/
      registry_url: https://registry.hub.docker.com
  - type: dockerhub
    name: docker-multi
    config:
      prefix: /multi/
      repositories:
        - registry_url: https://registry.example.com
          auth_url: https://registry.example.com/auth
          username: myuser
          password: mypassword
        - registry_url: https://registry-1.docker.io
  - type: apt
    config:
      prefix: /ubuntu/
      mirror_url: http://archive.ubuntu.com/ubuntu/
  - type: apt
    config:
      prefix: /apt/private/
      mirror_url: https://repo.example.com/ubuntu/
      username: your_username
      password: your_password
`;

Deno.test("all that the original tool's guide has in its configurations is taken", async () => {
  const warnings: string[] = [];
  const config = await load(guide, {}, (warning) => warnings.push(warning));
  assert.deepEqual([config.http_host, config.http_port, config.cache_dir, config.log_level], [
    ...["localhost", 8080, "/tmp/artifact_cache", "CRITICAL"],
  ]);
  assert.deepEqual(
    config.backends.map((backend) => [backend.name, backend.config.prefix, ...upstreamsOf(backend, configSchema)]),
    [
      ["pypi", "/pypi", "https://pypi.org/simple", "https://files.pythonhosted.org"],
      ["private-pypi", "/private-pypi", "https://pypi.example.com/simple"],
      ["apache.org", "/archive.apache.org", "https://archive.apache.org/dist"],
      ["dockerhub", "/dockerhub", "https://registry-1.docker.io"],
      [
        ...["docker-multi", "/multi", "https://registry.example.com", "https://registry.example.com/auth"],
        "https://registry-1.docker.io",
      ],
      ["ubuntu", "/ubuntu", "http://archive.ubuntu.com/ubuntu"],
      ["apt-private", "/apt/private", "https://repo.example.com/ubuntu"],
    ],
  );
  assert.deepEqual(warnings, [
    "cache is not read; remove it, and write cache_dir: /srv/cache and cache_max_size: 100GB at the top level",
  ]);
});

Deno.test("secrets that are set are used, and half a login is a mistake", async () => {
  const { backends } = await load(original, { PYPI_USERNAME: "u", PYPI_PASSWORD: "p" });
  const [, pypi] = backends;
  assert.ok(pypi?.type === "pypi");
  const { indexes: [index] } = (pypi as PypiConfig).config;
  assert.deepEqual([index?.username, index?.password], ["u", "p"]);
  await assert.rejects(load(original, { DOCKER_USERNAME: "u" }), (error: VaultError) => {
    assert.match(error.message, /^c\.yml:32:7: backends\[3\]\.config\.password: .*variable DOCKER_PASSWORD is not set/);
    return true;
  });
});

const named: readonly [what: string, backends: readonly unknown[], names: readonly string[]][] = [
  ["of its prefix", [{ type: "pypi", config: { prefix: "/python" } }], ["python"]],
  ["of a prefix of several parts", [{ type: "apt", config: { prefix: "/a/b.c/d" } }], ["a-b.c-d"]],
  ["of its type, where there is no prefix", [{ type: "pypi", config: {} }], ["pypi"]],
  ["of its type, where the prefix is the root", [{ type: "http", config: { prefix: "/" } }], ["http"]],
  ["of its type, where registries have to be", [{ type: "oci", config: { prefix: "/v2" } }], ["oci"]],
  ["of what a name may have", [{ type: "http", config: { prefix: "/~files@x/" } }], ["files-x"]],
  ["unlike those that were given", [{ type: "apt", config: {} }, { type: "apt", name: "apt" }], ["apt-2", "apt"]],
  ["unlike each other", Array(3).fill({ type: "apt", config: {} }), ["apt", "apt-2", "apt-3"]],
];

for (const [what, backends, names] of named) {
  Deno.test(`a backend without a name gets one ${what}`, () => assert.deepEqual(namesOf(backends), names));
}
