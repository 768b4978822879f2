import assert from "node:assert/strict";
import { registryCredentials } from "../../src/backends/oci/auth/registry_credentials.ts";
import { noLog } from "../../src/observe/log.ts";
import type { UpstreamOptions } from "../../src/upstream/client.ts";
import { withExchangeLog } from "../../src/upstream/exchange_log.ts";
import { type FakeUpstream, sequence, startFakeUpstream } from "../support/fake_upstream.ts";
import { createRecordingLog } from "../support/store_fixture.ts";
import { createTestClient } from "../support/upstream_client.ts";

/** A client, and the lines that it writes, their milliseconds left out. */
function loggedClient(upstream: FakeUpstream, options: Partial<UpstreamOptions> = {}) {
  const log = createRecordingLog();
  const client = createTestClient(upstream.origin, { allowPrivateRedirects: true, log, ...options });
  const lines = () => log.lines.map((line) => line.replace(/, \d+ ms$/, "").replaceAll(upstream.origin, ""));
  return { ...client, lines };
}

async function ask(client: ReturnType<typeof loggedClient>, url: string, headers: HeadersInit = {}): Promise<void> {
  await (await client.fetch(new Request(url, { headers }))).body?.cancel();
}

Deno.test("DEBUG has a line for each exchange: redirects, repetitions and what was asked for", async () => {
  await using upstream = startFakeUpstream();
  using client = loggedClient(upstream);
  upstream.serve("/f", { status: 302, headers: { location: "/g?sig=secret" } });
  upstream.serve("/g?sig=secret", sequence({ status: 503 }, { status: 302, headers: { location: "/h" } }));
  upstream.serve("/h", { body: "here" });
  await ask(client, upstream.url("/f"), { range: "bytes=0-" });
  const lines = client.lines();
  assert.deepEqual(lines.filter((line) => !line.includes(" again in ")).slice(0, 2), [
    'DEBUG Upstream GET "/f" (range: bytes=0-): 302 to "/g?…"',
    'DEBUG Upstream GET "/g?…" (range: bytes=0-): 503, 0 bytes',
  ]);
  assert.equal(lines.filter((line) => line.startsWith("DEBUG Upstream GET")).length, 5);
  assert.match(lines.at(-1)!, /^DEBUG Upstream GET "\/h" \(range: bytes=0-\): 2\d\d, 4 bytes$/);
  assert.ok(!lines.join().includes("secret"));
});

Deno.test("DEBUG tells requests for a token from others", async () => {
  await using upstream = startFakeUpstream();
  using client = loggedClient(upstream, { credentials: registryCredentials({ insecure: true }) });
  const challenge = `Bearer realm="${upstream.url("/token")}",service="s"`;
  upstream.serve(
    "/v2/",
    (request) =>
      request.headers.get("authorization") === "Bearer t0ken"
        ? { body: "{}" }
        : { status: 401, headers: { "www-authenticate": challenge } },
  );
  upstream.serve("/token?service=s", { body: JSON.stringify({ token: "t0ken" }) });
  await ask(client, upstream.url("/v2/"));
  assert.deepEqual(client.lines(), [
    'DEBUG Upstream GET "/v2/": 401, 0 bytes',
    'DEBUG Upstream GET "/token?…" for a token: 200, 17 bytes',
    'DEBUG Upstream GET "/v2/": 200, 2 bytes',
  ]);
});

Deno.test("DEBUG has a line for what is not answered, with the reason once", async () => {
  await using upstream = startFakeUpstream();
  using client = loggedClient(upstream, { timeoutMs: 50 });
  upstream.serve("/f", { fault: { kind: "silent" } });
  await assert.rejects(ask(client, upstream.url("/f")), { code: "upstream_silent" });
  assert.deepEqual(client.lines(), ['DEBUG Upstream GET "/f": no answer for 0.05 s']);
});

Deno.test("the proxy is named, in the line and in the error, also where it is the proxy that refuses", async () => {
  await using proxy = startFakeUpstream();
  using client = loggedClient(proxy, { proxy: proxy.origin.replace("//", "//user:secret@"), retries: 0 });
  proxy.serve("http://upstream.test/f", { body: "here" });
  proxy.serve("http://upstream.test/login", { status: 407 });
  await ask(client, "http://upstream.test/f");
  assert.deepEqual(client.lines(), ['DEBUG Upstream GET "http://upstream.test/f" through the proxy "": 200, 4 bytes']);
  for (
    const [url, reason] of [
      ["http://upstream.test/login", "wants a login, or another one (407)"],
      ["https://upstream.test/f", "refused to connect to this host"],
    ]
  ) {
    const message = `Cannot fetch "${url}": the proxy "${proxy.origin}" ${reason}`;
    await assert.rejects(ask(client, url!), { code: "upstream_failed", message });
  }
});

Deno.test("a proxy that is not there is named, since nothing else was connected to", async () => {
  await using nobody = startFakeUpstream();
  const { origin } = nobody;
  await nobody[Symbol.asyncDispose]();
  using client = loggedClient(nobody, { proxy: origin, retries: 0 });
  for (const scheme of ["http", "https"]) {
    await assert.rejects(ask(client, `${scheme}://upstream.test/f`), {
      message:
        `Cannot fetch "${scheme}://upstream.test/f": the proxy "${origin}" cannot be reached: connection refused`,
    });
  }
});

Deno.test("where DEBUG is off, nothing stands between", () => {
  const fetch = () => Promise.resolve(new Response());
  assert.equal(withExchangeLog(fetch, { log: noLog, purpose: "", proxyOf: () => null }), fetch);
});
