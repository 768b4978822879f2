import assert from "node:assert/strict";
import { dirname } from "node:path";
import { carryOut, planChange, planUndo } from "../../../src/setup/change.ts";
import type { ClientSetup, FileChange } from "../../../src/setup/client_setup.ts";
import { podman } from "../../../src/setup/clients/containers.ts";
import { bun, npm, yarn } from "../../../src/setup/clients/javascript.ts";
import { cargo, gradle } from "../../../src/setup/clients/others.ts";
import { pip } from "../../../src/setup/clients/python.ts";
import type { Edit } from "../../../src/setup/edit/edit.ts";
import { keptFolder } from "../../../src/setup/kept_change.ts";
import { composeScript } from "../../../src/setup/script/compose.ts";
import { missingPrograms } from "../../support/programs.ts";
import { runCaptured } from "../../support/run_captured.ts";
import { runToSuccess } from "../../support/run_command.ts";
import { createTempDir } from "../../support/temp_dir.ts";
import { testInTurn } from "../../support/thorough.ts";
import { walk } from "../../support/walk.ts";
import { cases, refused } from "../../setup/edit_cases.ts";

const vault = { url: "http://v", host: "v", isPlain: true, prefix: "/p" };
const shells: readonly (readonly string[])[] = [["sh"], ["busybox", "sh"]];

/** A client that has these files in its user's home. */
function clientOf(...edits: readonly Edit[]): ClientSetup {
  const files: FileChange[] = edits.map((edit, at) => ({ path: `~/${at}/settings`, edit }));
  return { ...pip, name: "any", scopes: ["user"], files: () => files };
}

interface ScriptOptions {
  readonly shell?: readonly string[];
  readonly args?: readonly string[];
  /** Where its programs are; those of the machine where absent. */
  readonly path?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A home, and what runs a script in it. */
async function openHome() {
  const dir = await createTempDir();
  return {
    ...dir,
    state: dir.join(".local/state/artifact-vault-setup"),
    async write(name: string, text: string) {
      await Deno.mkdir(dirname(dir.join(name)), { recursive: true });
      await Deno.writeTextFile(dir.join(name), text);
    },
    read: (name: string) => Deno.readTextFile(dir.join(name)),
    /** Everything that is there, with what is in it. */
    all: () => walk(dir.path).sort().map((name) => [name, Deno.readTextFileSync(dir.join(name))]),
    async run(script: string, { shell = ["sh"], args = ["--no-check"], path, env }: ScriptOptions = {}) {
      const child = new Deno.Command(shell[0]!, {
        args: [...shell.slice(1), "-s", "--", ...args],
        env: { HOME: dir.path, PATH: path ?? Deno.env.get("PATH") ?? "", ...env },
        ...{ clearEnv: true, cwd: dir.path, stdin: "piped", stdout: "piped", stderr: "piped" },
      }).spawn();
      const writer = child.stdin.getWriter();
      await writer.write(new TextEncoder().encode(script));
      await writer.close();
      const { code, stdout, stderr } = await child.output();
      return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
    },
  };
}

/** One of each kind of change: the name of the case, what is there, what is made of it. */
const samples = cases.filter(([name]) =>
  ["CRLF stays", "a missing line end stays so", "tables go to the end", "an object is made", "XML is made"].includes(
    name,
  )
);

for (const shell of shells) {
  const name = shell.join(" ");
  const ignore = missingPrograms(shell[0]!).length > 0;
  testInTurn({ name: `${name}: the script makes the command's bytes, once, and undoes that`, ignore }, async () => {
    await using home = await openHome();
    assert.equal(samples.length, 5);
    const script = composeScript(clientOf(...samples.map(([, edit]) => edit)), vault);
    for (const [at, [, , before]] of samples.entries()) if (before !== "") await home.write(`${at}/settings`, before);
    const original = home.all();
    const dry = await home.run(script, { shell, args: ["--dry-run", "--no-check"] });
    assert.equal(dry.code, 0, dry.stderr);
    assert.match(dry.stdout, /nothing was changed \(--dry-run\)/);
    assert.deepEqual(home.all(), original);
    const { code, stdout, stderr } = await home.run(script, { shell });
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, /^\+index-url = /m);
    for (const [at, [what, , , after]] of samples.entries()) {
      assert.equal(await home.read(`${at}/settings`), after, what);
    }
    const changed = home.all();
    assert.match((await home.run(script, { shell })).stdout, /nothing to change/);
    assert.deepEqual(home.all(), changed);
    const undone = await home.run(script, { shell, args: ["--undo", "--no-check"] });
    assert.deepEqual([undone.code, undone.stderr], [0, ""]);
    assert.deepEqual(home.all(), original);
    assert.match((await home.run(script, { shell, args: ["--undo", "--no-check"] })).stdout, /nothing to change/);
  });
}

