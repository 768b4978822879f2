import assert from "node:assert/strict";
import { type FailureKind, networkFailure, permissionError } from "../../src/upstream/network_error.ts";
import { shownUrl } from "../../src/upstream/shown_url.ts";
import { startFakeUpstream } from "../support/fake_upstream.ts";
import { testCertificates } from "./certificates.ts";

async function failureOf(url: string, client?: Deno.HttpClient): Promise<{ kind: FailureKind; reason: string }> {
  try {
    await (await fetch(url, client === undefined ? {} : { client })).body?.cancel();
  } catch (error) {
    return networkFailure(error);
  }
  throw new Error(`"${url}" was answered`);
}

/** A server that says the same thing to everybody, or hangs up, before it has read anything. */
function startMumbler(text: string): { port: number; stop(): Promise<void> } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    for await (const connection of listener) {
      await connection.write(new TextEncoder().encode(text));
      await connection.read(new Uint8Array(4096));
      connection.close();
    }
  })();
  return {
    port: listener.addr.port,
    async stop() {
      listener.close();
      await serving;
    },
  };
}

Deno.test("refused", async () => {
  const { origin } = await closedUpstream();
  assert.deepEqual(await failureOf(origin), { kind: "refused", reason: "connection refused" });
});

Deno.test("unknown host: a label that is too long is unknown without asking anyone", async () => {
  const failure = await failureOf(`http://${"a".repeat(64)}.invalid/`);
  assert.deepEqual(failure, { kind: "dns", reason: "the host name is not known to DNS" });
});

Deno.test("closed without an answer", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/", { fault: { kind: "close" } });
  assert.equal((await failureOf(upstream.url("/"))).kind, "closed");
});

Deno.test("not HTTP", async () => {
  const mumbler = startMumbler("HELLO\r\n\r\n");
  const failure = await failureOf(`http://127.0.0.1:${mumbler.port}/`);
  await mumbler.stop();
  assert.equal(failure.kind, "malformed");
  assert.match(failure.reason, /^the answer is not valid HTTP: invalid HTTP version/);
});

const ok = "HTTP/1.1 200 OK\r\n";
const oldServers = [
  {
    name: "a space before the colon",
    head: `${ok}Content-Length : 2\r\n\r\nhi`,
    reason: /space before its colon.*Squid/,
  },
  {
    name: "a folded line",
    head: `${ok}X-A: a\r\n b\r\nContent-Length: 2\r\n\r\nhi`,
    reason: /continued on the next line.*Squid/,
  },
  { name: "101 header lines", head: `${ok}${"X-A: a\r\n".repeat(101)}\r\n`, reason: /more than 100 header lines/ },
];

for (const { name, head, reason } of oldServers) {
  Deno.test(`${name}: what the runtime refuses is named, with the way round it`, async () => {
    const mumbler = startMumbler(head);
    const failure = await failureOf(`http://127.0.0.1:${mumbler.port}/`);
    await mumbler.stop();
    assert.equal(failure.kind, "malformed");
    assert.match(failure.reason, reason);
  });
}

Deno.test("two lengths at once", async () => {
  const mumbler = startMumbler("HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd");
  const failure = await failureOf(`http://127.0.0.1:${mumbler.port}/`);
  await mumbler.stop();
  assert.equal(failure.kind, "malformed");
});

Deno.test("TLS: an unknown issuer, with what to do about it", async () => {
  await using upstream = startFakeUpstream({ tls: testCertificates.localhost });
  const failure = await failureOf(upstream.origin.replace("127.0.0.1", "localhost"));
  assert.equal(failure.kind, "tls");
  assert.match(failure.reason, /unknown issuer; name its issuer with "ca" or DENO_CERT, or set DENO_TLS_CA_STORE/);
});

Deno.test("TLS: a certificate for another name", async () => {
  await using upstream = startFakeUpstream({ tls: testCertificates.localhost });
  const client = Deno.createHttpClient({ caCerts: [testCertificates.ca] });
  const failure = await failureOf(upstream.origin, client);
  client.close();
  assert.equal(failure.kind, "tls");
  assert.match(failure.reason, /^the TLS certificate is not valid: certificate not valid for name "127.0.0.1"/);
});

for (const [name, text] of [["plain HTTP", "HTTP/1.1 400 Bad Request\r\n\r\n"], ["nothing", ""]] as const) {
  Deno.test(`TLS: a server that answers with ${name}`, async () => {
    const mumbler = startMumbler(text);
    const failure = await failureOf(`https://127.0.0.1:${mumbler.port}/`);
    await mumbler.stop();
    assert.equal(failure.kind, "tls");
    assert.match(failure.reason, /^TLS failed: .*is this an HTTPS port\?$/);
  });
}

Deno.test("an egress proxy that is not there", async () => {
  const { origin } = await closedUpstream();
  const client = Deno.createHttpClient({ proxy: { url: origin.replace("http:", "socks5:") } });
  const failure = await failureOf("http://upstream.test/", client);
  client.close();
  assert.deepEqual(failure, { kind: "proxy", reason: "the egress proxy cannot be reached" });
});

Deno.test("an egress proxy that refuses to connect", async () => {
  await using proxy = startFakeUpstream();
  const client = Deno.createHttpClient({ proxy: { url: proxy.origin } });
  const failure = await failureOf("https://upstream.test/", client);
  client.close();
  assert.equal(failure.kind, "proxy");
});

Deno.test("bad ports: refused by fetch since Deno 2.9, nobody there before", async () => {
  const { kind, reason } = await failureOf("http://127.0.0.1:6000/");
  assert.ok(kind === "port" ? reason.includes("WHATWG bad port") : kind === "refused", `${kind}: ${reason}`);
});

Deno.test("URLs, and what is secret in them, never get into a reason", () => {
  const error = new TypeError("something about https://user:secret@host/path?sig=secret happened\nand more");
  assert.deepEqual(networkFailure(error), { kind: "other", reason: "something about … happened" });
});

Deno.test("a denied connection names the flag that allows it", () => {
  const denied = new Deno.errors.NotCapable(
    'Requires net access to "up.test:443", run again with the --allow-net flag',
  );
  const error = permissionError(denied, "https://up.test/f?sig=secret");
  assert.equal(error?.code, "permission_missing");
  assert.match(
    error?.message ?? "",
    /"https:\/\/up.test\/f\?…": this process may not connect to up.test:443; start it with --allow-net=up.test:443$/,
  );
  assert.equal(permissionError(new TypeError("other"), "https://up.test/"), null);
});

const shown: readonly (readonly [url: string, text: string])[] = [
  ["https://user:secret@up.test:8443/a/b?token=secret#c", "https://up.test:8443/a/b?…"],
  ["http://up.test/a%20b", "http://up.test/a%20b"],
  ["no url", "(not a URL)"],
];

for (const [url, text] of shown) Deno.test(`shownUrl: ${text}`, () => assert.equal(shownUrl(url), text));

/** An address where nobody listens any more. */
async function closedUpstream(): Promise<{ origin: string }> {
  await using upstream = startFakeUpstream();
  return { origin: upstream.origin };
}
