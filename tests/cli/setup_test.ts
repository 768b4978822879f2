import assert from "node:assert/strict";
import { clients } from "../../src/setup/clients.ts";
import { createCertificates } from "../support/certificates.ts";
import { runCaptured } from "../support/run_captured.ts";
import { createTempDir } from "../support/temp_dir.ts";
import { walk } from "../support/walk.ts";

for (const { name, scopes } of clients.filter(({ name }) => !/^poetry|^apt-sources$/.test(name))) {
  for (const scope of scopes) {
    Deno.test(`setup ${name} --${scope}: a dry run changes nothing, twice is once, undo removes all of it`, async () => {
      await using dir = await createTempDir();
      const common = ["setup", name, `--${scope}`, "--root", dir.path];
      const args = [...common, "--url", "http://vault.test:8080", "--no-check"];
      const env = { HOME: "/home/u" };
      const dry = await runCaptured([...args, "--dry-run"], { env });
      assert.deepEqual([dry.code, walk(dir.path)], [0, []], dry.stderr);
      assert.match(dry.stdout, /vault\.test/);
      const first = await runCaptured(args, { env });
      assert.equal(first.code, 0, first.stderr);
      assert.ok(walk(dir.path).length > 0);
      const second = await runCaptured(args, { env });
      assert.match(second.stdout, /^nothing to change/);
      const undone = await runCaptured([...common, "--undo"], { env });
      assert.deepEqual([undone.code, [...Deno.readDirSync(dir.path)]], [0, []], undone.stderr);
      const again = await runCaptured([...common, "--undo"], { env });
      assert.equal(again.stdout, `nothing to change: setup --${scope} has changed nothing for ${name}\n`);
    });
  }
}

Deno.test("a vault that does not answer leaves the client as it is", async () => {
  await using dir = await createTempDir();
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    () => new Response("It serves: pip", { status: 404 }),
  );
  const args = ["setup", "npm", "--root", dir.path, "--url", `http://127.0.0.1:${server.addr.port}`];
  const { code, stderr } = await runCaptured(args, { env: { HOME: "/home/u" } });
  assert.equal(code, 1);
  assert.match(stderr, /\/-\/setup\/npm\?prefix=\/npm answers 404: It serves: pip\. Nothing was changed/);
  assert.deepEqual(walk(dir.path), []);
});

Deno.test("a vault whose certificate nobody knows leaves the client as it is, and it says what to trust", async () => {
  await using dir = await createTempDir();
  const { cert, key } = await createCertificates(dir);
  const [certText, keyText] = await Promise.all([Deno.readTextFile(cert), Deno.readTextFile(key)]);
  const options = { port: 0, hostname: "127.0.0.1", cert: certText, key: keyText, onListen() {} };
  await using server = Deno.serve(options, () => new Response("#!/bin/sh\n"));
  const args = ["setup", "npm", "--root", dir.join("root"), "--url", `https://127.0.0.1:${server.addr.port}`];
  const { code, stderr } = await runCaptured(args, { env: { HOME: "/home/u" } });
  assert.equal(code, 1);
  assert.match(stderr, /does not answer: .*issuer.* DENO_CERT.*Clients have to trust .*Nothing was changed/);
  await assert.rejects(Deno.stat(dir.join("root")));
  await server.shutdown();
  const nobody = await runCaptured(args, { env: { HOME: "/home/u" } });
  assert.match(nobody.stderr, /does not answer: connection refused\. Nothing was changed/);
});

for (
  const [args, message] of [
    [["ppi"], /"ppi" is not known \(did you mean "pip"/],
    [["docker", "--user"], /no settings for --user/],
    [["pip", "--url", "http://v;rm"], /is no URL of a vault/],
    [["podman", "--url", "http://[::1]:8080"], /podman needs a name for the vault/],
    [["pip", "--url", "http://me:secret@v"], /^The URL of a vault has no user and no password(?!.*secret)/],
    [["pip", "--root", "/a\nb"], /"\/a\\nb\/.*" has a line end in it/],
    [["pip", "--prefix", "/a b"], /has characters/],
  ] as const
) {
  Deno.test(`setup ${JSON.stringify(args)} is refused with code 2`, async () => {
    const { code, stderr } = await runCaptured(["setup", ...args], { env: { HOME: "/home/u" } });
    assert.equal(code, 2);
    assert.match(stderr, message);
  });
}
