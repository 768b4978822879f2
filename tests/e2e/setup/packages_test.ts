import assert from "node:assert/strict";
import { join } from "node:path";
import { installClients, type NpmClientName, npmClients, NpmProject } from "../../support/npm/npm_client.ts";
import { createNpmPackage } from "../../support/npm/npm_package.ts";
import { NpmRegistry } from "../../support/npm/npm_registry.ts";
import { PypiIndex } from "../../support/pypi/pypi_index.ts";
import { createWheel, sha256Hex } from "../../support/pypi/python_package.ts";
import { missingPrograms } from "../../support/programs.ts";
import { RecordingServer } from "../../support/recording_server.ts";
import { FileShelf } from "../../support/file_shelf.ts";
import { Hub } from "../../support/hub/hub.ts";
import { findHubPython } from "../../support/hub/hub_python.ts";
import { runToSuccess } from "../../support/run_command.ts";
import { checkSetup, type Place, type SetupCase } from "../../support/setup/set_up.ts";
import { createTempDir } from "../../support/temp_dir.ts";
import { isOwnMachine, isThoroughFromSource } from "../../support/thorough.ts";
import { VaultProcess } from "../../support/vault_process.ts";
import { zipOf } from "../../support/zip.ts";

const encoder = new TextEncoder();

/** Real clients without a container: one vault for all of them, with an upstream of each kind. */
Deno.test({
  name: "real clients of packages use the vault by the settings of setup, and get theirs back",
  ignore: !isThoroughFromSource,
}, async (t) => {
  await using stack = new AsyncDisposableStack();
  const dir = stack.use(await createTempDir("vault-setup-"));
  const registry = stack.use(new NpmRegistry());
  registry.publish(createNpmPackage("alpha", "1.1.0"));
  const index = stack.use(new PypiIndex());
  index.add(createWheel("my-app", "1.0"));
  const hub = stack.use(new Hub());
  hub.addRepo("acme/m").commit({ "config.json": { storage: "git", content: "{}" } });
  const files = stack.use(new RecordingServer((request) => shelf.serve(request)));
  const config = {
    ...{ cache_dir: dir.join("cache"), cache_min_free: 0, shutdown_timeout: "1s" },
    backends: [
      { type: "npm", name: "npm", config: { registry_url: registry.url, retries: 0 } },
      { type: "pypi", name: "pypi", config: { index_url: index.indexUrl, retries: 0 } },
      { type: "huggingface", name: "huggingface", config: { base_url: hub.url, retries: 0 } },
      ...["maven", "go", "crates", "conda"].map((name) => ({
        ...{ type: "http", name, config: { base_url: `${files.url}/${name}`, retries: 0 } },
      })),
    ],
  };
  await Deno.writeTextFile(dir.join("config.yml"), JSON.stringify(config));
  const vault = stack.use(await VaultProcess.start({ args: ["--config", dir.join("config.yml")] }));
  for (const one of await cases()) {
    await t.step(`${one.client}${one.args === undefined ? "" : ` ${one.args.join(" ")}`}`, async () => {
      await checkSetup(one, vault.url(""));
    });
  }
});

async function cases(): Promise<SetupCase[]> {
  const has = (...programs: string[]) => missingPrograms(...programs).length === 0;
  const wanted = isOwnMachine ? npmClients : npmClients.filter((name) => !/^npm 1[01]$/.test(name));
  const installed = await installClients(wanted);
  return [
    ...installed.map(npmCase),
    {
      ...{ client: "pip", file: ".config/pip/pip.conf", before: "# mine\r\n[global]\r\n    timeout = 5\r\n" },
      use: installByPip,
    },
    { ...{ client: "uv", file: ".config/uv/uv.toml", before: 'link-mode = "copy" # mine' } },
    {
      ...{ client: "poetry-1", file: "project/pyproject.toml", before: poetryProject },
      ...has("poetry") && { use: installByPoetry },
    },
    {
      ...{ client: "pdm", file: ".config/pdm/config.toml", before: "# mine\ncheck_update = false\n" },
      ...has("pdm") && { use: installByPdm },
    },
    { client: "conda", file: ".condarc", before: "# mine\nchannels:\n  - conda-forge\n" },
    { client: "huggingface", file: ".profile", before: "# mine\nexport A=1", use: downloadModel },
    {
      ...{ client: "maven", file: ".m2/settings.xml", before: mavenSettings, isCommandsOnly: true },
      ...has("mvn") && { use: validateByMaven },
    },
    { client: "maven", file: ".m2/settings.xml", before: null, args: ["--user"] },
    {
      ...{ client: "gradle", file: ".gradle/init.d/artifact-vault.gradle", before: null },
      ...has("gradle") && { use: buildByGradle },
    },
    {
      ...{ client: "go", file: ".config/go/env", before: "GOFLAGS=-mod=mod\n" },
      ...has("go") && { use: downloadByGo },
    },
    {
      ...{ client: "cargo", file: ".cargo/config.toml", before: "# mine\n[net]\nretry = 0\n" },
      ...has("cargo") && { use: lockByCargo },
    },
  ];
}

