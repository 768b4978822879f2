import assert from "node:assert/strict";
import { sign, signerOf, verify } from "../../src/bundle/signature.ts";
import { createKeyPair, readPrivateKey } from "../../src/bundle/signing_key.ts";
import { BundleScene } from "./bundle_scene.ts";

const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const text = new TextEncoder().encode("text");

function integer(value: bigint): number[] {
  const digits = value.toString(16).padStart(64, "0");
  const bytes = [...Uint8Array.from(digits.match(/../g)!, (two) => parseInt(two, 16))];
  while (bytes.length > 1 && bytes[0] === 0) bytes.shift();
  if (bytes[0]! >= 0x80) bytes.unshift(0);
  return [2, bytes.length, ...bytes];
}

/** The other signature that the mathematics of the curve allow. */
function otherOf(document: string): string {
  const value = JSON.parse(document);
  const der = Uint8Array.from(atob(value.messageSignature.signature), (one) => one.charCodeAt(0));
  const numberAt = (at: number) =>
    BigInt(
      `0x${[...der.subarray(at + 2, at + 2 + der[at + 1]!)].map((one) => one.toString(16).padStart(2, "0")).join("")}`,
    );
  const numbers = [...integer(numberAt(2)), ...integer(order - numberAt(4 + der[3]!))];
  value.messageSignature.signature = btoa(String.fromCharCode(0x30, numbers.length, ...numbers));
  return JSON.stringify(value);
}

Deno.test("of the two signatures that a key makes of a text, only one is taken", async () => {
  const key = await readPrivateKey((await createKeyPair()).privatePem, "key");
  for (let round = 0; round < 8; round++) {
    const document = await sign(text, key);
    assert.equal(await verify(text, document, [key]), key.fingerprint);
    await assert.rejects(verify(text, otherOf(document), [key]), /does not fit index\.json/);
  }
});

Deno.test("a signature names its key by a fingerprint, and by nothing that a terminal would obey", async () => {
  const key = await readPrivateKey((await createKeyPair()).privatePem, "key");
  const document = await sign(text, key);
  assert.equal(signerOf(document), key.fingerprint);
  const value = JSON.parse(document);
  for (const hint of ["", "\x1b[2J", `${key.fingerprint}\n`, "a".repeat(44)]) {
    value.verificationMaterial.publicKey.hint = hint;
    assert.throws(() => signerOf(JSON.stringify(value)), /is malformed/, hint);
  }
});

Deno.test("where one half of a pair of keys is there, the other one is not made", async () => {
  await using scene = await BundleScene.open();
  Deno.writeTextFileSync(scene.path("vault.pub.pem"), "mine");
  const { code, stderr } = await scene.bundle("outside", "key", "new", scene.path("vault"));
  assert.equal(code, 1);
  assert.match(stderr, /vault\.pub\.pem": there is one already, and it stays; choose another name/);
  assert.throws(() => Deno.statSync(scene.path("vault.pem")), Deno.errors.NotFound);
});

Deno.test("a trusted key that is not there is said to be named by the configuration, unless the command line does", async () => {
  await using scene = await BundleScene.open();
  await scene.put("files/notes.txt");
  const bundle = await scene.export("a.tar");
  scene.writeConfig("inside", scene.insideDir, { top: "bundles: { trust: [../no-such.pub.pem] }" });
  const { code, stderr } = await scene.bundle("inside", "import", bundle);
  assert.equal(code, 1);
  assert.match(
    stderr,
    /^bundles\.trust in the configuration: .*"\.\.\/no-such\.pub\.pem".*no such file; .* working directory/,
  );
  const named = await scene.bundle("inside", "import", bundle, "--trust", "../no-such.pub.pem");
  assert.match(named.stderr, /^Cannot read the key "\.\.\/no-such\.pub\.pem": there is no such file$/m);
});
