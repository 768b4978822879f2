import assert from "node:assert/strict";
import type { HttpConfig } from "../../src/backends/http/schema.ts";
import { loadConfig, type LoadOptions, referencedEnv } from "../../src/config/load.ts";
import type { Config } from "../../src/config/schema.ts";
import { configSchema, warningsOf } from "../../src/configuration.ts";
import { VaultError } from "../../src/errors.ts";
import { createTempDir } from "../support/temp_dir.ts";

const variables: Record<string, string> = {
  PORT: "9000",
  OFFLINE: "true",
  SECRET: "hunter2",
  LETTERS: "abc",
  EMPTY: "",
};

function load(text: string, more: Partial<LoadOptions> = {}): Promise<Config> {
  return loadConfig({ schema: configSchema, path: "c.yml", text, env: (name) => variables[name], ...more });
}

/** The lines of the error that loading ends in. */
async function problemsOf(text: string, more: Partial<LoadOptions> = {}): Promise<string[]> {
  const error = await load(text, more).then(() => assert.fail("it was accepted"), (error) => error);
  assert.ok(error instanceof VaultError, String(error));
  assert.equal(error.code, "config_invalid");
  return error.message.split("\n");
}

/** The keys of an http backend. */
function httpKeys(config: Config, name: string) {
  const backend = config.backends.find((backend) => backend.name === name);
  return backend?.type === "http" ? (backend as HttpConfig).config : assert.fail(`${name} is no http backend`);
}

const backend = (...lines: string[]) =>
  ["backends:", "  - type: http", "    name: files", "    config:", "      base_url: https://example.org/x/"]
    .concat(lines.map((line) => `      ${line}`)).join("\n");

Deno.test("a minimal file gets every default", async () => {
  assert.deepEqual(await load(backend()), {
    administration: "loopback",
    http_host: "127.0.0.1",
    http_port: 8080,
    bundles: { trust: [], require_signature: false },
    trusted_proxies: [],
    cache_dir: "./cache",
    log_level: "INFO",
    log_format: "text",
    memory_cache_size: 64 * 2 ** 20,
    shutdown_timeout: 30_000,
    offline: false,
    offline_indexes: "available",
    range_ahead: 16 * 2 ** 20,
    max_segments: 8,
    retention: { unused_for: Infinity },
    revalidate_timeout: 2000,
    warm: {
      ...{ lists: [], every: 86_400_000, jobs: 2, platforms: [], referrers: false, recommends: false, suites: [] },
    },
    verify: { every: 30 * 86_400_000, rate: 20_000_000 },
    server_names: [],
    backends: [{
      type: "http",
      name: "files",
      config: {
        prefix: "/files",
        timeout: 30_000,
        retries: 3,
        max_transfers: 16,
        negative_ttl: 60_000,
        stale_if_error: Infinity,
        serve_deleted: true,
        honor_client_no_cache: false,
        abandoned_transfer: "finish",
        allow_private_redirects: false,
        offline: false,
        base_url: ["https://example.org/x"],
        rules: [],
        web_pages: "refuse",
        upstream_errors: "explain",
      },
    }],
  });
});

Deno.test("the file of the original tool works unchanged", async () => {
  const config = await load(`
http_host: "127.0.0.1"
http_port: 8080
cache_dir: "./cache"
log_level: debug
backends:
  - type: "http"
    name: "apache"
    config:
      prefix: "/apache/"
      base_url: "https://downloads.apache.org/"
`);
  assert.equal(config.log_level, "DEBUG");
  assert.equal(httpKeys(config, "apache").prefix, "/apache");
  assert.deepEqual(httpKeys(config, "apache").base_url, ["https://downloads.apache.org"]);
});

Deno.test("every http key is read, durations as milliseconds and sizes as bytes", async () => {
  const config = await load([
    "cache_max_size: 100GiB",
    "verify: {every: 7d, rate: 5 MiB/s}",
    "ca: ca.pem",
    "tls: {cert: c.pem, key: k.pem}",
    backend(
      "prefix: /",
      "timeout: 5m",
      "stale_if_error: 7d",
      "abandoned_transfer: stop",
      "token: ${SECRET}",
      "headers: {X-Team: a}",
      "ttl: 1h",
      "ca: [a.pem, b.pem]",
      "proxy: http://u:p@proxy:3128",
      'rules: [{match: "**/*.jar", immutable: true}, {match: "/sub/**", ttl: 5m}]',
    ),
  ].join("\n"));
  const keys = httpKeys(config, "files");
  assert.equal(config.cache_max_size, 100 * 2 ** 30);
  assert.deepEqual(config.verify, { every: 604_800_000, rate: 5 * 2 ** 20 });
  assert.deepEqual(config.ca, ["ca.pem"]);
  assert.deepEqual(config.tls, { cert: "c.pem", key: "k.pem" });
  assert.equal(keys.prefix, "/");
  assert.equal(keys.timeout, 300_000);
  assert.equal(keys.stale_if_error, 604_800_000);
  assert.equal(keys.abandoned_transfer, "stop");
  assert.equal(keys.token, "hunter2");
  assert.deepEqual(keys.headers, { "X-Team": "a" });
  assert.equal(keys.ttl, 3_600_000);
  assert.deepEqual(keys.ca, ["a.pem", "b.pem"]);
  assert.equal(keys.proxy, "http://u:p@proxy:3128/");
  assert.deepEqual(keys.rules, [{ match: "**/*.jar", immutable: true }, { match: "sub/**", ttl: 300_000 }]);
});

