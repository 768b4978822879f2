import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { FakeNow } from "../fake_now.ts";
import type { AddPromise } from "./backend_contract.ts";
import { assertError, assertVersion, pathsOf } from "./scene.ts";

const hour = 3_600_000;

/** What is served while upstream is not there, or must not be asked. */
export function promiseOutages(promise: AddPromise): void {
  promise("upstream is down: what is stored is served, however old, and the rest is 502", async (scene) => {
    const { file, document, errors } = scene.specimen;
    await using vault = await scene.start();
    await vault.read(document.path);
    await scene.upstream[Symbol.asyncDispose]();
    assertError(await vault.read(file.path), { errors, status: 502, body: errors.failed });
    using now = new FakeNow();
    for (const passed of [0, hour, 20_000 * hour]) {
      now.advance(passed);
      for (const method of ["GET", "HEAD"]) {
        const stale = await vault.ask(document.path, { method });
        if (method === "GET") assertVersion(stale, "one");
        assert.match(stale.headers.get("cache-status")!, /fwd=stale.*detail=stale-if-error/);
      }
    }
  });

  promise(
    "with stale_if_error, a copy is served for so long past its freshness, and a file for ever",
    async (scene) => {
      const { file, document, errors } = scene.specimen;
      await using vault = await scene.start({ backend: { stale_if_error: "2h" } });
      for (const path of pathsOf(scene.specimen)) await vault.read(path);
      scene.publish("one", () => ({ status: 503 }));
      using now = new FakeNow();
      now.advance(hour);
      assertVersion(await vault.ask(document.path), "one");
      now.advance(2 * hour);
      assertError(await vault.ask(document.path), { errors, status: 502, body: errors.failed });
      assert.equal((await vault.ask(file.path)).status, 200);
    },
  );

  promise("upstream is back: what failed is served, and the new version", async (scene) => {
    const { file, document } = scene.specimen;
    await using vault = await scene.start();
    await vault.read(document.path);
    scene.publish("one", () => ({ status: 503 }));
    assert.equal((await vault.read(file.path)).status, 502);
    assertVersion(await vault.read(document.path), "one");
    scene.publish("two");
    using now = new FakeNow();
    now.advance(hour);
    assert.ok(Buffer.compare((await vault.read(file.path)).body, file.bytes) === 0);
    assertVersion(await vault.read(document.path), "two");
  });

  promise("what upstream has deleted is still served", async (scene) => {
    const { document, file } = scene.specimen;
    await using vault = await scene.start();
    for (const path of pathsOf(scene.specimen)) await vault.read(path);
    scene.publish("one", () => ({ status: 404 }));
    assertVersion(await vault.read(document.path), "one");
    assert.ok(Buffer.compare((await vault.read(file.path)).body, file.bytes) === 0);
  });

  promise(
    "offline: what is stored is served, the rest is refused at once with how to bring it, and nobody is asked",
    async (scene) => {
      const { file, document, absent, errors } = scene.specimen;
      {
        await using vault = await scene.start();
        await vault.read(document.path);
      }
      const asked = scene.upstream.requests.length;
      const keys = { offline: true, offline_indexes: "full" };
      for (const options of [{ top: keys }, { backend: keys }]) {
        await using vault = await scene.start(options);
        const missesBefore = await vault.app.metric("vault_offline_misses_total", 'backend="specimen"');
        assertVersion(await vault.ask(document.path), "one");
        const { offlineStatus } = errors;
        const [ofFile, ofAbsent] = typeof offlineStatus === "number" ? [offlineStatus, offlineStatus] : offlineStatus;
        for (const [path, status] of [[file.path, ofFile], [absent, ofAbsent]] as const) {
          for (const method of ["GET", "HEAD"]) {
            const missed = await vault.ask(path, { method });
            assertError(missed, { errors, status, body: errors.offline, method });
            assert.deepEqual(
              [missed.headers.get("cache-status"), missed.headers.get("cache-control")],
              ["vault; detail=offline", "no-store"],
            );
          }
        }
        const misses = await vault.app.metric("vault_offline_misses_total", 'backend="specimen"') - missesBefore;
        assert.equal(misses, 4);
        const { text: list } = await vault.app.ask("/-/misses");
        assert.deepEqual(list.split("\n"), [...scene.specimen.missed(scene.upstream.origin), ""]);
      }
      assert.equal(scene.upstream.requests.length, asked);
    },
  );
}
