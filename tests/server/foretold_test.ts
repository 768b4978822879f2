import assert from "node:assert/strict";
import type { Foretold } from "../../src/backend.ts";
import { VaultError } from "../../src/errors.ts";
import { noLog } from "../../src/observe/log.ts";
import { Metrics } from "../../src/observe/metrics.ts";
import { createHandler } from "../../src/server/handler.ts";
import { openedOrForetold } from "../../src/server/foretold.ts";
import { MemoryChunks, streamOf } from "../../src/vault/streams/chunks.ts";
import type { OpenedArtifact, Vault } from "../../src/vault/vault.ts";
import { RawClient } from "../support/raw_client.ts";
import { fakeBackend } from "./fake_vault.ts";

const body = new TextEncoder().encode("all of the body");
const foretold: Foretold = { headers: [["etag", '"1"']], sizeBytes: body.byteLength };

function openedWith(bytes: Uint8Array<ArrayBuffer>): OpenedArtifact & { readonly closed: () => boolean } {
  let isClosed = false;
  return {
    ...{ headers: foretold.headers, sizeBytes: bytes.byteLength, ageSeconds: 0, cacheStatus: { hit: false } },
    ...{ upstream: "http://upstream/", ranges: true, bytes: null },
    chunks: ({ start, end } = { start: 0, end: bytes.byteLength }) => new MemoryChunks(bytes.subarray(start, end)),
    stream: () => streamOf(new MemoryChunks(bytes)),
    close: () => void (isClosed = true),
    closed: () => isClosed,
  } as OpenedArtifact & { readonly closed: () => boolean };
}

/** A server whose vault opens nothing until it is told to. */
function serve() {
  const opening = Promise.withResolvers<OpenedArtifact>();
  const backend = fakeBackend("http", "/http");
  const vault = { open: () => opening.promise, reader: {} } as unknown as Vault;
  const metrics = new Metrics({
    ...{ version: "0", backends: ["http"], cacheBytes: () => 0, upstreams: () => [], transfers: () => [] },
  });
  const { handle } = createHandler({
    ...{ vault, metrics, log: noLog, probe: () => null, isShuttingDown: () => false, foretoldAfterMs: 0 },
    backends: [{
      ...backend,
      resolve: async (request, reader) => {
        const resolved = await backend.resolve(request, reader);
        return resolved.kind === "artifact" ? { ...resolved, foretold } : resolved;
      },
    }],
  });
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, handle);
  return {
    opening,
    origin: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

Deno.test("the head of a slow answer is sent before upstream has given one, then its bytes", async () => {
  for (const [range, expected] of [[null, "all of the body"], ["bytes=4-5", "of"]] as const) {
    await using served = serve();
    using client = await RawClient.connect(served.origin);
    await client.request("/http/file", { headers: range === null ? {} : { range } });
    assert.ok(await client.readSome(), "the head comes while nothing is opened");
    served.opening.resolve(openedWith(body));
    const answer = await client.answer();
    assert.deepEqual([answer.status, answer.text, answer.complete], [range === null ? 200 : 206, expected, true]);
    assert.equal(answer.headers.get("etag"), '"1"');
  }
});

Deno.test("what fails after its head was sent never looks whole", async () => {
  for (const outcome of [new VaultError("upstream_silent", "no answer"), openedWith(body.slice(1))]) {
    await using served = serve();
    using client = await RawClient.connect(served.origin);
    await client.request("/http/file");
    assert.ok(await client.readSome());
    if (outcome instanceof VaultError) served.opening.reject(outcome);
    else served.opening.resolve(outcome);
    const answer = await client.answer();
    assert.deepEqual([answer.status, answer.complete], [200, false]);
    if (!(outcome instanceof VaultError)) assert.ok(outcome.closed());
  }
});

Deno.test("what is opened in time is taken as it is, and so is its error", async () => {
  const options = { foretold, upstream: "http://upstream/", afterMs: 60_000 };
  const opened = openedWith(body);
  assert.equal(await openedOrForetold(Promise.resolve(opened), options), opened);
  const error = new VaultError("not_found", "no");
  await assert.rejects(openedOrForetold(Promise.reject(error), options), error);
});

Deno.test("a client that leaves before anything was opened keeps nothing open", async () => {
  const opening = Promise.withResolvers<OpenedArtifact>();
  const early = await openedOrForetold(opening.promise, { foretold, upstream: "http://upstream/", afterMs: 0 });
  early.close();
  const opened = openedWith(body);
  opening.resolve(opened);
  await opening.promise;
  await Promise.resolve();
  assert.ok(opened.closed());
});