Deno.test("numbers and switches may come from the environment", async () => {
  const config = await load(`http_port: \${PORT}\noffline: "\${OFFLINE}"\nmax_segments: \${X:-4}\n${backend()}`);
  assert.deepEqual([config.http_port, config.offline, config.max_segments], [9000, true, 4]);
});

Deno.test("a key without a value, or whose variable is empty, counts as not given", async () => {
  const config = await load(`log_level:\nproxy: \${EMPTY}\n${backend("username: ${EMPTY}", "token: ${SECRET}")}`);
  assert.equal(config.log_level, "INFO");
  assert.ok(!("proxy" in config));
  assert.ok(!("username" in config.backends[0]!.config));
});

Deno.test("all problems are reported at once, in the order of the file", async () => {
  const text = `http_port: \${LETTERS}
htp_host: x
tls: {cert: a}
backends:
  - type: http
    name: a
    config:
      base_url: https://u:hunter2@example.org
      rules: [{match: x}, {match: y, ttl: 5m, imutable: true}]
      password: \${SECRET}
      timeout: abc
      token: \${MISSING}
      prefix: /b
  - type: htp
    name: c
  - type: http
    name: a
    config: {prefix: /b/, base_url: ["https://x/", 3], headers: {"a b": x}}
  - name: d
    config: {}
`;
  const message = (await problemsOf(text, { overrides: { offline: { value: "maybe", source: "--offline" } } })).join(
    "\n",
  );
  assert.doesNotMatch(message, /hunter2/);
  assert.equal(
    message,
    `--offline: "maybe" is not true or false; write one of these
c.yml:1:1: http_port: "abc" is not a whole number from 0 to 65535; write it in digits
c.yml:2:1: htp_host: is not a known key (did you mean "http_host"?)
c.yml:3:1: tls.key: text is missing; write it in quotes
c.yml:8:7: backends[0].config.base_url: credentials do not belong into the URL; write username: and password: instead
c.yml:9:15: backends[0].config.rules[0]: write either immutable: true or ttl: 5m
c.yml:9:47: backends[0].config.rules[1].imutable: is not a known key (did you mean "immutable"?)
c.yml:10:7: backends[0].config.password: a password needs a username
c.yml:11:7: backends[0].config.timeout: "abc" is not a duration above zero, at most 24d; write 30, 30s, 5m or 7d
c.yml:12:7: backends[0].config.token: the environment variable MISSING is not set; set it or write \${MISSING:-default}
c.yml:14:5: backends[1].type: "htp" is not a known backend type (did you mean "http"?); known are http, dockerhub, oci, pypi, apt, npm, jsr, huggingface
c.yml:17:5: backends[2].name: "a" is already the name of backends[0]; choose another one
c.yml:18:14: backends[2].config.prefix: "a" has the prefix "/b" that "a" already has; choose another one
c.yml:18:52: backends[2].config.base_url[1]: 3 is not a URL; write https://host/path
c.yml:18:66: backends[2].config.headers.a b: is not a header name
c.yml:19:5: backends[3].type: a backend type is missing; known are http, dockerhub, oci, pypi, apt, npm, jsr, huggingface`,
  );
});

