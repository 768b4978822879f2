import assert from "node:assert/strict";
import { addPins } from "../../../src/inventory/pins.ts";
import { CacheScene } from "./cache_scene.ts";

const digest = `sha256:${"ab".repeat(32)}`;

/** Entries of backends of the built-in configuration. */
async function openFilled(): Promise<CacheScene> {
  const scene = new CacheScene();
  await scene.put("dockerhub/@default/library/alpine/manifests/3.20", { body: "image", storedDays: 2, usedDays: 1 });
  await scene.put(`dockerhub/@default/library/alpine/blobs/${digest}`, { storedDays: 2 });
  await scene.put("old/a", { body: "image" });
  return scene;
}

Deno.test("cache show says where an entry is from, when, what the next client gets and who has the same bytes", async () => {
  await using scene = await openFilled();
  await addPins(scene.dir, ["dockerhub/**", "*.whl"]);
  const { code, stdout, stderr } = await scene.run("show", "dockerhub/@default/library/alpine/manifests/3.20");
  assert.deepEqual([code, stderr], [0, ""]);
  assert.match(stdout, /^name\tdockerhub\/@default\/library\/alpine\/manifests\/3.20\nfrom\thttp:\/\/127\.0\.0\.1\/\n/);
  assert.match(stdout, /\nsize\t1000\nsha256\t[0-9a-f]{64}\nbody\t.*\/blobs\/sha256\//);
  assert.match(stdout, /\nfreshness\tstale since .* \(for \d+ d\), by the ttl of its backend\n/);
  assert.match(
    stdout,
    /\nnext client\tis served once upstream has been asked whether it has changed: validated \d+ s ago/,
  );
  assert.match(stdout, /\nheader\tetag: "1"\npinned by\tdockerhub\/\*\*\nsame bytes\told\/a\n$/);
});

Deno.test("cache show --json has the same, one object for each variant", async () => {
  await using scene = await openFilled();
  const { stdout } = await scene.run("show", "--json", `dockerhub/@default/library/alpine/blobs/${digest}`);
  const [entry, ...others] = JSON.parse(stdout);
  assert.deepEqual([others.length, entry.size, entry.decision, entry.pins], [0, 1000, "serve", []]);
  assert.match(entry.freshness, /^for ever: /);
});

Deno.test("cache show tells of a body that is gone, of bytes that an interrupted transfer left, and of no backend", async () => {
  await using scene = await openFilled();
  const name = `dockerhub/@default/library/alpine/blobs/${digest}`;
  const selector = { backend: "dockerhub", key: name.slice("dockerhub".length), requestHeaders: [] };
  const staged = await scene.fixture.stage(selector, new Uint8Array(600));
  const record = {
    url: "http://127.0.0.1/",
    validator: null,
    sizeBytes: 1000,
    storedBytes: 600,
    sha256: "0".repeat(64),
  };
  await staged.saveRecord({ ...selector, ...record });
  const [{ sha256, parked_bytes }] = JSON.parse((await scene.run("show", "--json", name)).stdout);
  assert.equal(parked_bytes, 600);
  staged.discard();
  await scene.fixture.restartAfter(() => {
    Deno.removeSync(scene.bodyPath({ sha256 }));
    Deno.removeSync(`${scene.dir}/usage.json`);
  });
  const shown = await scene.runOnTerminal("show", name);
  assert.match(shown.stdout, /\nbody +not cached\n/);
  assert.match(shown.stdout, /\nnext client +is served what upstream sends: its body was evicted or removed\n/);
  const offline = await scene.run("show", name, "--offline");
  assert.match(
    offline.stdout,
    /\nnext client\tis refused, since the vault is offline: its body was evicted or removed\n/,
  );
  const old = await scene.run("show", "old/a");
  assert.match(old.stdout, /\nnext client\tnothing: no backend "old" is configured\n/);
});

Deno.test("cache show of a pattern says how to list what it chooses, and a bracket stands for itself in its advice", async () => {
  await using scene = await openFilled();
  assert.match((await scene.run("show", "old/*")).stderr, / ls --match "old\/\*" lists names by a pattern\n$/);
  const { stderr } = await scene.run("show", "old/a[1]");
  const [, pattern = ""] = / ls --match "(.*)" lists names that are like it\n$/.exec(stderr) ?? [];
  await scene.put("old/a[1].txt");
  assert.match((await scene.run("ls", "--match", pattern)).stdout, /\told\/a\[1\]\.txt\n$/);
});

Deno.test("cache show of a name that is not cached says how to find names", async () => {
  await using scene = await openFilled();
  const { code, stderr } = await scene.run("show", "dockerhub/library/alpine/");
  assert.equal(code, 1);
  assert.match(
    stderr,
    /^"dockerhub\/library\/alpine\/" is not in the cache ".*"; .* ls --match "\*alpine\*" lists names/,
  );
});
