import assert from "node:assert/strict";
import { hasBlob } from "../support/cache_dir.ts";
import { curl, download, runShell, sha256OfFile } from "../support/clients.ts";
import { startFakeUpstream } from "../support/fake_upstream.ts";
import { startNginx } from "../support/nginx.ts";
import { Pattern } from "../support/pattern.ts";
import { missingPrograms } from "../support/programs.ts";
import { mib } from "../support/random_file.ts";
import { createScene } from "../support/scene.ts";
import type { VaultProcess } from "../support/vault_process.ts";

const ignore = missingPrograms("nginx", "curl", "wget").length > 0;

Deno.test({ name: "a file is fetched once, kept, and served when the upstream is gone", ignore }, async (t) => {
  await using scene = await createScene();
  const file = await scene.addFile("app.tar.gz", 10 * mib);
  const path = `/files/${file.name}`;
  const direct = await curl("-I", `${scene.nginx.url}/${file.name}`);
  await scene.nginx.clearRequests();

  await t.step("while the vault runs", async (t) => {
    await using vault = await scene.startVault();

    await t.step("first download", async () => {
      const got = await download(vault.url(path), file);
      assert.deepEqual([got.status, got.right], [200, true]);
      await vault.waitForLine(/Transfer complete/);
      assert.ok(hasBlob(scene.cacheDir, file.sha256));
    });

    await t.step("second download is a hit", async () => {
      const got = await curl(vault.url(path));
      assert.equal(got.body.byteLength, file.sizeBytes);
      assert.match(got.headers.get("cache-status") ?? "", /;\s*hit/);
      assert.ok(Number(got.headers.get("age")) >= 0);
    });

    await t.step("HEAD says what GET says", async () => {
      const got = await curl("-I", vault.url(path));
      assert.equal(got.status, 200);
      for (const name of ["content-length", "content-type", "etag", "last-modified"]) {
        assert.equal(got.headers.get(name), direct.headers.get(name), name);
      }
      assert.equal(got.headers.get("accept-ranges"), "bytes");
    });

    const ranges = [["0-0", 0, 1], ["1000-1999", 1000, 2000], ["-500", -500, undefined], ["9000000-", 9e6, undefined]];
    for (const [range, start, end] of ranges as [string, number, number | undefined][]) {
      await t.step(`range ${range}`, async () => {
        const wanted = (await Deno.readFile(file.path)).subarray(start, end);
        const got = await curl("-r", range, vault.url(path));
        assert.equal(got.status, 206);
        assert.ok(wanted.byteLength === got.body.byteLength && wanted.every((byte, at) => byte === got.body[at]));
        assert.match(got.headers.get("content-range") ?? "", new RegExp(`^bytes \\d+-\\d+/${file.sizeBytes}$`));
      });
    }

    await t.step("range behind the end is 416", async () => {
      const got = await curl("-r", `${file.sizeBytes}-`, vault.url(path));
      assert.deepEqual([got.status, got.headers.get("content-range")], [416, `bytes */${file.sizeBytes}`]);
    });

    await t.step("If-None-Match and If-Modified-Since are answered with 304", async () => {
      const conditions = [
        `If-None-Match: ${direct.headers.get("etag")}`,
        `If-Modified-Since: ${direct.headers.get("last-modified")}`,
      ];
      for (const condition of conditions) {
        const got = await curl("-H", condition, vault.url(path));
        assert.deepEqual([got.status, got.body.byteLength], [304, 0], condition);
      }
    });

    await t.step("curl and wget go on with half a file", async () => {
      const half = scene.dir.join("half");
      const url = vault.url(path);
      for (const goOn of [`curl -sS -C - -o ${half} ${url}`, `wget -q -c -O ${half} ${url}`]) {
        await Deno.writeFile(half, (await Deno.readFile(file.path)).subarray(0, 3 * mib));
        const { code, output } = await runShell(goOn, { env: { no_proxy: "127.0.0.1" } });
        assert.equal(code, 0, output);
        assert.equal(await sha256OfFile(half), file.sha256, goOn);
      }
    });

    await t.step("the upstream was asked once", async () => {
      const asked = (await scene.nginx.requests()).map(({ method, status }) => `${method} ${status}`);
      assert.deepEqual(asked, ["GET 200"]);
    });

    await t.step("upstream stopped: still served", async () => {
      await scene.nginx.stop();
      assert.ok((await download(vault.url(path), file)).right);
    });

    await t.step("upstream stopped: an unknown file is a 502 that says what was tried", async () => {
      const got = await curl(vault.url("/files/unknown"));
      assert.equal(got.status, 502);
      assert.match(got.text, new RegExp(`GET /files/unknown\\n.*127\\.0\\.0\\.1:${scene.nginx.port}/`));
    });
  });

  await t.step("offline start: still served, the unknown is a 404 that says how to bring it", async () => {
    await using vault = await scene.startVault({ args: ["--offline"] });
    assert.ok((await download(vault.url(path), file)).right);
    const unknown = await curl(vault.url("/files/unknown"));
    assert.equal(unknown.status, 404);
    assert.match(unknown.text, /offline/i);
  });
});

