import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Answer } from "../fake_upstream.ts";
import type { RawAnswer } from "../raw_client.ts";
import type { AddPromise } from "./backend_contract.ts";
import { assertError, assertVersion, pathsOf } from "./scene.ts";
import type { Specimen } from "./specimen.ts";

const login = { username: "robot", password: "hunter2-of-the-vault" };
const authorization = `Basic ${btoa(`${login.username}:${login.password}`)}`;

/** Wrong bytes, hostile answers, and what nobody may get to see. */
export function promiseSafety(promise: AddPromise, { file: { isUnchecked } }: Specimen): void {
  if (!isUnchecked) {
    promise(
      "wrong bytes of a file reach nobody whole and are not kept; the right ones are served later",
      async (scene) => {
        const { file } = scene.specimen;
        await using vault = await scene.start();
        for (const path of file.listedBy ?? []) await vault.read(path);
        const wrong = file.bytes.map((byte, index) => index === 777 ? byte ^ 1 : byte);
        for (const framing of ["length", "chunked"] as const) {
          scene.upstream.serve(file.target, { body: wrong, framing, etag: '"wrong"' });
          const answer = await vault.read(file.path);
          assert.ok(answer.status === 502 || !answer.complete, `${answer.status} ${answer.body.length}`);
          assert.equal(vault.hasStored(wrong), false);
        }
        assert.ok(await vault.app.metric("vault_digest_mismatches_total") > 0);
        scene.publish("one");
        const right = await vault.read(file.path);
        assert.deepEqual([right.status, right.complete], [200, true], right.text);
        assert.ok(Buffer.compare(right.body, file.bytes) === 0);
      },
    );
  }

  promise("a body that breaks off looks whole to nobody, and is not kept", async (scene) => {
    await using vault = await scene.start();
    for (const place of [scene.specimen.file, scene.specimen.document]) {
      const fault = { kind: "close", afterBytes: 20 } as const;
      scene.publish(
        "one",
        ({ body = "", headers = {} }) => ({ body, headers, framing: "chunked", ranges: false, fault }),
      );
      const answer = await vault.read(place.path);
      assert.ok(answer.status === 502 || !answer.complete, `${answer.status} ${answer.text}`);
      assert.equal(vault.app.held().blobs, 0);
    }
  });

  promise(
    "a web page in place of what was asked for is an outage: nothing is kept, and the copy is served",
    async (scene) => {
      const { errors, file } = scene.specimen;
      const page = { body: "<html><script>alert(1)</script></html>", headers: { "content-type": "text/html" } };
      scene.upstream.serve("/login", page);
      for (const answer of [page, { status: 302, headers: { location: "/login" } }] satisfies Answer[]) {
        await using vault = await scene.start();
        const isStored = answer !== page;
        scene.replaceBoth(answer);
        for (const path of pathsOf(scene.specimen)) {
          const refused = await vault.read(path);
          if (isStored) assert.equal(refused.status, 200);
          else assertError(refused, { errors, status: 502, body: errors.failed });
          assert.ok(!refused.text.includes("<script"));
        }
        assert.equal(vault.hasStored(new TextEncoder().encode(page.body)), false);
        scene.publish("one");
        assertVersion(await vault.read(scene.specimen.document.path), "one");
        assert.ok(Buffer.compare((await vault.read(file.path)).body, file.bytes) === 0);
      }
    },
  );

  promise("upstream gets the credentials, and no answer and no line of the log has them", async (scene) => {
    const { absent } = scene.specimen;
    const log: string[] = [];
    {
      await using vault = await scene.start({ backend: login });
      const challenge = { status: 401, headers: { "www-authenticate": 'Basic realm="upstream"' } };
      scene.guard(({ headers }) => headers.get("authorization") === authorization ? null : challenge);
      for (const path of [...pathsOf(scene.specimen), absent]) {
        for (const method of ["HEAD", "GET", "GET"]) assertSecretFree(await vault.read(path, { method }));
        assert.equal((await vault.ask(path)).status, path === absent ? 404 : 200);
      }
      scene.publish("one", () => ({ status: 401, headers: { "x-echo": authorization }, body: authorization }));
      for (const path of [...pathsOf(scene.specimen), absent]) assertSecretFree(await vault.read(path));
      log.push(...vault.app.lines);
    }
    for (const line of log) assertSecretFree(line);
  });

  promise(
    "no answer says where upstream has it: not in headers, and links never lead past the vault",
    async (scene) => {
      await using vault = await scene.start();
      const { host } = new URL(scene.upstream.origin);
      for (const path of pathsOf(scene.specimen)) {
        for (const round of ["miss", "again"]) {
          const answer = await vault.read(path);
          assert.equal(answer.status, 200, answer.text);
          assert.ok(!headText(answer).includes(host), `${round}: ${headText(answer)}`);
          for (const [, url = ""] of answer.text.matchAll(/(https?:\/\/[^\s"'<>]+)/g)) {
            assert.ok(!url.includes(host), `${round}: ${url}`);
          }
        }
      }
    },
  );

  promise(
    "headers about upstream's host reach nobody, and a generated document has none of upstream's",
    async (scene) => {
      const { document, file } = scene.specimen;
      const own = {
        "set-cookie": "a=b",
        "server": "nginx",
        "access-control-allow-origin": "*",
        "x-accel-redirect": "/x",
      };
      const ofDocument = document.isGenerated ? { "x-note": "internal", "content-language": "de" } : {};
      scene.publish("one", (answer) => ({ ...answer, headers: { ...answer.headers, ...own, ...ofDocument } }));
      await using vault = await scene.start();
      for (const path of pathsOf(scene.specimen)) {
        for (const method of ["GET", "GET", "HEAD"]) {
          const { status, headers } = await vault.read(path, { method });
          assert.equal(status, 200);
          const unwanted = path === file.path ? own : { ...own, ...ofDocument };
          for (const [name, value] of Object.entries(unwanted)) assert.notEqual(headers.get(name), value, name);
        }
      }
    },
  );

  promise("a redirect with a signed URL is followed, and no answer tells of it", async (scene) => {
    const { file } = scene.specimen;
    await using vault = await scene.start();
    const location = "/elsewhere?X-Amz-Signature=hunter2-of-the-vault";
    const { [file.target]: answer } = scene.specimen.content(scene.upstream.origin, "one");
    scene.upstream.serve(file.target, { status: 307, headers: { location, "content-location": location } });
    scene.upstream.serve("/elsewhere", answer!);
    for (const method of ["HEAD", "GET", "HEAD", "GET"]) {
      const followed = await vault.read(file.path, { method });
      assert.equal(followed.status, 200, followed.text);
      assertSecretFree(followed);
      if (method === "GET") assert.ok(Buffer.compare(followed.body, file.bytes) === 0);
    }
  });
}

function assertSecretFree(answer: RawAnswer | string): void {
  const text = typeof answer === "string" ? answer : `${headText(answer)}\n${answer.text}`;
  for (const secret of [login.password, authorization.slice("Basic ".length)]) {
    assert.ok(!text.includes(secret), text);
  }
}

function headText({ headers }: RawAnswer): string {
  return [...headers].map(([name, value]) => `${name}: ${value}`).join("\n");
}
