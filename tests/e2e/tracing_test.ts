import assert from "node:assert/strict";
import { startFakeUpstream } from "../support/fake_upstream.ts";
import { freePort } from "../support/free_port.ts";
import { createTempDir } from "../support/temp_dir.ts";
import { type CollectedSpan, TraceCollector } from "../support/trace_collector.ts";
import { waitUntil } from "../support/wait_until.ts";
import { vaultExecutable, VaultProcess, writeVaultConfig } from "../support/vault_process.ts";

const trace = "0af7651916cd43dd8448eb211c80319c";
const client = "b7ad6b7169203331";
/** What nobody but the upstream may see. */
const secrets = ["SIGNATURE", "PASSWORD", btoa("me:PASSWORD")];

// Executables trace only if they were compiled to.
const ignore = vaultExecutable !== null && Deno.env.get("VAULT_TRACES") === undefined;
const name = "one trace has a client's request, the vault's part and what it asked, and no secret";

Deno.test({ name, ignore }, async () => {
  await using dir = await createTempDir();
  await using collector = new TraceCollector();
  await using upstream = startFakeUpstream();
  const signed = "?X-Amz-Signature=SIGNATURE";
  upstream.serve("/a", { status: 302, headers: { location: `/signed${signed}` } });
  upstream.serve(`/signed${signed}`, { body: "a" });
  const nobody = `http://127.0.0.1:${freePort()}`;
  upstream.serve("/gone", { status: 302, headers: { location: `${nobody}/gone${signed}` } });
  const config = await writeVaultConfig(dir.join("config.yml"), {
    ...{ cacheDir: dir.join("cache"), upstream: upstream.origin },
    backend: ["username: me", "password: PASSWORD", "retries: 0", "ttl: 1h"],
  });
  const vault = await VaultProcess.start({ args: ["--config", config], env: collector.environment });
  const headers = { traceparent: `00-${trace}-${client}-01`, baggage: "person=alice" };
  try {
    for (const path of ["/files/a", "/files/a", "/files/gone"]) {
      await (await fetch(vault.url(path), { headers })).text();
      if (path === "/files/a") await vault.waitForLine(/Transfer complete/);
    }
  } finally {
    await vault.stop();
  }

  const { spans, text } = collector;
  assert.deepEqual(secrets.filter((secret) => text.includes(secret)), []);
  assert.ok(spans.every(({ traceId }) => traceId === trace));
  const requests = spans.filter(({ kind }) => kind === "server").map(({ name, parentSpanId, attributes }) => {
    return [name, parentSpanId, attributes["url.path"], attributes["vault.cache"], attributes["vault.backend"]];
  });
  assert.deepEqual(requests, [
    ["GET /files", client, "/files/a", "miss", "files"],
    ["GET /files", client, "/files/a", "hit", "files"],
    ["GET /files", client, "/files/gone", "error", "files"],
  ]);
  const [miss, , gone] = spans.filter(({ kind }) => kind === "server");
  assert.deepEqual(asked(spans, miss!), [
    { url: `${upstream.origin}/a`, status: 302, error: undefined },
    { url: `${upstream.origin}/signed?…`, status: 200, error: undefined },
  ]);
  assert.deepEqual(asked(spans, gone!), [
    { url: `${upstream.origin}/gone`, status: 302, error: undefined },
    { url: `${nobody}/gone?…`, status: undefined, error: "refused" },
  ]);

  // Deno's own span of a fetch, which is empty, is what the upstream gets as the sender.
  const senders = upstream.requests.map(({ headers }) => /^00-(\w+)-(\w+)-01$/.exec(headers.get("traceparent") ?? ""));
  assert.deepEqual(senders.map((sender) => sender?.[1]), [trace, trace, trace]);
  const own = senders.map((sender) => spans.find(({ spanId }) => spanId === sender?.[2]));
  assert.deepEqual(own.map((span) => span?.attributes), [{}, {}, {}]);
  assert.ok(upstream.requests.every(({ headers }) => !headers.has("baggage")));
});

Deno.test({ name: "a request that waited for its turn is in the trace of whom it is for", ignore }, async () => {
  await using dir = await createTempDir();
  await using collector = new TraceCollector();
  await using upstream = startFakeUpstream();
  // One more than are sent to a host at once.
  const traces = Array.from({ length: 17 }, (_, number) => String(number + 1).padStart(32, "0"));
  for (const id of traces) upstream.serve(`/${id}`, { body: id });
  const holds = traces.map((id) => upstream.hold(`/${id}`));
  const config = await writeVaultConfig(dir.join("config.yml"), {
    ...{ cacheDir: dir.join("cache"), upstream: upstream.origin },
    backend: ["max_transfers: 1"],
  });
  const vault = await VaultProcess.start({ args: ["--config", config], env: collector.environment });
  try {
    const answers = traces.map(async (id) => {
      const answer = await fetch(vault.url(`/files/${id}`), { headers: { traceparent: `00-${id}-${client}-01` } });
      return await answer.text();
    });
    await waitUntil("one waits", async () => {
      const text = await (await fetch(vault.url("/metrics"))).text();
      return text.includes('vault_transfers_waiting{backend="files"} 1\n');
    });
    await upstream.waitForRequest(16);
    for (const hold of holds) hold.release();
    assert.deepEqual(await Promise.all(answers), traces);
  } finally {
    await vault.stop();
  }
  const sent = collector.spans.filter(({ scope }) => scope === "artifact-vault");
  assert.equal(sent.length, traces.length);
  for (const { traceId, attributes } of sent) assert.equal(attributes["url.full"], `${upstream.origin}/${traceId}`);
});

/** What was asked of upstreams for a request. */
function asked(spans: readonly CollectedSpan[], { spanId }: CollectedSpan) {
  const own = spans.filter(({ scope, parentSpanId }) => scope === "artifact-vault" && parentSpanId === spanId);
  return own.map(({ attributes }) => ({
    url: attributes["url.full"],
    status: attributes["http.response.status_code"],
    error: attributes["error.type"],
  }));
}
