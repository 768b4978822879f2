import assert from "node:assert/strict";
import { cachedEntries } from "../../../src/inventory/cached_entries.ts";
import { wrongBlobs } from "../../support/cache_dir.ts";
import { createSeededRandom } from "../../support/random_file.ts";
import { StoreFixture } from "../../support/store_fixture.ts";
import { createTempDir } from "../../support/temp_dir.ts";
import { isOwnMachine, testInTurn } from "../../support/thorough.ts";
import { canMountTmpfs, mountTmpfs } from "../../support/tmpfs.ts";
import { runVault, vaultCommand, vaultEnvironment } from "../../support/vault_process.ts";
import { waitUntil } from "../../support/wait_until.ts";

const rounds = Number(Deno.env.get("KILL_ROUNDS") ?? (isOwnMachine ? 20 : 3));
const config = "backends: [{ type: http, name: test, config: { base_url: 'https://files.example.com' } }]\n";
const files = 400;

/** A filled cache outside, and a place for one inside. */
async function createSite() {
  await using stack = new AsyncDisposableStack();
  const dir = stack.use(await createTempDir());
  const outside = stack.use(new StoreFixture());
  const random = createSeededRandom(7);
  const put = async (key: string, sizeBytes: number) => {
    const bytes = new Uint8Array(sizeBytes);
    for (let at = 0; at < sizeBytes; at++) bytes[at] = random() * 256;
    await outside.put({ backend: "test", key, requestHeaders: [] }, bytes, { url: `https://files.example.com${key}` });
  };
  // Large ones lie among small ones.
  for (let index = 0; index < files; index++) await put(`/${index}`, index % 60 === 9 ? 4_000_000 : 100 + index * 7);
  await outside.restart();
  const sides = { outside: outside.root, inside: dir.join("inside") };
  for (const [side, cacheDir] of Object.entries(sides)) {
    await Deno.writeTextFile(dir.join(`${side}.yml`), `cache_dir: ${cacheDir}\ncache_min_free: 0\n${config}`);
  }
  const on = (side: keyof typeof sides, ...args: string[]) => ["bundle", ...args, "--config", dir.join(`${side}.yml`)];
  const resources = stack.move();
  return { dir, sides, on, random, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

async function succeed(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runVault(args);
  assert.equal(code, 0, stderr);
  return stdout;
}

/** The names of the entries of a cache directory with their digests, in order. */
async function contents(dir: string): Promise<string[]> {
  return await Array.fromAsync(cachedEntries(dir), ({ key, sha256 }) => `${key} ${sha256}`);
}

function start(args: readonly string[], stdin: "piped" | "null"): Deno.ChildProcess {
  const [program = "", ...rest] = vaultCommand();
  const options = { stdin, stdout: "null", stderr: "null", env: vaultEnvironment(), clearEnv: true } as const;
  return new Deno.Command(program, { args: [...rest, ...args], ...options }).spawn();
}

Deno.test(`an import that is killed ${rounds} times is resumed, and right in the end`, async () => {
  await using site = await createSite();
  const { dir, sides, on, random } = site;
  const bundle = dir.join("bundle.tar");
  await succeed(on("outside", "export", bundle));
  const bytes = await Deno.readFile(bundle);
  const wanted = await contents(sides.outside);
  for (let round = 0; round < rounds; round++) {
    const process = start(on("inside", "import", "-"), "piped");
    const writer = process.stdin.getWriter();
    // The last rounds come to the end of the bundle, and are killed while entries are written.
    const end = Math.min(bytes.byteLength, Math.floor(bytes.byteLength * (0.2 + random())));
    for (let at = 0; at < end; at += 65_536) await writer.write(bytes.subarray(at, Math.min(end, at + 65_536)));
    process.kill("SIGKILL");
    await process.status;
    await writer.abort().catch(() => {});
    for (const entry of await contents(sides.inside)) assert.ok(wanted.includes(entry), entry);
  }
  const stdout = await succeed(on("inside", "import", bundle, "--again"));
  assert.match(stdout, /; [1-9]\d* bodies, .*, were there already/);
  assert.deepEqual(await contents(sides.inside), wanted);
  assert.deepEqual(await wrongBlobs(sides.inside), []);
});

Deno.test(`an export that is killed ${rounds} times leaves no bundle, and the next one is whole`, async () => {
  await using site = await createSite();
  const { dir, on, random } = site;
  const bundle = dir.join("bundle.tar");
  for (let round = 0; round < rounds; round++) {
    const process = start(on("outside", "export", bundle), "null");
    const enough = 1 + random() * 20_000_000;
    await waitUntil(
      "the export is under way",
      () => sizeOf(`${bundle}.partial`) >= enough || sizeOf(bundle) > 0,
    );
    process.kill("SIGKILL");
    await process.status;
    if (sizeOf(bundle) > 0) {
      await succeed(on("inside", "verify", bundle));
      await Deno.remove(bundle);
    }
  }
  await succeed(on("outside", "export", bundle));
  await succeed(on("inside", "verify", bundle));
});

testInTurn({
  name: "on a disk that is full, an import says so, leaves nothing half, and resumes once there is room",
  ignore: !await canMountTmpfs(),
}, async () => {
  await using site = await createSite();
  const { dir, sides, on } = site;
  const bundle = dir.join("bundle.tar");
  await succeed(on("outside", "export", bundle));
  {
    await using _small = await mountTmpfs(sides.inside, "size=12m");
    const refused = await runVault(on("inside", "import", bundle));
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /there is no room for them: the disk has [\d.]+ [KM]iB free\. Make room/);
  }
  const wanted = await contents(sides.outside);
  await using _disk = await mountTmpfs(sides.inside, "size=40m");
  const filler = `${sides.inside}/filler`;
  const bytes = await Deno.readFile(bundle);
  const [program = "", ...rest] = vaultCommand();
  const process = new Deno.Command(program, {
    ...{ args: [...rest, ...on("inside", "import", "-")], env: vaultEnvironment(), clearEnv: true },
    ...{ stdin: "piped", stdout: "null", stderr: "piped" },
  }).spawn();
  const writer = process.stdin.getWriter();
  const half = Math.floor(bytes.byteLength / 2);
  await writer.write(bytes.subarray(0, half));
  await Deno.writeFile(filler, new Uint8Array(0));
  await new Deno.Command("dd", { args: ["if=/dev/zero", `of=${filler}`, "bs=4k"], stderr: "null" }).output();
  await writer.write(bytes.subarray(half)).catch(() => {});
  await writer.close().catch(() => {});
  const { code, stderr } = await process.output();
  const text = new TextDecoder().decode(stderr);
  assert.equal(code, 1);
  assert.match(
    text,
    /No space left on device.*of 400 bodies; import the bundle again, and it resumes/,
  );
  assert.deepEqual(await contents(sides.inside), []);
  assert.deepEqual(await wrongBlobs(sides.inside), []);
  await Deno.remove(filler);
  await succeed(on("inside", "import", bundle));
  assert.deepEqual(await contents(sides.inside), wanted);
});

function sizeOf(path: string): number {
  try {
    return Deno.statSync(path).size;
  } catch {
    return 0;
  }
}
