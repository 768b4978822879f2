import assert from "node:assert/strict";
import { startApp } from "../support/app_fixture.ts";
import { type Answer, type FakeUpstream, startFakeUpstream } from "../support/fake_upstream.ts";
import { type FaultProxy, startFaultProxy } from "../support/fault_proxy.ts";
import { freePort } from "../support/free_port.ts";
import type { RawAnswer } from "../support/raw_client.ts";
import { createTempDir } from "../support/temp_dir.ts";
import { testCertificates } from "../upstream/certificates.ts";

const good: Answer = { body: "the right bytes", etag: '"1"' };
const target = "/files/dir/a.txt";

interface Outage {
  readonly name: string;
  /** What happens to an upstream behind a proxy; gives what ends it. */
  readonly begin: (proxy: FaultProxy, upstream: FakeUpstream) => Promise<() => unknown> | (() => unknown);
  readonly status: number;
  /** What the client is told. */
  readonly reason: RegExp;
  /** How long the vault waits for an answer; 10 s where absent. */
  readonly timeout?: string;
}

function answering(answer: Answer): Outage["begin"] {
  return (_proxy, upstream) => {
    const serve = (answer: Answer) => ["/held.txt", "/dir/a.txt"].forEach((path) => upstream.serve(path, answer));
    serve(answer);
    return () => serve(good);
  };
}

function statusOutage(upstreamStatus: number, status: number, reason: RegExp): Outage {
  return {
    name: `upstream answers ${upstreamStatus}`,
    begin: answering({ status: upstreamStatus, body: "an error page" }),
    ...{ status, reason },
  };
}

const outages: readonly Outage[] = [
  {
    name: "connections are refused",
    async begin(proxy) {
      await proxy.refuse();
      proxy.cutAll();
      return () => proxy.accept();
    },
    ...{ status: 502, reason: /connection refused/ },
  },
  {
    name: "silent after accept",
    begin(proxy) {
      proxy.cutAll();
      const stall = proxy.stall(0);
      return () => stall.release();
    },
    ...{ status: 504, reason: /no answer for 0\.3 s/, timeout: "300ms" },
  },
  {
    name: "closed without an answer",
    begin: answering({ fault: { kind: "close" } }),
    ...{ status: 502, reason: /connection closed without an answer/ },
  },
  {
    name: "redirect loop",
    begin: answering({ status: 302, headers: { location: "/dir/a.txt" } }),
    ...{ status: 502, reason: /leads in a circle/ },
  },
  {
    name: "redirect without Location",
    begin: answering({ status: 301 }),
    ...{ status: 502, reason: /answered 301 without a Location/ },
  },
  {
    name: "redirect with an unusable Location",
    begin: answering({ status: 302, headers: { location: "https://[" } }),
    ...{ status: 502, reason: /answered 302 with an unusable Location/ },
  },
  {
    name: "redirect to a file",
    begin: answering({ status: 302, headers: { location: "file:///etc/passwd" } }),
    ...{ status: 502, reason: /leads out of http and https/ },
  },
  statusOutage(401, 403, /upstream answered 401; check the credentials of this backend(?!,)/),
  statusOutage(403, 403, /upstream answered 403; check the credentials of this backend, unless nobody may have this/),
  statusOutage(404, 404, /does not exist: upstream answered 404/),
  statusOutage(410, 410, /is gone for good: upstream answered 410/),
  statusOutage(429, 429, /upstream answered 429, too many requests/),
  statusOutage(500, 502, /upstream answered 500/),
  statusOutage(503, 502, /upstream answered 503/),
  statusOutage(204, 502, /upstream answered 204/),
  statusOutage(418, 418, /upstream answered 418/),
];

for (const outage of outages) {
  Deno.test(`${outage.name}: the held copy, or a clear ${outage.status} and nothing kept, and all is well when it is over`, async () => {
    await using upstream = startFakeUpstream();
    for (const path of ["/held.txt", "/dir/a.txt"]) upstream.serve(path, good);
    await using proxy = await startFaultProxy(upstream.origin);
    await using app = await startApp({
      upstream: proxy.origin,
      backend: { timeout: outage.timeout ?? "10s", negative_ttl: 0, ttl: 0 },
    });
    assert.equal((await app.ask("/files/held.txt")).text, "the right bytes");
    await app.idle();
    const end = await outage.begin(proxy, upstream);

    assertRefused(await app.ask(target), { ...outage, upstream: proxy.url("/dir/a.txt") });
    const head = await app.ask(target, { method: "HEAD" });
    assert.deepEqual([head.status, head.complete], [outage.status, true]);
    const level = outage.status >= 500 ? "WARNING" : "INFO";
    const line = await app.logged(
      new RegExp(`^${level} cache error files ${target} ${outage.status} \\d+ bytes .* GET`),
    );
    assert.match(line, outage.reason);
    assert.equal(await app.metric("vault_requests_total", `status="${outage.status}"`, 'cache="error"'), 2);
    // That there is no such file is an answer.
    const isFailure = outage.status !== 404 && outage.status !== 410;
    assert.equal(await app.metric("vault_upstream_failures_total"), isFailure ? 2 : 0);

    for (const method of ["GET", "HEAD"]) {
      const stale = await app.ask("/files/held.txt", { method });
      assert.deepEqual([stale.status, stale.complete], [200, true]);
      assert.equal(stale.text, method === "GET" ? "the right bytes" : "");
      assert.match(stale.headers.get("cache-status")!, /fwd=stale.*detail=stale-if-error/);
    }
    await app.logged(/^INFO cache stale files \/files\/held\.txt 200 15 bytes/);
    assert.deepEqual(app.held(), { entries: 1, blobs: 1, staged: 0 });

    await end();
    assert.equal((await app.ask(target)).text, "the right bytes");
    await app.idle();
    assert.deepEqual(app.held(), { entries: 2, blobs: 1, staged: 0 });
  });
}

