import assert from "node:assert/strict";
import { noLog } from "../../src/observe/log.ts";
import { upstreamsOf } from "../../src/status/upstream_list.ts";
import { UpstreamHealth } from "../../src/upstream/health.ts";

Deno.test("upstreams of the configuration come first, asked or not, then others that were asked", async () => {
  const health = new UpstreamHealth({ log: noLog, slowMs: 1000 });
  const ask = (url: string, status: number) =>
    health.send(() => Promise.resolve(new Response(null, { status })), new Request(url));
  await ask("https://cdn.example/x", 200);
  for (const status of [200, 503]) await ask("https://b.example:8443/x", status);
  health.loginTold("https://b.example:8443/x", "refused");
  const backends = [
    { name: "one", origins: ["https://a.example", "https://a.example"], logins: ["https://a.example"] },
    { name: "two", origins: ["https://b.example:8443", "https://a.example"], logins: ["https://b.example:8443"] },
  ];
  const quotaOf = (host: string) => host === "b.example:8443" ? { remaining: 3, limit: 10 } : null;
  const list = upstreamsOf({ backends, health, quotaOf });
  assert.deepEqual(list.map(({ origin, backends, state, requests }) => [origin, backends, state, requests]), [
    ["https://a.example", ["one", "two"], "unknown", 0],
    ["https://b.example:8443", ["two"], "failing", 2],
    ["https://cdn.example", [], "answers", 1],
  ]);
  assert.deepEqual(list.map(({ login }) => login), ["set", "refused", "none"]);
  const [untouched, failing] = list;
  assert.deepEqual([untouched!.lastError, untouched!.firstByteMs, untouched!.quota], [null, null, null]);
  assert.deepEqual([failing!.failures, failing!.lastError, failing!.quota], [
    { 503: 1 },
    "it answers 503",
    { remaining: 3, limit: 10 },
  ]);
});