const npmFiles: Readonly<Record<string, Pick<SetupCase, "client" | "file" | "before">>> = {
  npm: { client: "npm", file: ".npmrc", before: "; mine\nfund=false\n@acme:registry=http://127.0.0.1:9/" },
  pnpm: { client: "pnpm", file: ".npmrc", before: "# mine\nregistry=http://127.0.0.1:9/\n" },
  "yarn 1": { client: "yarn", file: ".yarnrc", before: '# mine\r\nlastUpdateCheck 1\r\n"--install.a" true\r\n' },
  "yarn 4": { client: "yarn-berry", file: ".yarnrc.yml", before: "# mine\nenableTelemetry: false\n" },
  bun: { client: "bun", file: ".bunfig.toml", before: "# mine\nsmol = true\n\n[install]\nexact = true # why\n" },
  deno: { client: "deno", file: ".npmrc", before: null },
};

function npmCase(name: NpmClientName): SetupCase {
  const files = npmFiles[name] ?? npmFiles[name.split(" ")[0]!]!;
  return {
    ...files,
    async use({ home, vault }) {
      await using project = await NpmProject.create(name, `${vault}/npm/`, {
        ...{ dependencies: { alpha: "^1.0.0" }, home },
      });
      await project.install();
      assert.equal(await project.versionOf("alpha"), "1.1.0");
    },
  };
}

async function installByPip({ home }: Place): Promise<void> {
  const target = join(home, "installed");
  const options = ["--no-cache-dir", "--retries", "0", "--disable-pip-version-check", "--no-compile"];
  await runToSuccess(["python3", "-m", "pip", "install", ...options, "--target", target, "my-app"], {
    env: { HOME: home },
  });
  assert.ok([...Deno.readDirSync(target)].some(({ name }) => name.startsWith("my_app-1.0")));
}

const poetryProject = `[tool.poetry]
name = "consumer"
version = "1.0"
description = ""
authors = []

[tool.poetry.dependencies] # mine
python = ">=3.8"
my-app = "^1.0"
`;

async function installByPoetry({ home }: Place): Promise<void> {
  const cwd = join(home, "project");
  const env = { HOME: home, PIP_CONFIG_FILE: "/dev/null", PYTHON_KEYRING_BACKEND: "keyring.backends.null.Keyring" };
  await runToSuccess(["poetry", "lock", "--no-interaction", "--no-ansi", "--directory", cwd], { env });
  assert.match(await Deno.readTextFile(join(cwd, "poetry.lock")), /name = "my-app"\nversion = "1\.0"/);
}

async function installByPdm({ home }: Place): Promise<void> {
  const project = '[project]\nname = "a"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = ["my-app"]\n';
  await Deno.writeTextFile(join(home, "project/pyproject.toml"), project);
  await runToSuccess(["pdm", "lock", "--project", join(home, "project")], { env: { HOME: home } });
  assert.match(await Deno.readTextFile(join(home, "project/pdm.lock")), /name = "my-app"\nversion = "1\.0"/);
}

async function downloadModel({ home }: Place): Promise<void> {
  const python = await findHubPython("huggingface_hub==1.33.0");
  if (python === null) return;
  const program =
    "from huggingface_hub import hf_hub_download; print(open(hf_hub_download('acme/m', 'config.json')).read())";
  assert.equal(await python.runAfterLogin(program, home), "{}");
}

const mavenSettings = `<?xml version="1.0"?>\r
<settings>\r
  <!-- mine -->\r
  <interactiveMode>false</interactiveMode>\r
</settings>\r
`;

