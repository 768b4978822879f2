import assert from "node:assert/strict";
import { askRaw } from "../raw_client.ts";
import type { AddPromise } from "./backend_contract.ts";
import { pathsOf } from "./scene.ts";

/** What is said of an entry before the next client comes is what that client gets. */
export function promiseOutlooks(promise: AddPromise): void {
  for (const duration of ["0s", "1h"]) {
    promise(`what a client of an entry gets is foretold, fresh for ${duration}`, async (scene) => {
      const options = { backend: scene.specimen.freshFor(duration) };
      await using vault = await scene.start(options);
      for (const path of scene.specimen.file.listedBy ?? []) await vault.read(path);
      for (const path of pathsOf(scene.specimen)) assert.equal((await vault.read(path)).status, 200);
      const asked = scene.upstream.requests.length;
      const outlooks = await scene.openOutlooks(options);
      const told: { target: string; headers: Record<string, string>; served: boolean }[] = [];
      for (const entry of await scene.entries()) {
        const [outlook, request] = [await outlooks.of(entry), await outlooks.requestFor(entry)];
        assert.equal(outlook === null, request === null, entry.key);
        if (outlook === null || request === null) continue;
        const headers = Object.fromEntries(request.headers);
        told.push({ target: request.target, headers, served: outlook.decision === "serve" });
      }
      await outlooks.close();
      assert.equal(scene.upstream.requests.length, asked, "looking asks no upstream");
      assert.ok(told.length >= 2, "the file and the document are found");
      for (const { target, headers, served } of told) {
        const before = scene.upstream.requests.length;
        const answer = await askRaw(vault.app.origin, target, { headers });
        await vault.app.idle();
        assert.equal(answer.status, 200, target);
        assert.equal(scene.upstream.requests.length === before, served, target);
      }
    });
  }
}
