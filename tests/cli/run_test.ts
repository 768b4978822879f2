import assert from "node:assert/strict";
import { parse } from "yaml";
import { refusesUpgrades } from "../../src/cli/runtime.ts";
import { version } from "../../src/cli/version.ts";
import { actionsOf } from "../../src/cli/command.ts";
import { loadCommands } from "../../src/cli/commands.ts";
import { runCaptured } from "../support/run_captured.ts";
import { createTempDir } from "../support/temp_dir.ts";

const mistakes: [args: string[], message: RegExp][] = [
  [["--prot", "80"], /^--prot is not an option \(did you mean "--port"\?\)/],
  [["--prot=80"], /^--prot is not an option/],
  [["-x"], /^-x is not an option\n/],
  [["-v"], /^-v is not an option \(did you mean "--version"\?\)\n/],
  [["-p", "80"], /^-p is not an option \(did you mean "--port"\?\)\n/],
  [["serv"], /^"serv" is not a command \(did you mean "serve"\?\); known are serve, check, permissions/],
  [["help"], /^"help" is not a command \(did you mean "--help"\?\)/],
  [["version"], /^"version" is not a command \(did you mean "--version"\?\)/],
  [["chekc"], /^"chekc" is not a command \(did you mean "check"\?\)/],
  [["config.yml"], /^"config.yml" is not a command \(did you mean "--config config.yml"\?\)/],
  [["/etc/vault.conf"], /^"\/etc\/vault.conf" is not a command \(did you mean "--config \/etc\/vault.conf"\?\)/],
  [["check", "config.yml"], /^"config.yml" is one word too many \(did you mean "--config config.yml"\?\)/],
  [["serve", "now"], /^"now" is one word too many; /],
  [["check", "--conf", "c.yml"], /^--conf is not an option \(did you mean "--config"\?\)/],
  [["--port"], /^--port needs a value: --port PORT/],
  [["--config", "--offline"], /^--config needs a value: --config FILE/],
  [["--config="], /^--config needs a value/],
  [["--offline=yes"], /^--offline takes no value/],
];

for (const [args, message] of mistakes) {
  Deno.test(`"${args.join(" ")}" is refused with code 2`, async () => {
    const { code, stdout, stderr } = await runCaptured(args);
    assert.equal(code, 2);
    assert.equal(stdout, "");
    assert.match(stderr, message);
    assert.match(stderr, /See artifact-vault (?:(?:check|serve) )?--help\n$/);
  });
}

for (
  const [line, help] of [
    ["bundle export", "artifact-vault bundle export --help"],
    ["bundle export a.tar --sing k", "artifact-vault bundle export --help"],
    ["bundle exprot", "artifact-vault bundle --help"],
    ["cache ls --days 7", "artifact-vault cache ls --help"],
    ["--days 7", "artifact-vault --help"],
  ] as const
) {
  Deno.test(`what is wrong with "${line}" is said with the command whose help says more`, async () => {
    const { code, stderr } = await runCaptured(line.split(" "));
    assert.equal(code, 2);
    assert.equal(stderr.trimEnd().split("\n").at(-1), `See ${help}`);
  });
}

Deno.test("only commands that serve, or speak of serving, list the options of a server", async () => {
  const ofServers = ["--log-level LEVEL", "--log-file FILE"];
  for (const { words, action } of actionsOf(await loadCommands())) {
    const { stdout } = await runCaptured([...words, "--help"]);
    const listed = ofServers.filter((option) => stdout.includes(option));
    assert.deepEqual(listed, ["serve", "check", "permissions"].includes(action.name) ? ofServers : [], words.join(" "));
  }
  assert.doesNotMatch((await runCaptured(["completion", "--help"])).stdout, /--config|--cache-dir/);
  // All commands of bundle take a configuration, so that scripts may give them the same one.
  const { stdout } = await runCaptured(["bundle", "key", "--help"]);
  assert.match(stdout, /--config/);
  assert.doesNotMatch(stdout, /--cache-dir/);
});

Deno.test("--version prints the version of deno.json", async () => {
  assert.deepEqual(await runCaptured(["--version"]), { code: 0, stdout: `artifact-vault ${version}\n`, stderr: "" });
  assert.match(version, /^\d+\.\d+\.\d+$/);
});

