import assert from "node:assert/strict";
import { loadConfig } from "../../../src/config/load.ts";
import { showConfig } from "../../../src/config/show.ts";
import type { PypiConfig } from "../../../src/backends/pypi/schema.ts";
import { authoritiesOf, upstreamsOf } from "../../../src/config/upstreams.ts";
import { configSchema, warningsOf } from "../../../src/configuration.ts";

const env = (name: string) => name === "P" ? "hunter2" : undefined;

function load(...backends: string[]) {
  return loadConfig({ schema: configSchema, path: "c.yml", text: ["backends:", ...backends].join("\n"), env });
}

/** The one backend of a configuration; `keys` are those of its `config`, in flow style. */
async function backendOf(keys: string): Promise<PypiConfig> {
  const { backends: [backend] } = await load(`- {type: pypi, name: python, config: {${keys}}}`);
  return backend?.type === "pypi" ? backend as PypiConfig : assert.fail("it is no backend of Python packages");
}

/** Its indexes, without the keys that are not given. */
async function indexesOf(keys: string): Promise<unknown> {
  return JSON.parse(JSON.stringify((await backendOf(keys)).config.indexes));
}

const pypi = { index_url: "https://pypi.org/simple", packages_url: "https://files.pythonhosted.org" };

Deno.test("the file of the original tool works unchanged", async () => {
  const { backends } = await load(`
- type: pypi
  name: pypi.org
  config:
    prefix: /pypi/
    index_url: https://pypi.org/simple
    packages_url: https://files.pythonhosted.org/packages
- type: "pypi"
  name: "private"
  config:
    prefix: "/private-pypi/"
    index_url: "https://pypi.example.com/simple/"
    packages_url: "https://pypi.example.com/files/"
    username: u
    password: \${P}
    timeout: 30
`);
  const read = backends.map(({ type, config }) => {
    const { prefix, timeout, indexes } = type === "pypi" ? config as PypiConfig["config"] : assert.fail(type);
    return JSON.parse(JSON.stringify({ prefix, timeout, indexes }));
  });
  assert.deepEqual(read, [{
    prefix: "/pypi",
    timeout: 30_000,
    indexes: [{ ...pypi, packages_url: "https://files.pythonhosted.org/packages" }],
  }, {
    prefix: "/private-pypi",
    timeout: 30_000,
    indexes: [{
      index_url: "https://pypi.example.com/simple",
      packages_url: "https://pypi.example.com/files",
      username: "u",
      password: "hunter2",
    }],
  }]);
});

Deno.test("without a URL it is PyPI, with every default", async () => {
  const backend = await backendOf("");
  const { prefix, ttl, indexes } = backend.config;
  assert.deepEqual([prefix, ttl, "min_age" in backend.config], ["/python", 600_000, false]);
  assert.deepEqual(JSON.parse(JSON.stringify(indexes)), [pypi]);
  assert.deepEqual(upstreamsOf(backend, configSchema), [pypi.index_url, pypi.packages_url]);
});

const hosts: [name: string, keys: string, indexes: unknown][] = [
  ["PyPI's", "index_url: https://PyPI.org/simple/", [pypi]],
  ["PyPI's in a list", `indexes: [{index_url: ${pypi.index_url}}]`, [pypi]],
  ["another that is given", `packages_url: "https://mirror.lan/f/"`, [{
    ...pypi,
    packages_url: "https://mirror.lan/f",
  }]],
  ["none for another index", "index_url: https://a/simple", [{ index_url: "https://a/simple" }]],
  ["none for another port of PyPI's host", "index_url: https://pypi.org:8443/simple", [
    { index_url: "https://pypi.org:8443/simple" },
  ]],
];

for (const [name, keys, indexes] of hosts) {
  Deno.test(`the host of the files is ${name}`, async () => {
    assert.deepEqual(await indexesOf(keys), indexes);
  });
}