Deno.test("what the script cannot change stays, and it says what to write", async () => {
  await using home = await openHome();
  const own: Edit = { kind: "own", text: "mine" };
  const names = ["an item comes first", "YAML comments stay", "an element comes first", "a second default index"];
  const others = [...cases, ...refused].filter(([name]) => names.includes(name));
  assert.equal(others.length, 4);
  for (const [what, edit, before] of [...others, ["a file of others", own, "theirs"] as const]) {
    await home.write("0/settings", before);
    const { code, stderr } = await home.run(composeScript(clientOf(edit), vault));
    assert.equal(code, 1, what);
    assert.match(stderr, /Cannot change "[^"]*0\/settings", which stays as it is\. [^]*by hand:\n\S/, what);
    assert.deepEqual(home.all(), [["0/settings", before]], what);
  }
});

Deno.test("command and script keep the same, and undo each other's change", async () => {
  await using home = await openHome();
  const edit: Edit = { kind: "own", text: "the vault's\n" };
  const other: Edit = {
    kind: "values",
    format: "ini",
    values: [{ section: "a", key: "b", line: "b = 1" }],
  };
  const client = clientOf(edit, other);
  const script = composeScript(client, vault);
  await home.write("1/settings", "[a]\n# c");
  const original = home.all();
  const paths = [home.join("0/settings"), home.join("1/settings")];
  const owner = (path: string) => ({ folder: keptFolder(home.state, path), client: "any" });
  const byCommand = async () => {
    for (const [at, path] of paths.entries()) await carryOut(await planChange(path, [edit, other][at]!, owner(path)));
  };
  await byCommand();
  const changed = home.all();
  assert.equal((await home.run(script, { args: ["--undo", "--no-check"] })).code, 0);
  assert.deepEqual(home.all(), original);
  assert.deepEqual([...Deno.readDirSync(home.path)].map(({ name }) => name), ["1"], "folders that were made are gone");
  await home.run(script);
  assert.deepEqual(home.all(), changed);
  for (const path of paths) await carryOut((await planUndo(path, owner(path)))!);
  assert.deepEqual(home.all(), original);
  assert.deepEqual([...Deno.readDirSync(home.path)].map(({ name }) => name), ["1"], "folders that were made are gone");
});

Deno.test("the script changes a linked file where it is, with its mode, and no read-only one", async () => {
  await using home = await openHome();
  const edit: Edit = { kind: "values", format: "plain", values: [{ key: "a", line: "a=1" }] };
  const script = composeScript(clientOf(edit), vault);
  await home.write("real", "# b\n");
  await Deno.chmod(home.join("real"), 0o640);
  await Deno.mkdir(home.join("0"));
  await Deno.symlink("../real", home.join("0/settings"));
  assert.equal((await home.run(script)).code, 0);
  assert.equal(await home.read("real"), "# b\na=1\n");
  assert.equal((await Deno.lstat(home.join("0/settings"))).isSymlink, true);
  assert.equal((await Deno.stat(home.join("real"))).mode! & 0o777, 0o640);
  await Deno.chmod(home.join("real"), 0o440);
  const undone = await home.run(script, { args: ["--undo", "--no-check"] });
  assert.deepEqual([undone.code, /read-only/.test(undone.stderr)], [1, true]);
  await Deno.chmod(home.join("real"), 0o640);
  await home.run(script, { args: ["--undo", "--no-check"] });
  assert.equal(await home.read("real"), "# b\n");
  await Deno.link(home.join("real"), home.join("other"));
  const linked = await home.run(script);
  assert.deepEqual([linked.code, /another name \(a hard link\)/.test(linked.stderr)], [1, true]);
  await Deno.remove(home.join("other"));
  const split = await home.run(script.replace("home=$root", "home='/a\n'$root"));
  assert.deepEqual([split.code, /has a line end in it/.test(split.stderr)], [1, true], split.stderr);
  await Deno.remove(home.join("real"));
  const dangling = await home.run(script);
  assert.deepEqual([dangling.code, /a link to a file that does not exist/.test(dangling.stderr)], [1, true]);
});

