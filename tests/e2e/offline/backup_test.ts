import assert from "node:assert/strict";
import { startFakeUpstream } from "../../support/fake_upstream.ts";
import { missingPrograms } from "../../support/programs.ts";
import { createTempDir } from "../../support/temp_dir.ts";
import { VaultProcess } from "../../support/vault_process.ts";
import { walk } from "../../support/walk.ts";
import { blocksBelow, runBlock } from "./guide.ts";
import { testInTurn } from "../../support/thorough.ts";

const ignore = missingPrograms("rsync").length > 0;
const kib = 1024;

/** A body that no other has, of 200 KiB. */
const bodyOf = (name: string) => name.padEnd(200 * kib, `${name} `);

testInTurn({
  name: "backup.md: backups made under load share their bodies, and a restored one serves all of its day",
  ignore,
}, async () => {
  await using dir = await createTempDir();
  await using upstream = startFakeUpstream();
  const [cache, backups] = [dir.join("cache"), dir.join("backups")];
  const configAt = async (name: string, cacheDir: string) => {
    const path = dir.join(`${name}.yml`);
    const backends = [{ type: "http", name: "files", config: { base_url: upstream.origin, ttl: "1h" } }];
    const config = { cache_dir: cacheDir, cache_min_free: 0, http_port: 0, backends };
    await Deno.writeTextFile(path, JSON.stringify(config));
    return path;
  };
  const get = async (vault: VaultProcess, name: string) => {
    const response = await fetch(vault.url(`/files/${name}`));
    return { status: response.status, text: await response.text() };
  };
  const download = async (vault: VaultProcess, names: readonly string[]) => {
    for (const name of names) {
      upstream.serve(`/${name}`, { body: bodyOf(name) });
      assert.deepEqual(await get(vault, name), { status: 200, text: bodyOf(name) });
    }
  };
  const namesOf = (day: string) => Array.from({ length: 20 }, (_, at) => `${day}-${at}`);
  const [backUp = ""] = blocksBelow("backup.md", "Back up");
  const paths = { "/var/cache/artifact-vault": cache, "/backup/artifact-vault": backups };
  {
    await using vault = await VaultProcess.start({ args: ["--config", await configAt("first", cache)] });
    await download(vault, namesOf("first"));
    await runBlock(backUp, { cwd: dir.path, paths });
    await download(vault, namesOf("second"));
    await Promise.all([
      download(vault, namesOf("meanwhile")),
      // A second backup has another name, by the second.
      runBlock(backUp.replace("%H%M%S", "%H%M%S-again"), { cwd: dir.path, paths }),
    ]);
  }
  const [first = "", second = ""] = [...Deno.readDirSync(backups)].filter(({ isDirectory }) => isDirectory)
    .map(({ name }) => `${backups}/${name}`).sort();
  const blobs = walk(`${first}/blobs`);
  assert.equal(blobs.length, 20);
  const inode = (path: string) => Deno.statSync(path).ino;
  assert.deepEqual(blobs.filter((blob) => inode(`${first}/blobs/${blob}`) !== inode(`${second}/blobs/${blob}`)), []);
  await Deno.remove(cache, { recursive: true });
  await upstream[Symbol.asyncDispose]();

  const [restore = ""] = blocksBelow("backup.md", "Restore");
  for (const [backup, days] of [[first, ["first"]], [second, ["first", "second"]]] as const) {
    const restored = dir.join(`restored-${days.length}`);
    const config = await configAt(`restored-${days.length}`, restored);
    await runBlock(restore, {
      cwd: dir.path,
      paths: {
        "/var/cache/artifact-vault": restored,
        "/backup/artifact-vault/latest": backup,
        "/etc/artifact-vault/config.yml": config,
      },
    });
    await using vault = await VaultProcess.start({ args: ["--config", config, "--offline"] });
    for (const name of days.flatMap(namesOf)) {
      assert.deepEqual(await get(vault, name), { status: 200, text: bodyOf(name) });
    }
    for (const name of namesOf("meanwhile")) {
      const { status, text } = await get(vault, name);
      assert.ok(status === 404 || text === bodyOf(name), `${name}: ${status}`);
    }
  }
  assert.equal(walk(`${first}/blobs`).length, 20, "a restored vault changes no backup");
});
