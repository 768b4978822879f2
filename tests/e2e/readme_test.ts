import assert from "node:assert/strict";
import { basename, dirname } from "node:path";
import { makeEntries } from "../bench/many_entries.ts";
import { curl, download, runShell } from "../support/clients.ts";
import { startDockerd } from "../support/oci/dockerd.ts";
import { canIsolate, createNetns } from "../support/netns.ts";
import { createOciScene } from "../support/oci/scene.ts";
import { HubProcessScene } from "../support/hub/hub_process.ts";
import { findHubPython } from "../support/hub/hub_python.ts";
import { installClients, NpmProject } from "../support/npm/npm_client.ts";
import { createNpmPackage } from "../support/npm/npm_package.ts";
import { createNpmScene } from "../support/npm/npm_scene.ts";
import { createPip, findPipPythons } from "../support/pypi/pip_client.ts";
import { missingPrograms } from "../support/programs.ts";
import { createWheel } from "../support/pypi/python_package.ts";
import { createPythonScene } from "../support/pypi/python_scene.ts";
import { mib } from "../support/random_file.ts";
import { createScene } from "../support/scene.ts";
import { ServerProcess } from "../support/server_process.ts";
import { createTempDir } from "../support/temp_dir.ts";
import { walk } from "../support/walk.ts";
import { projectRoot, runVault, vaultExecutable } from "../support/vault_process.ts";

const ignore = missingPrograms("nginx", "curl", "make", "wrk").length > 0;
const canPull = missingPrograms("docker-registry", "busybox").length === 0 &&
  await canIsolate("dockerd", "docker", "containerd");
const hasPip = (await findPipPythons()).length > 0;
const readme = Deno.readTextFileSync(`${projectRoot}/README.md`);
const commands = [...readme.matchAll(/^```sh\n([\s\S]*?)^```/gm)].flatMap(([, block = ""]) => block.trim().split("\n"));

/** How each kind of command is tried; the first that matches. */
const trials: readonly [pattern: RegExp, trial: (command: string) => Promise<void>][] = [
  [/^make run$/, tryMakeRun],
  [/^make bench$/, tryBench],
  [/^make (test|components|faults|ok|e2e|compile)$/, tryInCi],
  [/^dist\/artifact-vault bundle /, tryBundle],
  [/^dist\/artifact-vault /, tryVault],
  [/^chmod \+x artifact-vault$|^\.\/artifact-vault$/, tryInFirstPull],
  [/^curl /, tryCurl],
  [/^docker pull /, tryDockerPull],
  [/^pip install /, tryPipInstall],
  [/^npm install /, tryNpmInstall],
  [/^HF_ENDPOINT=\S+ hf download /, tryHubDownload],
];

/** Where the files of bundles lie, from one command to the next. */
const carried = `${Deno.env.get("TMPDIR") ?? "/tmp"}/vault-readme-${crypto.randomUUID()}`;

// Once is enough: what is compiled makes no difference to the commands.
if (vaultExecutable === null) {
  Deno.test({ name: "every command of the README works", ignore }, async (t) => {
    assert.ok(commands.length > 5, "the README has commands");
    await using _carried = { [Symbol.asyncDispose]: () => Deno.remove(carried, { recursive: true }) };
    makeEntries(`${carried}/cache`, 9);
    for (const command of commands) {
      const ignore = command.startsWith("docker ") && !canPull || command.startsWith("pip ") && !hasPip;
      const fn = async () => {
        const trial = trials.find(([pattern]) => pattern.test(command))?.[1];
        assert.ok(trial, "nothing here tries this command");
        await trial(command);
      };
      await t.step({ name: command, ignore, fn });
    }
  });
}

