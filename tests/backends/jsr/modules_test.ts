import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { startBackends } from "../../support/app_fixture.ts";
import { FileShelf } from "../../support/file_shelf.ts";
import { RecordingServer } from "../../support/recording_server.ts";

const encoder = new TextEncoder();
const text = `export const letters = ${JSON.stringify("abcdefghij".repeat(20_000))};\n`;
const checksum = `sha256-${createHash("sha256").update(text).digest("hex")}`;
/** Not as a program would print it: a lock file has the digest of these bytes. */
const manifest = ` { "manifest" : {"/mod.ts":{"size": ${text.length}, "checksum": "${checksum}"} },\n\t"exports":{}}\n`;

function createRegistry(): RecordingServer {
  const shelf = new FileShelf();
  shelf.put("/@acme/tool/meta.json", encoder.encode('{"versions":{"1.0.0":{}}}'));
  shelf.put("/@acme/tool/1.0.0_meta.json", encoder.encode(manifest));
  shelf.put("/@acme/tool/1.0.0/mod.ts", encoder.encode(text));
  return new RecordingServer((request) => shelf.serve(request));
}

const startVault = ({ url }: RecordingServer) =>
  startBackends([{ type: "jsr", name: "jsr", config: { base_url: url, retries: 0 } }]);

Deno.test("the files of a version are told byte for byte", async () => {
  await using registry = createRegistry();
  await using vault = await startVault(registry);
  for (const _round of ["cold", "warm"]) {
    assert.equal((await vault.ask("/jsr/@acme/tool/1.0.0_meta.json")).text, manifest);
  }
});

Deno.test("a module with other bytes than its version lists is whole for nobody, and not stored", async () => {
  await using registry = createRegistry();
  await using vault = await startVault(registry);
  registry.fault = async (request, pass) => {
    const response = await pass();
    if (!request.url.endsWith("/mod.ts")) return response;
    const bytes = await response.bytes();
    bytes[bytes.length - 5]! ^= 1;
    return new Response(bytes, response);
  };
  const wrong = await vault.ask("/jsr/@acme/tool/1.0.0/mod.ts");
  assert.ok(wrong.status !== 200 || !wrong.complete);
  registry.fault = null;
  const { status, text: got, headers } = await vault.ask("/jsr/@acme/tool/1.0.0/mod.ts");
  assert.deepEqual([status, got], [200, text]);
  assert.match(headers.get("cache-status")!, /fwd=uri-miss/);
});

Deno.test("odd names, digests and types in the list of a version's files spoil no other file", async () => {
  await using registry = createRegistry();
  const odd = ['"/\\ud800.ts":{"checksum":1}', '"__proto__":{}', '"constructor":null', '"/a.ts":[]'].join();
  const listed = `{"manifest":{${odd},"/mod.ts":{"checksum":"${checksum}"}}}`;
  registry.fault = (request, pass) =>
    request.url.endsWith("_meta.json")
      ? new Response(listed, { headers: { "content-type": "application/json" } })
      : pass();
  await using vault = await startVault(registry);
  assert.equal((await vault.ask("/jsr/@acme/tool/1.0.0_meta.json")).text, listed);
  assert.equal((await vault.ask("/jsr/@acme/tool/1.0.0/mod.ts")).text, text);
  for (const name of ["/__proto__", "/constructor", "/toString", "//mod.ts", "/none.ts"]) {
    assert.equal((await vault.ask(`/jsr/@acme/tool/1.0.0${name}`)).status, 404, name);
  }
});

Deno.test("a browser gets the file, and the registry is never asked for its page (jsr #700)", async () => {
  await using registry = createRegistry();
  await using vault = await startVault(registry);
  const headers = { accept: "text/html,application/xhtml+xml,*/*;q=0.8", "sec-fetch-dest": "document" };
  assert.equal((await vault.ask("/jsr/@acme/tool/1.0.0/mod.ts", { headers })).text, text);
  assert.ok(registry.requests.every((request) => request.headers.get("accept") === "*/*"));
  assert.ok(registry.requests.every((request) => !request.headers.has("sec-fetch-dest")));
});
