import assert from "node:assert/strict";
import { namesOf } from "../../src/config/backend_names.ts";
import { loadConfig } from "../../src/config/load.ts";
import { upstreamsOf } from "../../src/config/upstreams.ts";
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
  - type: "apt"
    config:
      prefix: "/apt"
      mirror_url: "http://archive.ubuntu.com/ubuntu"
      user_agent: "Debian APT-HTTP/1.3"
      timeout: 30
`;

const load = (text: string, variables: Record<string, string> = {}, warn = (_: string) => {}) =>
  loadConfig({ path: "c.yml", text, env: (name) => variables[name], warn });

Deno.test("the original tool's own configuration runs unchanged, and says what of it does not count", async () => {
  const warnings: string[] = [];
  const { backends } = await load(original, {}, (warning) => warnings.push(warning));
  assert.deepEqual(backends.map(({ name, config }) => [name, config.prefix]), [
    ["apache", "/apache"],
    ["pypi", "/pypi"],
    ["dockerhub", "/v2"],
    ["docker-all", "/docker/all"],
    ["apt", "/apt"],
  ]);
  assert.deepEqual(upstreamsOf(backends[3]!), [
    ...["https://registry-1.docker.io", "https://auth.docker.io", "https://ghcr.io"],
  ]);
  const login = (place: string, names: string) =>
    `${place} has no login, since ${names} not set; set ${names.includes(" and ") ? "them" : "it"}, or remove the key`;
  assert.deepEqual(warnings, [
    login("backends[1].config", "PYPI_USERNAME and PYPI_PASSWORD are"),
    login("backends[2].config", "HF_TOKEN is"),
    login("backends[3].config", "DOCKER_USERNAME and DOCKER_PASSWORD are"),
    login("backends[4].config.repositories[0]", "DOCKER_USERNAME and DOCKER_PASSWORD are"),
    'backends[2] is not served: type "huggingface" is not supported yet; remove the entry, and let clients use the ' +
    "Hub itself until then",
  ]);
});

Deno.test("secrets that are set are used, and half a login is a mistake", async () => {
  const { backends } = await load(original, { PYPI_USERNAME: "u", PYPI_PASSWORD: "p" });
  const [, pypi] = backends;
  assert.ok(pypi?.type === "pypi");
  assert.deepEqual([pypi.config.indexes[0]?.username, pypi.config.indexes[0]?.password], ["u", "p"]);
  await assert.rejects(load(original, { DOCKER_USERNAME: "u" }), (error: VaultError) => {
    assert.match(error.message, /^c\.yml:32:7: backends\[3\]\.config\.password: .*variable DOCKER_PASSWORD is not set/);
    return true;
  });
});

Deno.test("where nothing but what is not supported is left, that is the mistake", async () => {
  await assert.rejects(load("backends: [{type: npm, config: {}}]"), {
    message: 'c.yml:1:13: backends[0].type: "npm" is not supported yet; remove this entry, and let clients use the ' +
      "registry itself until then",
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