Deno.test("every key of an index is read, at the top and in a list", async () => {
  const keys = `index_url: "https://a/simple/", packages_url: "https://b/packages/", username: me, password: "\${P}",
    only: My_Company.*, never: [my--company-a, "{x,Y}[0-9]"], not_found_statuses: 403, find_links: no`;
  const common = "ca: a.pem, ttl: forever, min_age: 7d";
  const expected = {
    index_url: "https://a/simple",
    packages_url: "https://b/packages",
    username: "me",
    password: "hunter2",
    only: ["my-company-*"],
    never: ["my-company-a", "{x,y}[0-9]"],
    not_found_statuses: [403],
    find_links: false,
  };
  assert.deepEqual(await indexesOf(`${keys}, ${common}`), [expected]);
  assert.deepEqual(await indexesOf(`indexes: [{${keys}, ca: b.pem}], ${common}`), [{ ...expected, ca: ["b.pem"] }]);
  const backends = [
    await backendOf(`${keys}, ${common}`),
    await backendOf(`indexes: [{${keys}, ca: [b.pem]}], ${common}`),
  ];
  assert.deepEqual(backends.map((backend) => authoritiesOf(backend, configSchema)), [["a.pem"], ["a.pem", "b.pem"]]);
  for (const backend of backends) {
    assert.deepEqual([backend.config.ttl, backend.config.min_age], [Infinity, 604_800_000]);
    assert.deepEqual(upstreamsOf(backend, configSchema), ["https://a/simple", "https://b/packages"]);
  }
});

Deno.test("a configuration is shown without secrets, and reads back as the same", async () => {
  const config = await load(
    `- {type: pypi, name: a, config: {username: u, password: "\${P}", min_age: 1w}}`,
    `- {type: pypi, name: b, config: {indexes: [{index_url: "https://x", token: "\${P}", only: "a.*"}]}}`,
  );
  const shown = JSON.stringify(showConfig(config, configSchema));
  assert.doesNotMatch(shown, /hunter2/);
  const again = await loadConfig({ schema: configSchema, text: shown, env });
  assert.deepEqual(showConfig(again, configSchema), showConfig(config, configSchema));
});

/** What is wrong with the keys of a backend: one problem each, and where. */
const single: [keys: string, problem: RegExp][] = [
  ["index_url: https://a, indexes: [{index_url: https://b}]", /config\.index_url: .* exclude each other; keep one$/],
  ["indexes: []", /config\.indexes: the list is empty; write at least one entry$/],
  ["indexes: {index_url: https://a}", /config\.indexes: a mapping is not a list; begin each of its entries with "- "/],
  ["indexes: [https://a]", /config\.indexes\[0\]: "https:\/\/a" is not a mapping$/],
  ["indexes: [{}]", /indexes\[0\]\.index_url: a URL is missing; write https:\/\/host\/path$/],
  ["indexes: [{index_url: https://a, url: x}]", /\[0\]\.url: is not a known key.*index_url/],
  ["indexes: [{index_url: https://a, ttl: 5m}]", /\[0\]\.ttl: is not a known key; known are index_url, packages_url/],
  [
    "indexes: [{index_url: https://a/s}, {index_url: https://b}, {index_url: https://a/s/}]",
    /indexes\[2\]\.index_url: "https:\/\/a\/s" is already the URL of indexes\[0\]; keep one$/,
  ],
  ["index: https://a", /config\.index: is not a known key/],
  ["index_url: pypi.org", /index_url: "pypi\.org" is not a URL that can be used here; write https:\/\/host\/path$/],
  ["packages_url: https://u:hunter2@a", /packages_url: credentials do not belong into the URL/],
  ["password: x", /config\.password: a password needs a username$/],
  ["indexes: [{index_url: https://a, password: x}]", /indexes\[0\]\.password: a password needs a username$/],
  ["token: x, username: x", /config\.token: token and username exclude each other/],
  ["indexes: [{index_url: https://a}], only: b", /config\.only: belongs to one index; write it in that entry/],
  ["indexes: [{index_url: https://a}], username: b", /config\.username: belongs to one index/],
  ["only: 'a>=1'", /config\.only: "a>=1" is not a pattern for names of projects; write for example "mycompany-\*"/],
  ...["a|b", "a+", "a@1", "(a)", "a^b", "a!b"].map((glob): [string, RegExp] => [
    `only: '${glob}'`,
    /config\.only: ".*" is not a pattern for names of projects/,
  ]),
  ["only: '(a|b)'", /config\.only: "\(a\|b\)": "\(a\|b\)" means nothing in a pattern/],
  ["never: [a, 'b c']", /config\.never\[1\]: "b c" is not a pattern/],
  ["min_age: forever", /config\.min_age: "forever" is not a duration above zero/],
  ["min_age: 0", /config\.min_age: 0 is not a duration above zero/],
];