/** What is wrong with a file that is otherwise right: one line each. */
const single: [name: string, text: string, problem: RegExp][] = [
  ["an empty file", "", /^c\.yml:1:1: there is nothing in it; write a mapping with at least "backends:"/],
  ["a file of comments", "# nothing\n", /^c\.yml:1:1: there is nothing in it/],
  ["a list", "- a\n", /^c\.yml:1:1: a list is not a configuration/],
  ["a sentence", "hello world\n", /^c\.yml:1:1: "hello world" is not a configuration/],
  ["a syntax error", "backends: [\n", /^c\.yml:1:11: the \[ here is not closed/],
  [
    "a duplicate key",
    `http_port: 1\n${backend()}\nhttp_port: 2`,
    /^c\.yml:7:1: the key http_port is given twice; keep one of them$/,
  ],
  ["an alias without an anchor", "backends: *x\n", /^c\.yml:1:11: "\*x" refers to nothing in this file/],
  ["an alias of what is around it", `${backend()}\nfoo: &a [*a]`, /^c\.yml:6:1: foo: is not a known key/],
  [
    "an unknown tag",
    `log_level: !secret INFO\n${backend()}`,
    /^c\.yml:1:12: a value that begins with ! has to be in quotes/,
  ],
  ["two documents", `${backend()}\n---\na: 1`, /^c\.yml:6:1: a second document begins here/],
  ["no backends", "log_level: INFO\n", /^c\.yml:1:1: backends: a list is missing$/],
  ["an empty list of backends", "backends: []\n", /^c\.yml:1:1: backends: the list is empty/],
  [
    "backends as a mapping",
    "backends: {a: 1}\n",
    /^c\.yml:1:1: backends: a mapping is not a list; begin each of its entries with "- "/,
  ],
  [
    "a backend without config",
    "backends: [{type: http, name: a}]\n",
    /backends\[0\]\.config: a mapping is missing$/,
  ],
  ["a host with a port", `http_host: 0.0.0.0:9000\n${backend()}`, /has a port; write 0\.0\.0\.0, .* http_port: 9000$/],
  [
    "a home directory",
    `cache_dir: ~/cache\n${backend()}`,
    /cache_dir: "~\/cache" begins with ~, .*; write the whole path$/,
  ],
  ["a part of a key's name", `port: 9000\n${backend()}`, /port: is not a known key \(did you mean "http_port"\?\)$/],
  ["a part of a type", "backends: [{type: docker}]", /"docker" is not .* \(did you mean "dockerhub"\?\)/],
  ["a port out of bounds", `http_port: 65536\n${backend()}`, /"?65536"? is not a whole number from 0 to 65535/],
  ["a fraction as a port", `http_port: 80.5\n${backend()}`, /80\.5 is not a whole number/],
  ["a list as a switch", `offline: [true]\n${backend()}`, /offline: a list is not true or false/],
  [
    "a number as text",
    backend("username: 0123", "password: x"),
    /config\.username: 123 is not text; write it in quotes/,
  ],
  ["a number as a secret", backend("token: 4711"), /config\.token: the value is not text/],
  ["forever where it is not allowed", backend("timeout: forever"), /timeout: "forever" is not a duration above zero/],
  ["longer than a timer can run", backend("timeout: 30d"), /timeout: "30d" is not a duration above zero, at most 24d/],
  ["a longer shutdown than that", `shutdown_timeout: 25d\n${backend()}`, /"25d" is not a duration, at most 24d/],
  ["a longer revalidation", `revalidate_timeout: 25d\n${backend()}`, /"25d" is not a duration, at most 24d/],
  ["no time at all to answer", backend("timeout: 0"), /timeout: 0 is not a duration above zero/],
  ["a token and a username", backend("token: a", "username: b"), /token: token and username exclude each other/],
  ["a prefix without a slash", backend("prefix: files"), /prefix: "files" is not a path prefix/],
  ["a prefix that climbs", backend("prefix: /a/../b"), /prefix: "\/a\/\.\.\/b" is not a path prefix/],
  ["a prefix of the vault's own", backend("prefix: /metrics/"), /"\/metrics" is answered by the vault itself/],
  [
    "the prefix of the vault's own pages",
    backend("prefix: /-/"),
    /prefix: "\/-" is reserved: the vault's own pages are/,
  ],
  ["a prefix below the vault's own pages", backend("prefix: /-/npm"), /prefix: "\/-\/npm" is reserved/],
  ["a rule that says both", backend("rules: [{match: a, ttl: 1, immutable: true}]"), /write either immutable/],
  ["a rule that denies", backend("rules: [{match: a, immutable: false}]"), /write either immutable/],
  ["a base URL of another kind", backend().replace("https:", "ftp:"), /"ftp:\/\/example.org\/x\/" is not a URL/],
  ["a base URL with a query", backend().replace("/x/", "/x?k=hunter2"), /"https:\/\/example.org\/x" must not be/],
  ["a name with a slash", backend().replace("name: files", "name: a/b"), /name: "a\/b" is not a backend name/],
  ["half a substitution", backend("username: ${OPEN"), /config\.username: "\$\{" begins no \$\{NAME\}/],
];

for (const [name, text, problem] of single) {
  Deno.test(`one problem: ${name}`, async () => {
    const problems = await problemsOf(text);
    assert.match(problems.join("\n"), problem);
    assert.equal(problems.length, 1, problems.join("\n"));
    assert.doesNotMatch(problems[0]!, /hunter2|4711/);
  });
}

Deno.test("options take the place of what the file says", async () => {
  const overrides = { http_port: { value: "0", source: "--port" }, offline: { value: true, source: "--offline" } };
  const config = await load(`http_port: nonsense\n${backend()}`, { overrides });
  assert.deepEqual([config.http_port, config.offline], [0, true]);
});

Deno.test("without a file the built-in configuration serves", async () => {
  const config = await loadConfig({ schema: configSchema, env: () => undefined });
  const images = ["/dockerhub", "/registries"];
  const packages = ["/pypi", "/npm", "/jsr", "/debian", "/debian-security", "/ubuntu"];
  const models = ["/huggingface"];
  const sites = ["/apache", "/maven", "/gnu", "/kernel", "/nodejs"];
  assert.deepEqual(config.backends.map(({ config }) => config.prefix), [...images, ...packages, ...models, ...sites]);
  assert.deepEqual(warningsOf(config), []);
  assert.deepEqual(httpKeys(config, "maven").rules[0], { match: "**/maven-metadata.xml*", ttl: 300_000 });
});

Deno.test("config-sample.yml is a right configuration", async () => {
  const path = new URL("../../config-sample.yml", import.meta.url);
  const text = await Deno.readTextFile(path);
  const config = await loadConfig({ schema: configSchema, path: "config-sample.yml", text, env: () => undefined });
  assert.equal(config.http_host, "127.0.0.1");
  assert.equal(config.http_port, 8080);
  assert.deepEqual(referencedEnv(text), ["PORT"]);
  assert.deepEqual(warningsOf(config), []);
});

Deno.test("what is commented out in config-sample.yml is right, too", async () => {
  const sample = await Deno.readTextFile(new URL("../../config-sample.yml", import.meta.url));
  const text = sample.replace(/^( *)# (?=( *)(- )?[a-zA-Z_-]+:( |$))/gm, "$1").replace(/^ *token: .*\n/m, "");
  const env = (name: string) => name.endsWith("_PASSWORD") ? "x" : undefined;
  const config = await loadConfig({ schema: configSchema, path: "config-sample.yml", text, env });
  assert.equal(config.offline, true);
  assert.deepEqual(httpKeys(config, "internal").headers, { "X-Team": "infrastructure" });
  assert.deepEqual(warningsOf(config), []);
});

Deno.test("variables that may not be read are all named, with the flag that allows them", async () => {
  const env = () => {
    throw new VaultError("permission_missing", "refused");
  };
  await assert.rejects(load(`http_port: \${PORT:-1}\n${backend("token: ${SECRET}")}`, { env }), (error: VaultError) => {
    assert.equal(error.code, "permission_missing");
    assert.match(error.message, /\(PORT, SECRET\).*--allow-env=PORT,SECRET$/);
    return true;
  });
});

Deno.test("a file that cannot be read says why", async () => {
  await using dir = await createTempDir();
  const latin1 = dir.join("latin1.yml");
  await Deno.writeFile(latin1, new Uint8Array([0x61, 0x3a, 0x20, 0xe9]));
  const cases: [path: string, reason: RegExp][] = [
    [dir.join("missing.yml"), /missing\.yml": there is no such file; correct the path after --config/],
    [dir.path, /it is a directory/],
    [latin1, /it is not text in UTF-8/],
  ];
  for (const [path, reason] of cases) {
    await assert.rejects(loadConfig({ schema: configSchema, path, env: () => undefined }), {
      code: "config_invalid",
      message: reason,
    });
  }
});

Deno.test("server_names are hosts, with or without a port, in any case", async () => {
  const load = (names: string) => {
    const text = `server_names: ${names}\nbackends: [{type: http, name: a, config: {base_url: "http://a"}}]`;
    return loadConfig({ schema: configSchema, path: "c.yml", text, env: () => undefined });
  };
  assert.deepEqual((await load("Vault.example.com")).server_names, ["vault.example.com"]);
  const several = '[cache:3142, 192.0.2.1, "[2001:DB8::1]:8080"]';
  assert.deepEqual((await load(several)).server_names, ["cache:3142", "192.0.2.1", "[2001:db8::1]:8080"]);
  await assert.rejects(load("http://vault.example.com/"), /write vault\.example\.com, 192\.0\.2\.1 or/);
});
