import assert from "node:assert/strict";
import { BundleScene } from "../bundle/bundle_scene.ts";

interface Member {
  readonly name: string;
  /** Where its header begins, where its bytes begin, and where the next header begins. */
  readonly header: number;
  readonly bytes: number;
  readonly end: number;
  readonly sizeBytes: number;
}

interface Signed extends AsyncDisposable {
  readonly scene: BundleScene;
  readonly path: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly members: readonly Member[];
}

async function openSigned(): Promise<Signed> {
  const scene = await BundleScene.open();
  for (const name of ["vault", "other"]) await scene.bundle("outside", "key", "new", scene.path(name));
  await scene.put("files/a/one.bin", { sizeBytes: 1300 });
  await scene.put("files/a/two.bin", { sizeBytes: 512 });
  await scene.put("files/a/three.bin", { sizeBytes: 10 });
  await scene.put("pypi/simple/requests/", { sizeBytes: 700 });
  const path = await scene.export("bundle.tar", "--sign", scene.path("vault.pem"));
  const bytes = Deno.readFileSync(path);
  return { scene, path, bytes, members: membersOf(bytes), [Symbol.asyncDispose]: () => scene[Symbol.asyncDispose]() };
}

function membersOf(bytes: Uint8Array): Member[] {
  const members: Member[] = [];
  const text = (from: number, to: number) => new TextDecoder().decode(bytes.subarray(from, to)).replace(/\0.*/s, "");
  for (let header = 0; bytes[header] !== 0;) {
    const sizeBytes = parseInt(text(header + 124, header + 136), 8);
    const end = header + 512 + Math.ceil(sizeBytes / 512) * 512;
    members.push({ name: text(header, header + 100), header, bytes: header + 512, end, sizeBytes });
    header = end;
  }
  return members;
}

/** Imports a changed bundle, as somebody who trusts the key. */
async function importChanged({ scene, path }: Signed, bytes: Uint8Array, trusted = "vault") {
  Deno.writeFileSync(path, bytes);
  return await scene.bundle("inside", "import", path, "--trust", scene.path(`${trusted}.pub.pem`));
}

async function assertRefused(signed: Signed, bytes: Uint8Array, what: string, trusted?: string): Promise<string> {
  const { code, stderr } = await importChanged(signed, bytes, trusted);
  assert.equal(code, 1, `${what}: ${stderr}`);
  assert.match(stderr, /^Cannot import ".*bundle.tar": /, what);
  assert.deepEqual(signed.scene.files(), [], what);
  return stderr;
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const changed = bytes.slice();
  changed[at] = changed[at]! ^ (1 << (at % 8));
  return changed;
}

/** So many places, evenly spread from `from` to `to`. */
function spread(from: number, to: number, most: number): number[] {
  const count = Math.min(most, to - from);
  return Array.from({ length: count }, (_, index) => from + Math.floor(index * (to - from) / count));
}

Deno.test("one flipped bit anywhere in a signed bundle is refused, and nothing of it is kept", async () => {
  await using signed = await openSigned();
  const { bytes, members } = signed;
  const end = members.at(-1)!.end;
  const places = [
    // Headers are alike: each is changed in other places.
    ...members.flatMap((member, index) => [
      ...spread(member.header + 3 * index, member.bytes, 32),
      ...spread(member.bytes, member.bytes + member.sizeBytes, 24),
      ...spread(member.bytes + member.sizeBytes, member.end, 6),
    ]),
    ...spread(end, bytes.byteLength, 16),
  ];
  assert.ok(places.length >= 500, `${places.length} places`);
  for (const at of places) await assertRefused(signed, flipped(bytes, at), `byte ${at}`);
  assert.equal((await importChanged(signed, bytes)).code, 0);
});