Deno.test("every file the README links to is there", () => {
  const links = [...readme.matchAll(/\]\(([^):#]+)\)/g)].map(([, path]) => path ?? "");
  assert.deepEqual(links.filter((path) => !exists(`${projectRoot}/${path}`)), []);
});

async function tryBundle(command: string): Promise<void> {
  const isFile = /^(?:friday|vault)(?:\.|$)/;
  const words = command.split(" ").slice(1).map((word) => isFile.test(word) ? `${carried}/${word}` : word);
  const hasCache = !words.includes("key");
  const { code, stderr } = await runVault([...words, ...hasCache ? ["--cache-dir", `${carried}/cache`] : []]);
  assert.equal(code, 0, stderr);
}

/** With a stand-in for the registry, by a npm that is known to work. */
async function tryNpmInstall(command: string): Promise<void> {
  const [, address, path = "", name = ""] =
    /^npm install --registry (https?:\/\/[^/]+)(\/\S*\/) (\S+)$/.exec(command) ?? [];
  assert.deepEqual([address, path], ["http://127.0.0.1:8080", "/npm/"]);
  if ((await installClients(["npm 12"])).length === 0) return;
  await using scene = await createNpmScene();
  scene.registry.publish(createNpmPackage(name, "1.0.0"));
  await using vault = await scene.startVault();
  await using project = await NpmProject.create("npm 12", "http://127.0.0.1:9/", { dependencies: {} });
  await project.succeed("install", "--registry", vault.url("/"), name);
  assert.equal(await project.versionOf(name), "1.0.0");
}

/** With a stand-in for the Hub; nothing is tried where pip cannot install its client. */
async function tryHubDownload(command: string): Promise<void> {
  const [, address = "", path = "", args = ""] = /^HF_ENDPOINT=(https?:\/\/[^/]+)(\S*) hf (.*)$/.exec(command) ?? [];
  assert.equal(address, "http://127.0.0.1:8080");
  const python = await findHubPython("huggingface_hub==1.33.0");
  if (python === null) return;
  await using scene = await HubProcessScene.create();
  const [, repo = "", file = ""] = args.split(" ");
  scene.hub.addRepo(repo).commit({ [file]: { storage: "git", content: "{}" } });
  await using vault = await scene.start();
  const script = `
import os, subprocess, sys
hf = os.path.join(os.path.dirname(sys.executable), "hf")
sys.exit(subprocess.run([hf, *${JSON.stringify(args.split(" "))}]).returncode)
`;
  const { home } = await python.run(script, { dir: scene.dir, endpoint: vault.vault.url(path) });
  assert.ok(walk(home).some((path) => path.endsWith(`/${file}`)));
}

/** As the head of a process group, so that what make starts can be ended with it. */
async function tryMakeRun(command: string): Promise<void> {
  await using dir = await createTempDir();
  const env = { PORT: "0", ARGS: `--cache-dir ${dir.join("new")}` };
  const make = new ServerProcess(["setsid", ...command.split(" ")], { cwd: projectRoot, env });
  try {
    const [, url] = await make.waitForLine(/listening on (http:\S+)/);
    assert.equal((await curl(`${url}/healthz`)).status, 200);
    assert.ok((await Deno.stat(dir.join("new"))).isDirectory);
  } finally {
    await new Deno.Command("kill", { args: ["-TERM", "--", `-${make.pid}`] }).output();
    await make.status;
  }
}

/** These are stages of what runs on every change, or prerequisites of one. */
function tryInCi(command: string): Promise<void> {
  const stages = Deno.readTextFileSync(`${projectRoot}/.ci/run`);
  const target = command.replace("make ", "");
  const called = stages.includes(command) || new RegExp(`^ok:.*\\b${target}\\b`, "m").test(makefile());
  assert.ok(called, `${command} is no part of .ci/run`);
  return Promise.resolve();
}

/** These are run there as they are, one after the other. */
async function tryInFirstPull(): Promise<void> {
  assert.ok((await Deno.stat(`${projectRoot}/tests/e2e/first_pull_test.ts`)).isFile);
}

async function tryBench(command: string): Promise<void> {
  await using dir = await createTempDir();
  const env = { QUICK: "1", BENCH_ONLY: "hit-1k", BENCH_RESULT: dir.join("bench.json") };
  const { code, output } = await runShell(command, { cwd: projectRoot, env });
  assert.equal(code, 0, output);
  assert.match(output, /hit-1k +requests\/s/);
}

async function tryVault(command: string): Promise<void> {
  const { code, stdout, stderr } = await runVault(command.split(" ").slice(1));
  assert.equal(code, 0, stderr);
  assert.notEqual(stdout, "");
}

/** Against a vault that has the file from a stand-in for the real upstream. */
async function tryCurl(command: string): Promise<void> {
  await using scene = await createScene();
  const path = new URL(command.split(" ").at(-1) ?? "").pathname;
  await Deno.mkdir(`${scene.dir.join("upstream")}${dirname(path)}`, { recursive: true });
  const file = await scene.addFile(path.slice(1), mib);
  await scene.configure({ prefix: "/gnu", upstream: `${scene.nginx.url}/gnu` });
  await using vault = await scene.startVault();
  assert.ok((await download(vault.url(path), file)).right);
  await vault.waitForLine(/Transfer complete/);
  const { code, output } = await runShell(command.replace("http://127.0.0.1:8080", vault.url("")), {
    cwd: scene.dir.path,
  });
  assert.equal(code, 0, output);
  if (/ -f?O /.test(command)) assert.equal((await Deno.stat(scene.dir.join(basename(path)))).size, file.sizeBytes);
  else assert.match(output, /cache-status:.*hit/i);
}

/** From a vault that has the image from a stand-in for its registry. */
async function tryDockerPull(command: string): Promise<void> {
  const [, path = ""] = command.split("127.0.0.1:8080/");
  const [, registry = "docker.io", name = ""] = /^(?:([^/]+\.[^/]+)\/)?(.+)$/.exec(path) ?? [];
  await using scene = await createOciScene();
  await scene.publish({ message: "README" }, `${name}:latest`);
  await using netns = await createNetns();
  await using vault = await scene.startVault([scene.hub({ names: registry })]);
  await netns.expose(vault.url(""));
  await using dockerd = await startDockerd({ netns });
  const { code, stderr } = await dockerd.pull(`${new URL(vault.url("")).host}/${path}`);
  assert.equal(code, 0, stderr);
  await vault.waitForLine(/cache miss hub .*\/manifests\/latest 200/);
}

/** From a vault that has a stand-in for PyPI, into a folder of its own. */
async function tryPipInstall(command: string): Promise<void> {
  const [, url = "", project = ""] = /--index-url (\S+) (\S+)$/.exec(command) ?? [];
  await using scene = await createPythonScene();
  scene.index.add(createWheel(project, "3.0"));
  await using vault = await scene.startVault();
  await using pip = await createPip({ indexUrl: url.replace("http://127.0.0.1:8080", vault.process.url("")) });
  assert.deepEqual((await pip.install(project)).versions, { [project]: "3.0" });
}

function makefile(): string {
  return Deno.readTextFileSync(`${projectRoot}/Makefile`);
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path) !== null;
  } catch {
    return false;
  }
}
