import assert from "node:assert/strict";
import type { AddPromise } from "./backend_contract.ts";
import { assertError } from "./scene.ts";

/** What is not there, what means nothing, and what may not be asked. */
export function promiseErrors(promise: AddPromise): void {
  promise("what upstream does not have is 404 in the protocol's form, and remembered", async (scene) => {
    const { absent, errors } = scene.specimen;
    await using vault = await scene.start({ backend: scene.specimen.freshFor("1h") });
    assertError(await vault.read(absent), { errors, status: 404, body: errors.absent });
    const asked = scene.upstream.requests.length;
    assert.ok(asked > 0);
    for (const method of ["GET", "HEAD", "GET"]) {
      assertError(await vault.read(absent, { method }), { errors, status: 404, body: errors.absent, method });
    }
    assert.equal(scene.upstream.requests.length, asked);
  });

  promise("a path that means nothing is refused, and upstream is not asked", async (scene) => {
    const { absurd, errors } = scene.specimen;
    await using vault = await scene.start();
    for (const path of absurd) {
      const answer = await vault.ask(path);
      assert.ok(answer.status === 400 || answer.status === 404, `${path}: ${answer.status} ${answer.text}`);
      assert.equal(answer.headers.get("content-type"), errors.contentType, path);
    }
    for (
      const path of ["/..%2f..%2fetc/passwd", "/%00", "/a/../../b", "/%zz", "/%ff", "/a%5cb", `/${"a/".repeat(5000)}`]
    ) {
      const { status } = await vault.ask(path);
      assert.ok(status === 400 || status === 404, `${path}: ${status}`);
    }
    assert.deepEqual(scene.upstream.requests, []);
  });

  promise("methods other than GET and HEAD are refused, and upstream is not asked", async (scene) => {
    const { file, document, absent } = scene.specimen;
    await using vault = await scene.start();
    for (const method of ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]) {
      for (const path of [file.path, document.path, absent]) {
        const { status, headers } = await vault.ask(path, { method, headers: { "content-length": "0" } });
        assert.equal(status, 405, `${method} ${path}`);
        assert.match(headers.get("allow")!, /^GET, HEAD\b/);
      }
    }
    assert.deepEqual(scene.upstream.requests, []);
  });

  promise("script in a path comes back in no page", async (scene) => {
    const { file, document, absent } = scene.specimen;
    await using vault = await scene.start();
    const script = "<script>alert(1)</script>";
    for (const path of ["", file.path, document.path, absent]) {
      for (const written of [encodeURIComponent(script), script, `x?${script}`, `x?${encodeURIComponent(script)}`]) {
        const { headers, text } = await vault.ask(`${path}/${written}`);
        const isPage = /html|xml|svg/.test(headers.get("content-type") ?? "");
        assert.ok(!isPage || !text.includes("<script"), `${path}/${written}: ${text}`);
      }
    }
  });
}