Deno.test({ name: "HEAD and a range of something not held yet", ignore }, async (t) => {
  await using scene = await createScene();
  const file = await scene.addFile("cold.bin", 20 * mib);
  await using vault = await scene.startVault();

  await t.step("HEAD asks with HEAD and keeps nothing", async () => {
    const got = await curl("-I", vault.url(`/files/${file.name}`));
    assert.deepEqual([got.status, got.headers.get("content-length")], [200, String(file.sizeBytes)]);
    assert.deepEqual((await scene.nginx.requests()).map(({ method }) => method), ["HEAD"]);
  });

  await t.step("a range in the middle is right at once, and the file is whole in the end", async () => {
    const range = { start: 15 * mib + 7, end: 16 * mib };
    const got = await download(vault.url(`/files/${file.name}`), file, { range });
    assert.deepEqual([got.status, got.right], [206, true]);
    assert.ok((await download(vault.url(`/files/${file.name}`), file)).right);
    await vault.waitForLine(/Transfer complete/);
    assert.ok(hasBlob(scene.cacheDir, file.sha256));
  });
});

Deno.test({ name: "a body without a length is passed on chunked and kept", ignore }, async () => {
  await using scene = await createScene();
  await scene.configure({ backend: ["ttl: 1h"] });
  const file = await scene.addFile("unsized.bin", 5 * mib);
  await using vault = await scene.startVault();
  const url = vault.url(`/files/unsized/${file.name}`);
  assert.ok((await download(url, file)).right);
  await vault.waitForLine(/Transfer complete/);
  await scene.nginx.stop();
  const kept = await curl("-I", url);
  assert.equal(kept.headers.get("content-length"), String(file.sizeBytes));
  assert.ok((await download(url, file)).right);
});

/** The example in running.md, for a vault elsewhere. */
function documentedProxy(vault: VaultProcess): string {
  const text = Deno.readTextFileSync(new URL("../../docs/running.md", import.meta.url));
  const [, example = ""] = /^```nginx\n(.*?)^```/ms.exec(text) ?? [];
  assert.match(example, /proxy_pass http:\/\/127\.0\.0\.1:8080;/);
  return example.replace("http://127.0.0.1:8080", vault.url(""));
}

Deno.test({ name: "behind nginx, a body without a length that breaks off never looks whole", ignore }, async (t) => {
  await using scene = await createScene();
  await using upstream = startFakeUpstream();
  const body = new Pattern(2 * mib);
  upstream.serve("/whole", { body, framing: "chunked", etag: '"1"' });
  upstream.serve("/sized", { body, etag: '"1"' });
  upstream.serve("/broken", { body, framing: "chunked", fault: { kind: "close", afterBytes: mib } });
  upstream.serve("/small", { body: new Pattern(1000), framing: "chunked", fault: { kind: "close", afterBytes: 500 } });
  await scene.configure({ upstream: upstream.origin, backend: ["retries: 0"] });
  await using vault = await scene.startVault();
  const old = documentedProxy(vault)
    .replace(/^.*(proxy_http_version|Connection).*\n/gm, "")
    .replace(/proxy_read_timeout .*;/, "proxy_http_version 1.0; proxy_read_timeout 1s;");
  const proxies = [["as documented", documentedProxy(vault)], ["that speaks HTTP/1.0", old]] as const;
  for (const [what, server] of proxies) {
    await t.step(`nginx ${what}`, async () => {
      await using front = await startNginx({ root: scene.dir.path, server });
      for (const name of ["whole", "sized", "whole"]) {
        const got = await curl(`${front.url}/files/${name}`);
        assert.deepEqual([got.exitCode, got.status, got.body.length], [0, 200, body.size]);
        assert.ok(body.matches(got.body, 0));
      }
      const part = await curl("-r", "100-199", `${front.url}/files/sized`);
      assert.ok(part.status === 206 && part.body.length === 100 && body.matches(part.body, 100));
      for (const name of ["broken", "small"]) {
        const got = await curl(`${front.url}/files/${name}`);
        assert.ok(got.exitCode === 18 || got.status === 502, `${name}: ${got.exitCode} ${got.status}`);
      }
    });
  }
});

const refused: readonly [what: string, args: readonly string[], path: string, status: number][] = [
  ["another method", ["-X", "PUT", "-d", "x"], "/files/app.tar.gz", 405],
  ["an unknown prefix", [], "/nothing/here", 404],
  ["a path that climbs", ["--path-as-is"], "/files/../../etc/passwd", 400],
  ["a path that climbs in disguise", ["--path-as-is"], "/files/%2e%2e%2f%2e%2e%2fetc/passwd", 400],
  ["a broken escape", [], "/files/%zz", 400],
];

Deno.test({ name: "what is not served is refused with a clear answer", ignore }, async (t) => {
  await using scene = await createScene();
  await using vault = await scene.startVault();
  for (const [what, args, path, status] of refused) {
    await t.step(what, async () => {
      const got = await curl(...args, vault.url(path));
      assert.equal(got.status, status);
      assert.notEqual(got.text, "");
    });
  }
  await t.step("none of it reached the upstream", async () => assert.deepEqual(await scene.nginx.requests(), []));
});

Deno.test({ name: "with upstream_errors: pass_on, curl gets upstream's own error", ignore }, async (t) => {
  await using scene = await createScene();
  await scene.configure({ backend: ["upstream_errors: pass_on"] });
  await using vault = await scene.startVault();
  const direct = await curl(`${scene.nginx.url}/missing`);
  for (const what of ["asked for the first time", "remembered"]) {
    await t.step(what, async () => {
      const got = await curl(vault.url("/files/missing"));
      assert.deepEqual([got.status, got.text], [404, direct.text]);
      assert.equal(got.headers.get("content-type"), direct.headers.get("content-type"));
      assert.equal(got.headers.get("content-security-policy"), "sandbox allow-downloads");
    });
  }
  await t.step("an upstream that is gone is explained", async () => {
    await scene.nginx.stop();
    const got = await curl(vault.url("/files/other"));
    assert.equal(got.status, 502);
    assert.match(got.text, /^502 upstream_failed\n/);
  });
});
