import assert from "node:assert/strict";
import { startFakeUpstream } from "../../support/fake_upstream.ts";
import { createTempDir } from "../../support/temp_dir.ts";
import { VaultProcess } from "../../support/vault_process.ts";
import { blocksBelow, runBlock } from "./guide.ts";
import { testInTurn } from "../../support/thorough.ts";

testInTurn("airgap.md: its commands carry a cache in, twice, and the list of misses out", async () => {
  await using dir = await createTempDir();
  await using upstream = startFakeUpstream();
  const [outside, inside] = [dir.join("outside"), dir.join("inside")];
  const write = async (side: string, top: Record<string, unknown>) => {
    await Deno.mkdir(side);
    const backends = [{ type: "http", name: "files", config: { base_url: upstream.origin } }];
    const config = { cache_dir: `${side}/cache`, cache_min_free: 0, http_port: 0, ...top, backends };
    await Deno.writeTextFile(`${side}/config.yml`, JSON.stringify(config));
  };
  await write(outside, {});
  await write(inside, { offline: true, bundles: { trust: "site.pub.pem" } });
  for (const name of ["a", "b", "c"]) upstream.serve(`/${name}`, { body: `file ${name}` });
  const list = (...names: readonly string[]) =>
    Deno.writeTextFile(`${outside}/list.txt`, names.map((name) => `/files/${name}\n`).join(""));

  await list("a");
  for (const block of blocksBelow("airgap.md", "Outside")) await runBlock(block, { cwd: outside });
  await list("a", "b");
  for (const block of blocksBelow("airgap.md", "Carry")) await runBlock(block, { cwd: outside });
  for (const name of ["first.tar", "second.tar", "site.pub.pem"]) {
    await Deno.copyFile(`${outside}/${name}`, `${inside}/${name}`);
  }
  assert.ok(Deno.statSync(`${inside}/second.tar`).size > 0);
  await using vault = await VaultProcess.start({ args: ["--config", "config.yml"], cwd: inside });
  for (const block of blocksBelow("airgap.md", "Inside")) await runBlock(block, { cwd: inside });
  for (const name of ["a", "b"]) {
    assert.equal(await (await fetch(vault.url(`/files/${name}`))).text(), `file ${name}`);
  }
  const missed = await fetch(vault.url("/files/c"));
  assert.equal(missed.status, 404);
  assert.match(await missed.text(), /artifact-vault warm \/files\/c\n/);
  await runBlock(blocksBelow("airgap.md", "What was missed").join(""), { cwd: inside });
  assert.equal(await Deno.readTextFile(`${inside}/wanted.txt`), "/files/c\n");
  assert.equal(await (await fetch(vault.url("/-/misses"))).text(), "");
});