Deno.test("--help names every command, with examples and exit codes", async () => {
  const { code, stdout } = await runCaptured(["--help"]);
  assert.equal(code, 0);
  for (const part of ["  serve ", "  check ", "  permissions ", "Examples:", "Exit codes: 0"]) {
    assert.ok(stdout.includes(part), part);
  }
});

Deno.test("the help of a command names its options", async () => {
  for (const args of [["serve", "--help"], ["-h", "serve"]]) {
    const { code, stdout } = await runCaptured(args);
    assert.equal(code, 0);
    const options = ["--config FILE", "--host HOST", "--port PORT", "--cache-dir DIR", "--log-level LEVEL"];
    for (const option of [...options, "--log-file FILE", "--offline"]) assert.ok(stdout.includes(option), option);
  }
});

Deno.test("every example in the help is a command line that is understood", async () => {
  const { stdout } = await runCaptured(["--help"]);
  const examples = [...stdout.matchAll(/^ {2}artifact-vault ?(.*)$/gm)].map(([, args = ""]) => args);
  assert.ok(examples.length >= 5);
  for (const example of examples) {
    const { code, stderr } = await runCaptured([...example.split(" ").filter((word) => word !== ""), "--help"]);
    assert.equal(code, 0, `${example}: ${stderr}`);
  }
});

/** What `check` says of the runtime that the tests run on. */
const ofRuntime = `${refusesUpgrades()}\n`;

Deno.test("check prints the configuration as YAML, with options applied and secrets hidden", async () => {
  await using dir = await createTempDir();
  const path = dir.join("config.yml");
  await Deno.writeTextFile(
    path,
    "backends: [{type: http, name: a, config: {base_url: https://example.org, username: u, password: '${PASSWORD}'}}]",
  );
  const { code, stdout, stderr } = await runCaptured(["check", "-c", path, "--port=81", "--log-level", "debug"], {
    env: { PASSWORD: "hunter2" },
  });
  assert.deepEqual([code, stderr], [0, ofRuntime]);
  assert.doesNotMatch(stdout, /hunter2/);
  const shown = parse(stdout);
  assert.equal(shown.http_port, 81);
  assert.equal(shown.log_level, "DEBUG");
  assert.equal(shown.shutdown_timeout, "30s");
  assert.equal(shown.backends[0].config.password, "***");
});

Deno.test("check says what is allowed but hardly meant", async () => {
  await using dir = await createTempDir();
  const path = dir.join("config.yml");
  const config = "{registry_url: http://registry.example, username: u, password: p}";
  await Deno.writeTextFile(path, `backends: [{type: oci, name: a, config: ${config}}]`);
  const { code, stdout, stderr } = await runCaptured(["check", "-c", path]);
  assert.equal(code, 0);
  assert.equal(parse(stdout).backends[0].config.repositories[0].registry_url, "http://registry.example");
  assert.match(
    stderr.slice(0, -ofRuntime.length),
    /^Backend "a" sends .* http:\/\/registry\.example unencrypted; .*\n$/,
  );
  assert.ok(stderr.endsWith(ofRuntime));
});

Deno.test("check opens certificates, keys and authorities as the start does", async () => {
  await using dir = await createTempDir();
  const path = dir.join("config.yml");
  for (const key of ["tls: {cert: /missing.pem, key: /missing.pem}", "ca: /missing.pem"]) {
    await Deno.writeTextFile(path, `${key}\nbackends: [{type: pypi, config: {}}]`);
    const { code, stderr } = await runCaptured(["check", "-c", path]);
    assert.equal(code, 1);
    assert.match(stderr, /Cannot use "\/missing\.pem" as (tls\.cert|ca): there is no such file\n$/);
  }
});

Deno.test("check reads the lists that are kept warm", async () => {
  await using dir = await createTempDir();
  const path = dir.join("config.yml");
  await Deno.writeTextFile(dir.join("list"), "pypi:requests==2.32.0\n");
  await Deno.writeTextFile(dir.join("picture"), "\x89PNG");
  const checked = async (lists: string) => {
    await Deno.writeTextFile(path, `warm: {lists: ${lists}}\nbackends: [{type: pypi, config: {}}]`);
    return await runCaptured(["check", "-c", path]);
  };
  assert.equal((await checked(`["${dir.join("list")}", "pypi:six"]`)).code, 0);
  const { code, stderr } = await checked(`["${dir.join("missing")}", "${dir.join("picture")}", "foo:x"]`);
  assert.equal(code, 2);
  assert.match(
    stderr,
    /warm\.lists: .*missing.*\nwarm\.lists: .*picture.*\nwarm\.lists: "foo:x" is no line of a list/s,
  );
});