const unusable: [name: string, options: Parameters<typeof startApp>[0], reason: RegExp][] = [
  ["the host is not known to DNS", { upstream: `http://${"a".repeat(64)}.invalid` }, /host name is not known to DNS/],
  [
    "the port is one that fetch refuses, since Deno 2.9",
    { upstream: "http://127.0.0.1:6666" },
    /refuses this port|connection refused/,
  ],
];

for (const [name, options, reason] of unusable) {
  Deno.test(`${name}: a clear 502, or the held copy`, async () => {
    await using dir = await createTempDir();
    await using upstream = startFakeUpstream();
    upstream.serve("/dir/a.txt", good);
    await assertRecovers(dir.path, { bad: options, good: { upstream: upstream.origin }, reason });
  });
}

Deno.test("the certificate is from an unknown issuer: a clear 502, or the held copy", async () => {
  await using dir = await createTempDir();
  const ca = dir.join("ca.pem");
  await Deno.writeTextFile(ca, testCertificates.ca);
  await using upstream = startFakeUpstream({ tls: testCertificates.localhost, hostname: "localhost" });
  upstream.serve("/dir/a.txt", good);
  const trusting = { upstream: upstream.origin, backend: { ca } };
  const reason = /the TLS certificate is from an unknown issuer/;
  await assertRecovers(dir.join("cache"), { bad: { upstream: upstream.origin }, good: trusting, reason });
});

Deno.test("HTTPS to a port that speaks HTTP, and the reverse: a clear 502", async () => {
  await using plain = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => new Response("plain"));
  await using secure = startFakeUpstream({ tls: testCertificates.localhost, hostname: "localhost" });
  for (const upstream of [`https://127.0.0.1:${plain.addr.port}`, secure.origin.replace("https:", "http:")]) {
    await using app = await startApp({ upstream });
    assertRefused(await app.ask(target), { status: 502, reason: /Cannot fetch .*: (TLS failed|\w+)/, upstream });
  }
});

Deno.test("several upstreams are down: the answer names each, and one that works is enough", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/dir/a.txt", good);
  upstream.serve("/broken/dir/a.txt", { status: 500 });
  const [refusing, broken] = [`http://127.0.0.1:${freePort()}`, upstream.url("/broken")];
  await using down = await startApp({ upstream: [refusing, broken] });
  const refused = await down.ask(target);
  for (const url of [refusing, broken]) assertRefused(refused, { status: 502, reason: /500/, upstream: url });
  await using app = await startApp({ upstream: [refusing, broken, upstream.origin] });
  assert.equal((await app.ask(target)).text, "the right bytes");
  await app.logged(new RegExp(`cache miss files ${target} 200 .* upstream ${upstream.origin} \\(not cached\\)$`));
});

/** One cache directory under three configurations: a bad one, a good one, and the bad one again with a stale copy. */
async function assertRecovers(
  cacheDir: string,
  { bad, good, reason }: { bad: Parameters<typeof startApp>[0]; good: Parameters<typeof startApp>[0]; reason: RegExp },
): Promise<void> {
  {
    await using app = await startApp({ ...bad, cacheDir });
    assertRefused(await app.ask(target), { status: 502, reason, upstream: String(bad.upstream) });
    assert.deepEqual(app.held(), { entries: 0, blobs: 0, staged: 0 });
  }
  {
    await using app = await startApp({ ...good, cacheDir });
    assert.equal((await app.ask(target)).text, "the right bytes");
  }
  await using app = await startApp({ ...bad, cacheDir, backend: { ttl: 0 } });
  const stale = await app.ask(target);
  assert.equal(stale.text, "the right bytes");
  assert.match(stale.headers.get("cache-status")!, /detail=stale-if-error/);
}

/** The body says what was asked, of which upstream's host, and why it failed. */
function assertRefused(
  answer: RawAnswer,
  expected: { readonly status: number; readonly reason: RegExp; readonly upstream: string },
): void {
  assert.equal(answer.status, expected.status, answer.text);
  assert.ok(answer.complete);
  assert.ok(answer.text.includes(`GET ${target}`), answer.text);
  assert.ok(answer.text.includes(new URL(expected.upstream).origin), answer.text);
  assert.match(answer.text, expected.reason);
  assert.match(answer.headers.get("cache-control")!, /no-store/);
}