for (const [keys, problem] of single) {
  Deno.test(`one problem: ${keys}`, async () => {
    await assert.rejects(backendOf(keys), ({ code, message }) => {
      assert.equal(code, "config_invalid");
      assert.match(message, /^c\.yml:2:\d+: backends\[0\]/);
      assert.match(message, problem);
      assert.doesNotMatch(message, /\n|hunter2/);
      return true;
    });
  });
}

Deno.test("all problems are reported at once", async () => {
  const keys = "indexes: [{index_url: a, password: x}, 3], only: b, ttl: x, prefix: y";
  await assert.rejects(backendOf(keys), ({ message }) => {
    const keys = [...message.matchAll(/backends\[0\]\.config\.(\S+):/g)].map(([, key]) => key);
    assert.deepEqual(keys, ["indexes[0].index_url", "indexes[0].password", "indexes[1]", "only", "ttl", "prefix"]);
    return true;
  });
});

Deno.test("what has a default for every key needs no config", async () => {
  const { backends } = await load("- {type: pypi, name: a}\n- {type: dockerhub}\n- {type: pypi, name: b, config: }");
  assert.deepEqual(backends.map(({ config }) => config.prefix), ["/a", "/dockerhub", "/b"]);
  const problem = /backends\[1\]\.name: "a" is already the name of backends\[0\]/;
  await assert.rejects(load("- {type: pypi, name: a}\n- {type: pypi, name: a}"), problem);
  await assert.rejects(load("- {type: oci, name: a}"), /config\.registry_url: a registry is missing/);
});

const own = "index_url: https://own.example, username: u, password: p";
const open = "index_url: https://pypi.org/simple";

const warned: [keys: string, warnings: RegExp[]][] = [
  ["index_url: http://lan", []],
  ["index_url: http://localhost:3141, username: u, password: p", []],
  ["index_url: http://lan, token: x", [
    /^Backend "python" sends its credentials for http:\/\/lan unencrypted; write h/,
  ]],
  ["index_url: https://a, packages_url: http://b, username: u, password: p", [/for http:\/\/b /]],
  ["index_url: http://a, packages_url: http://b, username: u, password: p", [/for http:\/\/a /, /for http:\/\/b /]],
  ["indexes: [{index_url: http://a, token: x}]", [/for http:\/\/a /]],
  [`indexes: [{${own}}, {${open}}]`, [
    /looks for a project in https:\/\/own\.example, then https:\/\/pypi\.org\/simple, and .* never: where/,
  ]],
  [`indexes: [{${open}}, {${own}}]`, [/looks for a project in https:\/\/pypi.*, then https:\/\/own/]],
  [`indexes: [{${own}, only: own-*}, {${open}}]`, [/looks for a project in https:\/\/own.*, then https:\/\/pypi/]],
  [`indexes: [{index_url: https://a}, {index_url: https://b, only: b-*}, {index_url: https://c}]`, [
    /looks for a project in https:\/\/a, then https:\/\/c, /,
  ]],
  [`indexes: [{${own}}, {${open}, never: own-*}]`, []],
  [`indexes: [{${own}}, {${open}, only: [flask, django]}]`, []],
  [`indexes: [{index_url: https://download.example/torch, only: torch}, {${open}}]`, []],
  [`indexes: [{${own}}]`, []],
];

for (const [keys, warnings] of warned) {
  Deno.test(`${warnings.length} warnings about ${keys}`, async () => {
    const found = warningsOf(await load(`- {type: pypi, name: python, config: {${keys}}}`));
    assert.equal(found.length, warnings.length, found.join("\n"));
    for (const [index, warning] of warnings.entries()) assert.match(found[index]!, warning);
  });
}