Deno.test("check names what in the cache nobody serves", async () => {
  await using dir = await createTempDir();
  for (const name of ["pypi", "former", "old"]) {
    await Deno.mkdir(dir.join("cache", "entries", name), { recursive: true });
  }
  const path = dir.join("config.yml");
  await Deno.writeTextFile(path, `cache_dir: ${dir.join("cache")}\nbackends: [{type: pypi, config: {}}]`);
  const { code, stderr } = await runCaptured(["check", "-c", path]);
  assert.equal(code, 0);
  assert.match(stderr, /^The cache directory ".*\/cache" holds files of "former", "old", which no backend .* serves: /);
});

Deno.test("check prints every problem and ends with code 2", async () => {
  await using dir = await createTempDir();
  const path = dir.join("config.yml");
  await Deno.writeTextFile(path, "log_level: loud\nbackends: []\n");
  const { code, stdout, stderr } = await runCaptured(["check", `--config=${path}`, "--port=abc"]);
  assert.equal(code, 2);
  assert.equal(stdout, "");
  assert.deepEqual(stderr.split("\n").map((line) => line.replace(`${path}:`, "")), [
    '--port: "abc" is not a whole number from 0 to 65535; write it in digits',
    '1:1: log_level: "loud" is not a known word; write DEBUG, INFO, WARNING, ERROR, CRITICAL',
    "2:1: backends: the list is empty; write at least one entry",
    "",
  ]);
});

Deno.test("a configuration that is not there ends with code 2", async () => {
  const { code, stderr } = await runCaptured(["--config", "/nonexistent/config.yml"]);
  assert.equal(code, 2);
  assert.equal(
    stderr,
    'Cannot read the configuration "/nonexistent/config.yml": there is no such file; correct the path after --config\n',
  );
});

/** The flags that `permissions` prints for a file, without the folder of the sources. */
async function permissionsOf(text: string, ...args: string[]) {
  await using dir = await createTempDir("vault,test ");
  const path = dir.join("config.yml");
  await Deno.writeTextFile(path, text);
  const { code, stdout, stderr } = await runCaptured(["permissions", "--config", path, ...args], {
    env: { TOKEN: "x" },
  });
  assert.equal(code, 0, stderr);
  const quotedPath = path.replaceAll(",", ",,");
  return { stdout: stdout.replace(quotedPath, "config.yml").replace(/(?<=config\.yml,)[^,]*\/src\b/, "src"), stderr };
}

Deno.test("permissions prints what a configuration needs and nothing else", async () => {
  const { stdout, stderr } = await permissionsOf(`
http_port: 8081
cache_dir: /var/cache/vault
log_file: /var/log/vault.log
tls: {cert: server.crt, key: server.key}
proxy: http://u:p@proxy.example
backends:
  - {type: http, name: a, config: {base_url: [https://a.example/x, "http://b.example:81"], token: "\${TOKEN}"}}
  - {type: http, name: b, config: {base_url: "https://b.example", ca: b.pem, proxy: "http://other.example:3128"}}
  - {type: http, name: c, config: {base_url: "http://a.example", user_agent: "\${AGENT:-x}", offline: true}}
`);
  assert.equal(
    stdout,
    "--no-prompt " +
      "--allow-net=127.0.0.1:8081,a.example:443,b.example:81,proxy.example:80,b.example:443,other.example:3128 " +
      "--allow-env=TOKEN,AGENT " +
      "'--allow-read=config.yml,src,/var/cache/vault,server.crt,server.key,b.pem' " +
      "--allow-write=/var/cache/vault,/var/log/vault.log --allow-sys=statfs\n",
  );
  assert.match(stderr, /redirect/);
});