Deno.test("members that are swapped, repeated, left out or added are refused, and nothing of them is kept", async () => {
  await using signed = await openSigned();
  const { bytes, members } = signed;
  const piece = ({ header, end }: Member) => bytes.subarray(header, end);
  const rest = bytes.subarray(members.at(-1)!.end);
  const joined = (pieces: readonly Uint8Array[]) => new Uint8Array(pieces.flatMap((one) => [...one]));
  for (const [index, member] of members.entries()) {
    const others = members.toSpliced(index, 1).map(piece);
    await assertRefused(signed, joined([...others, rest]), `without ${member.name}`);
    await assertRefused(signed, joined([...members.map(piece).toSpliced(index, 0, piece(member)), rest]), "repeated");
    const next = members[index + 1];
    if (next === undefined) continue;
    const swapped = members.map(piece).toSpliced(index, 2, piece(next), piece(member));
    await assertRefused(signed, joined([...swapped, rest]), `${member.name} swapped`);
  }
  await assertRefused(signed, joined([bytes, new Uint8Array(512)]), "zero bytes after the end");
  await assertRefused(signed, joined([bytes, bytes]), "the bundle twice");
});

Deno.test("a bundle that is signed by another key, or by none, is refused before anything is kept", async () => {
  await using signed = await openSigned();
  const { scene, bytes, members } = signed;
  assert.match(await assertRefused(signed, bytes, "another key", "other"), /is signed by the key .*trusted are only/);
  const resigned = Deno.readFileSync(await scene.export("resigned.tar", "--sign", scene.path("other.pem")));
  assert.match(await assertRefused(signed, resigned, "signed again"), /is signed by the key/);
  const signature = members.find(({ name }) => name === "index.json.sigstore.json")!;
  const stripped = new Uint8Array([...bytes.subarray(0, signature.header), ...bytes.subarray(signature.end)]);
  assert.match(await assertRefused(signed, stripped, "stripped"), /is not signed.*--sign KEY/);
  const other = resigned.subarray(signature.header, signature.end);
  const swapped = new Uint8Array([...bytes.subarray(0, signature.header), ...other, ...bytes.subarray(signature.end)]);
  await assertRefused(signed, swapped, "the signature of another bundle");
});

Deno.test("with require_signature, nothing is imported while no key is trusted", async () => {
  await using signed = await openSigned();
  const { scene, path } = signed;
  scene.writeConfig("inside", scene.insideDir, { top: "bundles: { require_signature: true }" });
  const { code, stderr } = await scene.bundle("inside", "import", path);
  assert.deepEqual([code, scene.files()], [1, []]);
  assert.match(stderr, /require_signature is on and no key is trusted; name one with --trust PUB/);
  scene.writeConfig("inside", scene.insideDir, { top: `bundles: { trust: [${scene.path("vault.pub.pem")}] }` });
  assert.equal((await scene.bundle("inside", "import", path)).code, 0);
});

Deno.test("a cut bundle leaves what is whole, names of nothing that is missing, and the next import resumes", async () => {
  await using signed = await openSigned();
  const { scene, bytes, members } = signed;
  const last = members.at(-1)!;
  const { code, stderr } = await importChanged(signed, bytes.subarray(0, last.bytes + 100));
  assert.equal(code, 1);
  assert.match(stderr, /it ends within "blobs\/sha256\/[0-9a-f]{64}"\. The cache has 3 of 4 bodies; import the/);
  assert.deepEqual(await scene.names(), ["files/a/one.bin", "files/a/three.bin", "files/a/two.bin"]);
  Deno.writeFileSync(signed.path, bytes);
  const again = await scene.bundle("inside", "import", signed.path);
  assert.match(again.stdout, /1 new body, 700 bytes; 3 bodies, 1\.8 KiB, were there already; 1 entry written/);
  assert.deepEqual(await scene.names(), await scene.names(scene.outside.root));
});

for (const length of [0, 100, 512, 700, 1024]) {
  Deno.test(`of a bundle that ends after ${length} bytes nothing is kept`, async () => {
    await using signed = await openSigned();
    await assertRefused(signed, signed.bytes.subarray(0, length), "cut");
  });
}