const shelf = new FileShelf();
const parent = "<project><modelVersion>4.0.0</modelVersion><groupId>com.acme</groupId><artifactId>parent</artifactId>" +
  "<version>1</version><packaging>pom</packaging></project>";
shelf.put("/maven/com/acme/parent/1/parent-1.pom", encoder.encode(parent));

async function validateByMaven({ home }: Place): Promise<void> {
  const child = "<project><modelVersion>4.0.0</modelVersion><parent><groupId>com.acme</groupId>" +
    "<artifactId>parent</artifactId><version>1</version></parent><artifactId>a</artifactId>" +
    "<packaging>pom</packaging></project>";
  await Deno.writeTextFile(join(home, "project/pom.xml"), child);
  const options = ["--batch-mode", "--quiet", `-Duser.home=${home}`, "--file", join(home, "project")];
  await runToSuccess(["mvn", ...options, "validate"], { env: { HOME: home } });
}

const lib = parent.replaceAll("parent", "lib").replace("<packaging>pom</packaging>", "");
shelf.put("/maven/com/acme/lib/1/lib-1.pom", encoder.encode(lib));
shelf.put("/maven/com/acme/lib/1/lib-1.jar", zipOf({ "META-INF/MANIFEST.MF": "Manifest-Version: 1.0\n" }));

async function buildByGradle({ home }: Place): Promise<void> {
  const build =
    "repositories { mavenCentral() }\nconfigurations { wanted }\ndependencies { wanted 'com.acme:lib:1' }\n" +
    "task list { doLast { println configurations.wanted.files.collect { it.name } } }\n";
  await Deno.writeTextFile(join(home, "project/build.gradle"), build);
  await Deno.writeTextFile(join(home, "project/settings.gradle"), "rootProject.name = 'a'\n");
  const options = ["--no-daemon", "--quiet", "--gradle-user-home", join(home, ".gradle"), "-p", join(home, "project")];
  assert.match(await runToSuccess(["gradle", ...options, "list"], { env: { HOME: home } }), /\[lib-1\.jar\]/);
}

shelf.put("/go/example.test/m/@v/list", encoder.encode("v1.0.0\n"));
shelf.put("/go/example.test/m/@v/v1.0.0.info", encoder.encode('{"Version":"v1.0.0","Time":"2024-01-01T00:00:00Z"}'));
shelf.put("/go/example.test/m/@v/v1.0.0.mod", encoder.encode("module example.test/m\n"));
shelf.put("/go/example.test/m/@v/v1.0.0.zip", zipOf({ "example.test/m@v1.0.0/go.mod": "module example.test/m\n" }));

async function downloadByGo({ home }: Place): Promise<void> {
  const env = { HOME: home, GONOSUMDB: "*", GOFLAGS: "-mod=mod -modcacherw" };
  await runToSuccess(["go", "mod", "download", "example.test/m@v1.0.0"], { env });
  await Deno.stat(join(home, "go/pkg/mod/example.test/m@v1.0.0/go.mod"));
}

const crate = encoder.encode("no crate is fetched");
const line = { name: "tiny", vers: "1.0.0", deps: [], cksum: sha256Hex(crate), features: {}, yanked: false };
shelf.put("/crates/config.json", encoder.encode('{"dl":"http://127.0.0.1:9","api":"http://127.0.0.1:9"}'));
shelf.put("/crates/ti/ny/tiny", encoder.encode(`${JSON.stringify(line)}\n`));

async function lockByCargo({ home }: Place): Promise<void> {
  const project = join(home, "project");
  const manifest = '[package]\nname = "a"\nversion = "1.0.0"\nedition = "2021"\n\n[dependencies]\ntiny = "1"\n';
  await Deno.mkdir(join(project, "src"));
  await Deno.writeTextFile(join(project, "src/lib.rs"), "");
  await Deno.writeTextFile(join(project, "Cargo.toml"), manifest);
  // The cargo of this machine may be rustup's, which looks for its toolchains in the home.
  const env = { HOME: home, RUSTUP_HOME: Deno.env.get("RUSTUP_HOME") ?? `${Deno.env.get("HOME")}/.rustup` };
  await runToSuccess(["cargo", "generate-lockfile", "--manifest-path", join(project, "Cargo.toml")], { env });
  assert.match(await Deno.readTextFile(join(project, "Cargo.lock")), /name = "tiny"\nversion = "1\.0\.0"/);
}