Deno.test("permissions knows registries, their token servers and their authorities", async () => {
  const registries = "[{registry_url: a.example, ca: a.pem}, {registry_url: b.example, auth_url: https://c.example/t}]";
  const { stdout } = await permissionsOf(`backends: [{type: oci, name: a, config: {repositories: ${registries}}}]`);
  assert.match(stdout, /--allow-net=127\.0\.0\.1:8080,a\.example:443,b\.example:443,c\.example:443 /);
  assert.match(stdout, /,a\.pem' /);
});

Deno.test("permissions knows the files of secrets, unless offline", async () => {
  const text = `backends:
  - {type: http, name: a, config: {base_url: https://a.example, token_file: a.token}}
  - {type: pypi, name: b, config: {indexes: [{index_url: https://b.example, username: u, password_file: b.secret}]}}
  - {type: apt, name: c, config: {mirror_url: https://c.example, token_file: c.token, offline: true}}
`;
  assert.match((await permissionsOf(text)).stdout, /,a\.token,b\.secret' /);
  assert.doesNotMatch((await permissionsOf(text, "--offline")).stdout, /token|secret/);
});

Deno.test("permissions knows the certificates for upstreams, unless offline", async () => {
  const text = `backends:
  - {type: http, name: a, config: {base_url: https://a.example, client_certificate: {cert: a.crt, key: a.key}}}
  - {type: oci, name: b, config: {repositories: [{registry_url: b, client_certificate: {cert: b.crt, key: b.key}}]}}
`;
  assert.match((await permissionsOf(text)).stdout, /,a\.crt,a\.key,b\.crt,b\.key' /);
  assert.doesNotMatch((await permissionsOf(text, "--offline")).stdout, /\.crt/);
});

Deno.test("check opens the certificates for upstreams, which have a key each", async () => {
  await using dir = await createTempDir();
  const check = async (certificate: string) => {
    const keys = `base_url: https://a.example, client_certificate: ${certificate}`;
    await Deno.writeTextFile(dir.join("c.yml"), `backends: [{type: http, name: a, config: {${keys}}}]`);
    return await runCaptured(["check", "--config", dir.join("c.yml")]);
  };
  const missing = await check("{cert: /nonexistent/a.crt, key: /nonexistent/a.key}");
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /Cannot use "\/nonexistent\/a\.crt" as client_certificate\.cert: there is no such file/);
  assert.match((await check("{cert: a.crt}")).stderr, /client_certificate\.key: text is missing/);
});

Deno.test("check opens the files of secrets, and shows where they are", async () => {
  await using dir = await createTempDir();
  const config = (secret: string) =>
    `backends: [{type: http, name: a, config: {base_url: https://a.example, token_file: ${dir.join(secret)}}}]`;
  await Deno.writeTextFile(dir.join("token"), "hunter2\n");
  for (const name of ["token", "none"]) await Deno.writeTextFile(dir.join(`${name}.yml`), config(name));
  const { code, stdout } = await runCaptured(["check", "--config", dir.join("token.yml")]);
  assert.equal(code, 0);
  assert.match(stdout, /token_file: .*\/token$/m);
  assert.doesNotMatch(stdout, /hunter2/);
  const missing = await runCaptured(["check", "--config", dir.join("none.yml")]);
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /Cannot read a secret from ".*\/none": there is no such file/);
});

Deno.test("permissions opens the network to everybody where clients choose registries, unless offline", async () => {
  const text = "backends: [{type: dockerhub, name: a, config: {registries: any}}]";
  assert.match((await permissionsOf(text)).stdout, /--allow-net /);
  assert.match((await permissionsOf(text, "--offline")).stdout, /--allow-net=127\.0\.0\.1:8080 /);
});

Deno.test("permissions names the registries that clients may choose, as far as Deno knows stars", async () => {
  const registries = "[quay.io, '*.gcr.io', '*.dkr.ecr.*.amazonaws.com', 'reg.example:5000']";
  const { stdout } = await permissionsOf(`backends: [{type: oci, name: a, config: {registries: ${registries}}}]`);
  const expected = "quay.io:443,*.gcr.io:443,*.amazonaws.com:443,reg.example:5000";
  assert.ok(stdout.includes(`--allow-net=127.0.0.1:8080,${expected}`), stdout);
});

Deno.test("offline, permissions opens the network to nobody but clients", async () => {
  const text = "http_host: '::1'\nbackends: [{type: http, name: a, config: {base_url: https://a.example}}]";
  const { stdout, stderr } = await permissionsOf(text, "--offline", "--port", "0");
  assert.match(stdout, /--allow-net=\[::1\]:0 '--allow-read/);
  assert.doesNotMatch(stdout, /allow-env/);
  assert.equal(stderr, "");
});
