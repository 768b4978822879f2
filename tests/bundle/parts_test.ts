import assert from "node:assert/strict";
import { bytesOf } from "../support/store_fixture.ts";
import { BundleScene } from "./bundle_scene.ts";

const partBytes = 20_000;

async function openSplit(): Promise<{ scene: BundleScene; path: string; parts: string[] } & AsyncDisposable> {
  const scene = await BundleScene.open();
  await scene.put("files/one", { sizeBytes: 50_000 });
  await scene.put("files/two", { sizeBytes: 30_000 });
  const path = await scene.export("bundle.tar", "--part-size", `${partBytes}`);
  const parts = [1, 2, 3, 4, 5].map((number) => `${path}.00${number}`);
  return { scene, path, parts, [Symbol.asyncDispose]: () => scene[Symbol.asyncDispose]() };
}

Deno.test("the parts of a split bundle put together are the bundle", async () => {
  await using split = await openSplit();
  const { scene, path, parts } = split;
  const whole = new Uint8Array(parts.flatMap((part) => [...Deno.readFileSync(part)]));
  assert.deepEqual(parts.slice(0, -1).map((part) => Deno.statSync(part).size), Array(4).fill(partBytes));
  Deno.writeFileSync(scene.path("whole.tar"), whole);
  assert.equal((await scene.bundle("inside", "verify", scene.path("whole.tar"))).code, 0);
  for (const named of [`${path}.parts.json`, parts[0]!, path]) {
    assert.equal((await scene.bundle("inside", "verify", named)).code, 0, named);
  }
  assert.equal((await scene.bundle("inside", "import", path)).code, 0);
  assert.deepEqual(await scene.names(), ["files/one", "files/two"]);
});

const problems: [what: string, change: (parts: string[]) => void, message: RegExp][] = [
  ["missing", (parts) => Deno.removeSync(parts[2]!), /the part bundle\.tar\.003 is missing; copy it again$/],
  ["cut", (parts) => Deno.truncateSync(parts[1]!, 7), /the part bundle\.tar\.002 has 7 of 20000 bytes; copy it again$/],
  ["missing at the end", (parts) => Deno.removeSync(parts[4]!), /the part bundle\.tar\.005 is missing; copy it again$/],
  [
    "swapped with another",
    ([, second = "", third = ""]) => {
      const bytes = Deno.readFileSync(second);
      Deno.copyFileSync(third, second);
      Deno.writeFileSync(third, bytes);
    },
    /bundle\.tar": the part bundle\.tar\.002 has the bytes of bundle\.tar\.003; copy it again\. Nothing of it was kept$/,
  ],
  [
    "repeated",
    ([, second = "", third = ""]) => Deno.copyFileSync(second, third),
    /bundle\.tar": the part bundle\.tar\.003 has the bytes of bundle\.tar\.002; copy it again\. Nothing of it was kept$/,
  ],
  [
    "other bytes",
    ([, , , fourth = ""]) => Deno.writeFileSync(fourth, bytesOf("other", partBytes)),
    /bundle\.tar": the part bundle\.tar\.004 has other bytes than it was written with; copy it again\. Nothing of it was kept$/,
  ],
];

for (const [what, change, message] of problems) {
  Deno.test(`a part that is ${what} is named, and nothing is kept`, async () => {
    await using split = await openSplit();
    const { scene, path, parts } = split;
    change(parts);
    const { code, stderr } = await scene.bundle("inside", "import", path);
    assert.equal(code, 1);
    assert.match(stderr.trimEnd(), message);
    assert.deepEqual(scene.files(), []);
  });
}

Deno.test("fewer parts of a later export leave none of an earlier one", async () => {
  await using split = await openSplit();
  const { scene, path } = split;
  await scene.export("bundle.tar", "--part-size", "60000");
  const names = [...Deno.readDirSync(scene.path("."))].map(({ name }) => name).filter((name) => /\.0\d\d$/.test(name));
  assert.deepEqual(names.sort(), ["bundle.tar.001", "bundle.tar.002"]);
  assert.equal((await scene.bundle("inside", "verify", path)).code, 0);
});
