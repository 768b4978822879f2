import assert from "node:assert/strict";
import { FolderReader } from "../../src/archive/folder.ts";
import { exportBundle } from "../../src/bundle/export_bundle.ts";
import { Spool } from "../../src/bundle/spool.ts";
import { verifyBundle } from "../../src/bundle/verify_bundle.ts";
import { BundleScene } from "./bundle_scene.ts";

Deno.test("a verification that is stopped says so, and reads no further", async () => {
  await using scene = await BundleScene.open();
  for (const name of ["one", "two", "three"]) await scene.put(`files/${name}`, { sizeBytes: 300_000 });
  const source = new FolderReader(await scene.export("bundle/"));
  const abort = new AbortController();
  const open = source.open.bind(source);
  let opened = 0;
  source.open = (name, sizeBytes) => {
    if (sizeBytes === 300_000 && ++opened === 2) abort.abort();
    return open(name, sizeBytes);
  };
  const spool = await Spool.open([scene.path("temporary")]);
  const options = { source, spool, trust: { keys: [], isRequired: false }, carryingOfType: () => ({}) };
  await assert.rejects(verifyBundle({ ...options, signal: abort.signal }), /^VaultError: it was stopped$/);
  assert.equal(opened, 2);
  spool.close();
});

Deno.test("a list of what is cached that is stopped is not written", async () => {
  await using scene = await BundleScene.open();
  await scene.put("files/one");
  const spool = await Spool.open([scene.path("temporary")]);
  const written: string[] = [];
  const known = { imageNames: () => [], imageFolder: () => "/", imageParts: undefined, digestOf: () => null };
  const backend = { name: "files", type: "http", configuration: {}, ...known };
  const listing = exportBundle({
    ...{ cacheDir: scene.outside.root, backends: [backend], selects: () => true, since: null, key: null, spool },
    ...{ version: "1", openSink: null, signal: AbortSignal.abort() },
    openSummary: () => ({
      write() {},
      finish: () => Promise.resolve(void written.push("finished")),
      abort: () => void written.push("removed"),
    }),
  });
  await assert.rejects(listing, /^VaultError: it was stopped$/);
  assert.deepEqual(written, ["removed"]);
  spool.close();
});