Deno.test("a file that two clients read stays until both are undone, and what was changed since stays", async () => {
  await using home = await openHome();
  const edit: Edit = { kind: "own", text: "mine\n" };
  const [one, two] = ["one", "two"].map((name) => composeScript({ ...clientOf(edit), name }, vault));
  await home.run(one!);
  await home.run(two!);
  assert.match(
    (await home.run(one!, { args: ["--undo", "--no-check"] })).stdout,
    /stays as it is: it is set up for two too/,
  );
  assert.match((await home.run(one!, { args: ["--undo", "--no-check"] })).stdout, /nothing to change/);
  assert.equal(await home.read("0/settings"), "mine\n");
  await home.write("0/settings", "another's\n");
  const refusal = await home.run(two!, { args: ["--undo", "--no-check"] });
  assert.deepEqual([refusal.code, /was changed since\./.test(refusal.stderr)], [1, true]);
  assert.equal(await home.read("0/settings"), "another's\n");
  await home.write("0/settings", "mine\n");
  await home.run(two!, { args: ["--undo", "--no-check"] });
  assert.deepEqual(home.all(), []);
});

Deno.test("yarn 1 leaves npm's file as npm's setup made it, and is refused where it has a secret for the vault", async () => {
  await using home = await openHome();
  const command = (client: ClientSetup) => async (...args: string[]) => {
    const words = ["setup", client.name, "--no-check", "--url", "http://v", "--prefix", "/p", ...args];
    return await runCaptured(words, { env: { HOME: home.path } });
  };
  const script = (client: ClientSetup) => async (...args: string[]) =>
    await home.run(composeScript(client, vault), { args: ["--no-check", ...args] });
  for (const way of [command, script]) {
    await home.write(".npmrc", "a=1\n");
    assert.equal((await way(npm)()).code, 0);
    const npmrc = await home.read(".npmrc");
    assert.notEqual(npmrc, "a=1\n");
    for (const args of [[], ["--undo"]]) {
      const { code, stderr } = await way(yarn)(...args);
      assert.deepEqual([code, await home.read(".npmrc")], [0, npmrc], stderr);
    }
    await way(npm)("--undo");
    await home.write(".npmrc", "_authToken=x\n");
    for (const client of [yarn, npm]) {
      const { code, stderr } = await way(client)();
      assert.deepEqual([code, /Line 1 has _authToken .* the vault would get it/.test(stderr)], [1, true], stderr);
    }
    assert.deepEqual(home.all(), [[".npmrc", "_authToken=x\n"]]);
  }
});

