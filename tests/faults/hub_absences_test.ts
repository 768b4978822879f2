import assert from "node:assert/strict";
import { HubScene, type HubVault } from "../support/hub/hub_scene.ts";
import { walk } from "../support/walk.ts";

const atOnce = 20;

/** Asks for so many files that do not exist. */
async function askForNothing(vault: HubVault, commit: string, count: number): Promise<void> {
  let next = 0;
  const ask = async () => {
    for (let at = next++; at < count; at = next++) {
      const path = `/acme/m/resolve/${commit}/${at}.json`;
      const { status, headers } = await vault.fetch(path, { method: "HEAD" });
      assert.deepEqual([status, headers.get("x-error-code")], [404, "EntryNotFound"], path);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, ask));
}

for (const [authorization, names] of [["vault", 1000], ["client", 200]] as const) {
  Deno.test(`authorization: ${authorization}: ${names} names that a commit does not have leave few files, and each is asked for once`, async () => {
    await using scene = await HubScene.create();
    const { hub } = scene;
    const commit = hub.addRepo("acme/m").commit({ "config.json": { storage: "git", content: "{}" } });
    // Where all clients are one, the tree would tell about all names: this Hub does not send it.
    hub.server.fault = (request, pass) => request.url.includes("/tree/") ? new Response(null, { status: 500 }) : pass();
    {
      await using vault = await scene.start({ keys: { authorization } });
      await askForNothing(vault, commit, names);
      assert.equal(hub.server.count("HEAD", /\.json$/), names);
      assert.deepEqual(vault.app.held(), { entries: 0, blobs: 0, staged: 0 });
      assert.ok(walk(vault.app.cacheDir).length < 20, walk(vault.app.cacheDir).join());
    }
    hub.forget();
    for (const offline of authorization === "vault" ? [false, true] : [false]) {
      await using vault = await scene.start({ keys: { authorization }, top: { offline } });
      const { status, headers } = await vault.ask(`/acme/m/resolve/${commit}/${names - 1}.json`, { method: "HEAD" });
      assert.deepEqual([status, headers.get("x-error-code")], [404, "EntryNotFound"]);
      assert.deepEqual([headers.get("x-error-message"), headers.get("x-repo-commit")], ["Entry not found", commit]);
      assert.equal(hub.server.count("HEAD", /./), 0, "also after a restart it is not asked for again");
    }
  });
}
