import assert from "node:assert/strict";
import { createWheel } from "../../support/pypi/python_package.ts";
import { createPythonScene } from "../../support/pypi/python_scene.ts";
import { type PageFormat, simpleTypes } from "../../support/pypi/simple_page.ts";
import { type UvFile, UvReplay } from "../../support/pypi/uv_replay.ts";
import { testInTurn } from "../../support/thorough.ts";

const mib = 1024 * 1024;

for (const form of ["html", "json"] satisfies PageFormat[]) {
  testInTurn(
    `uv's requests are answered from an index that speaks ${form} alone, and again when it is gone`,
    async () => {
      await using scene = await createPythonScene({ forms: [form] });
      const { index } = scene;
      const wheel = index.add(createWheel("my-app", "1.0", { dependencies: ["some-lib>=1"], dataBytes: mib }));
      index.add(createWheel("my-app", "1.1"), { yanked: true });
      await using vault = await scene.startVault({ ttl: "0s" });
      const uv = new UvReplay(vault.indexUrl);
      const install = async () => {
        const page = await uv.page("my-app");
        const [file, yanked] = page.files;
        assert.equal(page.mediaType, simpleTypes.json, "uv prefers JSON");
        assert.equal(await uv.revalidate("my-app", page), 304);
        assert.deepEqual([file?.filename, file?.sha256, file?.hasSidecar], [wheel.filename, wheel.sha256, true]);
        assert.deepEqual([file?.yanked, yanked?.yanked], [false, true]);
        assert.equal(await uv.metadata(file!), new TextDecoder().decode(wheel.metadata!));
        assert.deepEqual(await uv.download(file!), wheel.bytes);
      };
      await install();
      const path = index.filePath(wheel);
      const files = index.lines.filter((line) => line.includes("/packages/"));
      assert.deepEqual(files, [`GET ${path}.metadata`, `GET ${path}`]);
      await index.refuse();
      await install();
    },
  );
}

testInTurn("uv reads metadata from inside a large wheel that is not held yet, and from one that is", async () => {
  await using scene = await createPythonScene();
  const { index } = scene;
  const wheel = index.add(createWheel("large", "1.0", { dataBytes: 40 * mib }), { sidecar: false });
  await using vault = await scene.startVault();
  const uv = new UvReplay(vault.indexUrl);
  const [file] = (await uv.page("large")).files as [UvFile];
  assert.equal(file.hasSidecar, false);
  assert.equal(await uv.metadata(file), new TextDecoder().decode(wheel.metadata!));
  const asked = index.requests.filter(({ path }) => path === index.filePath(wheel));
  assert.deepEqual(asked.map(({ method }) => method).slice(0, 2), ["HEAD", "GET"]);
  const from = Number(/^bytes=(\d+)-/.exec(asked[1]?.headers.get("range") ?? "")?.[1]);
  assert.ok(from > 30 * mib, `upstream was asked from ${from}`);

  assert.deepEqual(await uv.download(file), wheel.bytes);
  await vault.process.waitForLine(/Transfer complete/);
  assert.ok(index.sentBytes < 1.1 * wheel.bytes.byteLength, `upstream sent ${index.sentBytes} bytes`);
  await index.refuse();
  assert.equal(await uv.metadata(file), new TextDecoder().decode(wheel.metadata!));
});

testInTurn("the last bytes of a wheel are read by a suffix range, cold and held", async () => {
  await using scene = await createPythonScene();
  const wheel = scene.index.add(createWheel("large", "1.0", { dataBytes: 40 * mib }));
  await using vault = await scene.startVault();
  const [file] = (await new UvReplay(vault.indexUrl).page("large")).files as [UvFile];
  const size = wheel.bytes.byteLength;
  const readTail = async () => {
    const response = await fetch(file.url, { headers: { range: "bytes=-10000", "accept-encoding": "identity" } });
    const bytes = await response.bytes();
    assert.equal(response.headers.get("content-range"), `bytes ${size - 10_000}-${size - 1}/${size}`);
    assert.deepEqual([response.status, bytes], [206, wheel.bytes.subarray(-10_000)]);
  };
  await readTail();
  await (await fetch(file.url)).bytes();
  await vault.process.waitForLine(/Transfer complete/);
  await scene.index.refuse();
  await readTail();
});