Deno.test("settings are where the environment says, and what comes before them there is named", async () => {
  await using home = await openHome();
  const elsewhere = (folder: string) => ({ [folder]: home.join("elsewhere") });
  const places: [client: ClientSetup, env: Record<string, string>, file: string][] = [
    [pip, elsewhere("XDG_CONFIG_HOME"), "elsewhere/pip/pip.conf"],
    [bun, elsewhere("XDG_CONFIG_HOME"), "elsewhere/.bunfig.toml"],
    [podman, elsewhere("XDG_CONFIG_HOME"), ".config/containers/registries.conf.d/50-artifact-vault.conf"],
    [cargo, elsewhere("CARGO_HOME"), "elsewhere/config.toml"],
    [gradle, elsewhere("GRADLE_USER_HOME"), "elsewhere/init.d/artifact-vault.gradle"],
    [cargo, { CARGO_HOME: "relative" }, ".cargo/config.toml"],
  ];
  const ways = [
    (client: ClientSetup, env: Record<string, string>, ...args: string[]) => {
      const prefix = client.backend === null ? [] : ["--prefix", "/p"];
      const words = ["setup", client.name, "--no-check", "--user", "--url", "http://v", ...prefix, ...args];
      return runCaptured(words, { env: { HOME: home.path, ...env } });
    },
    (client: ClientSetup, env: Record<string, string>, ...args: string[]) =>
      home.run(composeScript(client, vault), { env, args: ["--no-check", "--user", ...args] }),
  ];
  for (const way of ways) {
    for (const [client, env, file] of places) {
      const { code, stderr } = await way(client, env);
      assert.deepEqual([code, walk(home.path).includes(file)], [0, true], `${file} ${stderr}`);
      await way(client, env, "--undo");
      assert.deepEqual(home.all(), []);
    }
    const note = /^note: PIP_INDEX_URL is set in this environment, which comes before the file: unset it$/m;
    const { stdout } = await way(pip, { PIP_INDEX_URL: "http://me:secret@x/" }, "--dry-run");
    assert.deepEqual([note.test(stdout), /secret/.test(stdout)], [true, false], stdout);
    assert.doesNotMatch((await way(pip, { PIP_INDEX_URL: "http://v/p/simple" }, "--dry-run")).stdout, /note: PIP/);
    await home.write(".cargo/config", "[net]\n");
    const old = await way(cargo, {});
    assert.deepEqual([old.code, /cargo\/config" is there, and /.test(old.stderr)], [1, true], old.stderr);
    await Deno.rename(home.join(".cargo/config"), home.join(".cargo/config.toml"));
    await Deno.symlink("config.toml", home.join(".cargo/config"));
    assert.equal((await way(cargo, {})).code, 0);
    await way(cargo, {}, "--undo");
    await Deno.remove(home.join(".cargo"), { recursive: true });
  }
});

const isRoot = Deno.uid() === 0;

Deno.test({
  name: "what the superuser sets up in somebody's home belongs to them, whatever the umask",
  ignore: !isRoot,
}, async () => {
  await using home = await openHome();
  await Deno.chown(home.path, 65_534, 65_533);
  const ways = [
    () => runCaptured(["setup", "pip", "--no-check", "--url", "http://v"], { env: { HOME: home.path } }),
    () => home.run(composeScript(pip, vault)),
  ];
  const mask = Deno.umask(0o077);
  using _mask = { [Symbol.dispose]: () => void Deno.umask(mask) };
  for (const way of ways) {
    const { code, stderr } = await way();
    assert.deepEqual([code, stderr], [0, ""]);
    assert.equal((await Deno.stat(home.join(".config/pip"))).mode! & 0o777, 0o755);
    const made = (await runToSuccess(["find", home.path, "-printf", "%U:%G %P\\n"])).trim().split("\n");
    assert.ok(made.some((line) => line.endsWith(".config/pip/pip.conf")));
    assert.deepEqual(made.filter((line) => !line.startsWith("65534:65533 ")), []);
    await home.run(composeScript(pip, vault), { args: ["--undo"] });
    assert.deepEqual([...Deno.readDirSync(home.path)], []);
  }
});

const hasBusybox = missingPrograms("busybox").length === 0;

Deno.test({ name: "with busybox alone the script asks the vault first, and works", ignore: !hasBusybox }, async () => {
  await using home = await openHome();
  await using bin = await createTempDir();
  const applets = (await runToSuccess(["busybox", "--list"])).split("\n");
  const busybox = await runToSuccess(["sh", "-c", "command -v busybox"]);
  for (const applet of applets) await Deno.symlink(busybox, bin.join(applet));
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, ({ url }) => {
    return url.endsWith("/-/setup/any?prefix=/p") ? new Response("#!/bin/sh\n") : new Response("no", { status: 404 });
  });
  const url = `http://127.0.0.1:${server.addr.port}`;
  const client = clientOf({ kind: "own", text: "mine\n" });
  const options = { shell: [bin.join("sh")], path: bin.path, args: [] };
  const refused = await home.run(composeScript(client, { ...vault, url, prefix: "/other" }), options);
  assert.deepEqual([refused.code, /does not answer as a vault that serves any/.test(refused.stderr)], [1, true]);
  assert.deepEqual(home.all(), []);
  const { code, stderr } = await home.run(composeScript(client, { ...vault, url }), options);
  assert.deepEqual([code, await home.read("0/settings")], [0, "mine\n"], stderr);
});
