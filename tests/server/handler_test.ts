import assert from "node:assert/strict";
import type { Backend, BackendRequest, DirectAnswer } from "../../src/backend.ts";
import { VaultError } from "../../src/errors.ts";
import { fakeBackend, fakeFile, fileHeaders } from "./fake_vault.ts";
import { Served } from "./served.ts";

const missing = () => {
  const options = { upstreamStatus: 503, retryAfterSeconds: 120 };
  throw new VaultError(
    "upstream_failed",
    'Cannot fetch "https://u:pw@up.example/gone": upstream answered 503',
    options,
  );
};

const files = {
  "/x": fakeFile(),
  "/streamed": fakeFile({ inMemory: false }),
  "/unknown-size": fakeFile({
    inMemory: false,
    sizeBytes: undefined,
    ranges: false,
    content: new Uint8Array(300_000).fill(120),
  }),
  "/empty": fakeFile({ content: new Uint8Array() }),
  "/large": fakeFile({ inMemory: false, content: new Uint8Array(3_000_000).fill(120) }),
  "/compressible": fakeFile({
    content: new TextEncoder().encode("text ".repeat(10_000)),
    headers: [["content-type", "text/plain"], ["etag", '"strong"']],
  }),
  "/gone": missing,
  "/missing": () => {
    throw new VaultError("not_found", '"https://up.example/missing" does not exist');
  },
  "/limited": () => {
    throw new VaultError("rate_limited", "upstream answered 429");
  },
  "/bug": () => {
    throw new TypeError("secret.internals is not a function");
  },
};

/** Differs between two answers for reasons of their own. */
const own = ["date", "x-request-id", "transfer-encoding"];

function comparable(headers: ReadonlyMap<string, string>): [string, string][] {
  return [...headers].filter(([name]) => !own.includes(name)).sort(([a], [b]) => a < b ? -1 : 1);
}

const alike = [
  { name: "bytes in memory", target: "/http/x", headers: {} },
  { name: "a stream", target: "/http/streamed", headers: {} },
  { name: "a stream of unknown size", target: "/http/unknown-size", headers: {} },
  { name: "an empty body", target: "/http/empty", headers: {} },
  { name: "a confirmation", target: "/http/x", headers: { "if-none-match": "*" } },
  { name: "an unknown route", target: "/other", headers: {} },
  { name: "an upstream error", target: "/http/gone", headers: {} },
  { name: "a bad path", target: "/http/%00", headers: {} },
  { name: "the start page", target: "/", headers: {} },
  { name: "health", target: "/healthz", headers: {} },
  { name: "readiness", target: "/readyz", headers: {} },
  { name: "accepted compression", target: "/http/compressible", headers: { "accept-encoding": "gzip, br" } },
];

for (const { name, target, headers } of alike) {
  Deno.test(`GET and HEAD agree on every header: ${name}`, async () => {
    await using served = new Served({ files });
    const [get, head] = [await served.ask("GET", target, headers), await served.ask("HEAD", target, headers)];
    assert.equal(head.status, get.status);
    assert.equal(head.body, "");
    const [ofGet, ofHead] = [comparable(get.headers), comparable(head.headers)];
    if (!target.endsWith("id") && get.body.includes("Request id")) assert.equal(ofGet.length, ofHead.length);
    else assert.deepEqual(ofHead, ofGet);
  });
}

Deno.test("HEAD has the Content-Length of the body, and ignores Range", async () => {
  await using served = new Served({ files });
  const { status, headers } = await served.ask("HEAD", "/http/streamed", { range: "bytes=0-3" });
  assert.deepEqual([status, headers.get("content-length")], [200, "10"]);
});

Deno.test("upstream's headers reach the client byte-exact, also a client that takes compressed bodies", async () => {
  await using served = new Served({ files });
  const plain = await served.ask("GET", "/http/x", { "accept-encoding": "gzip, br" });
  for (const [name, value] of fileHeaders.filter(([name]) => name !== "cache-control")) {
    assert.equal(plain.headers.get(name), value);
  }
  const text = await served.ask("GET", "/http/compressible", { "accept-encoding": "gzip, br" });
  assert.deepEqual([text.headers.get("etag"), text.headers.get("content-encoding")], ['"strong"', undefined]);
  assert.equal(text.body.length, 50_000);
});

Deno.test("what the vault is asked: key, range, and no-cache where the backend wants to know", async () => {
  const backends = [fakeBackend("http", "/http"), fakeBackend("fussy", "/fussy", { honorClientNoCache: true })];
  await using served = new Served({ files: { ...files, "/x?q=1": fakeFile() }, backends });
  await served.ask("GET", "/http/x?q=1", { range: "bytes=4-", "cache-control": "no-cache" });
  await served.ask("GET", "/fussy/x", { "cache-control": "No-Cache" });
  await served.ask("GET", "/fussy/x", { pragma: "no-cache" });
  await served.ask("HEAD", "/fussy/x", { range: "bytes=4-" });
  const asked = served.vault.asks.map(({ artifact, ask: { method, range, caching } }) => (
    { key: artifact.key, method, range, noCache: caching?.noCache ?? false }
  ));
  assert.deepEqual(asked, [
    { key: "/x?q=1", method: "GET", range: { kind: "from", first: 4 }, noCache: false },
    { key: "/x", method: "GET", range: undefined, noCache: true },
    { key: "/x", method: "GET", range: undefined, noCache: true },
    { key: "/x", method: "HEAD", range: undefined, noCache: false },
  ]);
});

for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "FOO"]) {
  Deno.test(`${method} is refused with what is allowed`, async () => {
    await using served = new Served({ files });
    const { status, headers } = await served.ask(method, "/http/x", { "content-length": "0" });
    assert.deepEqual([status, headers.get("allow")], [405, "GET, HEAD"]);
    assert.equal(served.vault.asks.length, 0);
  });
}

Deno.test("an unknown prefix is answered with the known ones", async () => {
  await using served = new Served({ backends: [fakeBackend("a", "/a"), fakeBackend("b", "/b/c")] });
  const { status, body } = await served.ask("GET", "/other");
  assert.equal(status, 404);
  assert.match(body, /^404 unknown_route\nGET \/other\n.*\/a, \/b\/c\n/);
});

const secretPaths = [
  ["a token", "https://up.example/t0k3n/simple/a/"],
  ["a query", "https://up.example?t0k3n"],
  ["an escape and a port", "https://user:t0k3n@up.example:8443/%74/t0k3n"],
  ["HTTP in capitals", "HTTP://up.example/t0k3n"],
] as const;

for (const [name, url] of secretPaths) {
  Deno.test(`a client sees its own path and the upstream's host, the log the rest: ${name}`, async () => {
    const refuse = () => {
      throw new VaultError("upstream_failed", `Cannot fetch "${url}": its redirect to ${url} leads in a circle`);
    };
    await using served = new Served({ files: { "/x": refuse } });
    const body = utf8((await served.ask("GET", "/http/x")).body);
    assert.match(body, /\nGET \/http\/x\nCannot fetch "https?:\/\/up\.example(:8443)?\/…": its redirect to http/i);
    assert.ok(!body.includes("t0k3n"), body);
    assert.ok((await served.log.next()).message.includes("/t0k3n") || !url.includes("/t0k3n"));
  });
}

Deno.test("an upstream error says what was asked, of whom, and why, without credentials", async () => {
  await using served = new Served({ files });
  const { status, headers, body } = await served.ask("GET", "/http/gone?token=hunter2", {});
  assert.equal(status, 500, "the test knows no such key");
  const gone = await served.ask("GET", "/http/gone");
  assert.equal(gone.status, 502);
  assert.equal(gone.headers.get("retry-after"), "120");
  assert.match(gone.headers.get("cache-control")!, /^no-store/);
  assert.equal(gone.headers.get("cache-status"), "vault; fwd=miss; fwd-status=503; detail=upstream_failed");
  assert.equal(gone.headers.get("content-type"), "text/plain; charset=utf-8");
  const id = gone.headers.get("x-request-id");
  assert.equal(
    utf8(gone.body),
    `502 upstream_failed\nGET /http/gone\nCannot fetch "https://up.example/…": upstream answered 503\nRequest id: ${id}\n`,
  );
  assert.ok(!body.includes("hunter2"));
  assert.ok(headers.has("x-request-id"));
});

Deno.test("an error is told in the backend's protocol", async () => {
  const contentType = "application/json";
  const formatError = ({ code }: VaultError) => ({ body: `{"code":"${code}"}`, contentType, headers: [] });
  await using served = new Served({ files, backends: [fakeBackend("oci", "/v2", { formatError })] });
  const { status, headers, body } = await served.ask("GET", "/v2/gone");
  assert.deepEqual([status, headers.get("content-type"), body], [
    502,
    "application/json",
    '{"code":"upstream_failed"}',
  ]);
});

const broken: readonly [name: string, formatError: NonNullable<Backend["formatError"]>][] = [
  ["throws", () => {
    throw new TypeError("no form for that");
  }],
  ["has a header that cannot be sent", () => ({ body: "", contentType: "text/x", headers: [["x-a", "b\nc"]] })],
];

for (const [name, formatError] of broken) {
  Deno.test(`an error whose form ${name} is told as plain text, with its status, and logged`, async () => {
    await using served = new Served({ files, backends: [fakeBackend("oci", "/v2", { formatError })] });
    const { status, headers, body } = await served.ask("GET", "/v2/gone");
    assert.deepEqual([status, headers.get("content-type")], [502, "text/plain; charset=utf-8"]);
    assert.match(body, /^502 upstream_failed\nGET \/v2\/gone\nCannot fetch "https:\/\/up\.example\/[^a-z"]+"/);
    assert.match((await served.log.next()).message, /could not be told in the backend's form: TypeError/);
  });
}

Deno.test("what a backend cannot present is a 500, and what was opened is released", async () => {
  const headers = () => {
    throw new TypeError("no headers for that");
  };
  const backend = fakeBackend("oci", "/v2");
  const resolve: Backend["resolve"] = (request) => ({ ...backend.resolve(request), headers });
  await using served = new Served({ files, backends: [{ ...backend, resolve }] });
  assert.equal((await served.ask("GET", "/v2/x")).status, 500);
  assert.deepEqual(served.vault.released, { streams: 0, closed: 1 });
});

for (const inMemory of [true, false]) {
  const kind = inMemory ? "in memory" : "of a stream";
  Deno.test(`a header that cannot be sent, of a body ${kind}, is one 500, and what was opened is released`, async () => {
    const content = new Uint8Array(64 * 1024);
    const broken = fakeFile({ inMemory, content, headers: [["x-note", "two\nlines"]] });
    await using served = new Served({ files: { ...files, "/broken": broken } });
    assert.equal((await served.ask("GET", "/http/broken")).status, 500);
    if (!inMemory) await served.vault.cancelled.promise;
    await served.ask("GET", "/http/x");
    const logged = [await served.log.next(), await served.log.next(), await served.log.next()];
    assert.deepEqual(logged.map(({ level, fields }) => [level, fields.status]), [
      ["error", undefined],
      ["warning", 500],
      ["info", 200],
    ]);
  });
}

for (const size of [8 * 1024, 8 * 1024 + 1, 128 * 1024]) {
  Deno.test(`${size} bytes in memory are the same for every client, and counted`, async () => {
    const content = Uint8Array.from({ length: size }, (_, at) => 32 + at % 90);
    const text = new TextDecoder().decode(content);
    await using served = new Served({ files: { "/block": fakeFile({ content }) } });
    for (const _ of [1, 2]) {
      const { headers, body } = await served.ask("GET", "/http/block");
      assert.equal(headers.get("content-length"), String(size));
      assert.equal(headers.has("transfer-encoding"), false);
      assert.ok(body === text);
      assert.equal((await served.log.next()).fields.bytes, size);
    }
  });
}

Deno.test("a large body in memory is handed to the runtime without a copy", async () => {
  const content = new Uint8Array(64 * 1024);
  await using served = new Served({ files: { "/block": fakeFile({ content }) } });
  const remoteAddr = { transport: "tcp", hostname: "127.0.0.1", port: 1 } as const;
  const { body } = await served.handler(new Request("http://vault/http/block"), {
    remoteAddr,
    completed: Promise.resolve(),
  });
  const reader = body!.getReader();
  assert.equal((await reader.read()).value, content);
  await reader.cancel();
});

Deno.test("a method that is not served is refused in the backend's protocol, and the cache has no part in it", async () => {
  const formatError: Backend["formatError"] = ({ code }, { base, path }) => ({
    ...{ body: `${code} ${base} ${path}`, contentType: "text/x", headers: [["x-protocol", "1"]] },
  });
  await using served = new Served({ files, backends: [fakeBackend("oci", "/v2", { formatError })] });
  const { status, headers, body } = await served.ask("POST", "/v2/app/blobs/uploads");
  assert.deepEqual([status, headers.get("allow"), headers.get("x-protocol")], [405, "GET, HEAD", "1"]);
  assert.deepEqual([body, headers.get("cache-status")], ["method_not_allowed /v2 /app/blobs/uploads", undefined]);
});

const direct: DirectAnswer = { status: 200, contentType: "text/x", headers: [["x-own", "1"]], body: "pong" };

Deno.test("an answer of a backend's own needs no vault; HEAD gets its headers", async () => {
  const backend = { ...fakeBackend("oci", "/v2"), resolve: () => ({ kind: "answer", answer: direct }) as const };
  await using served = new Served({ files, backends: [backend] });
  const got = await served.ask("GET", "/v2/");
  assert.deepEqual([got.status, got.headers.get("x-own"), got.body], [200, "1", "pong"]);
  const head = await served.ask("HEAD", "/v2/");
  assert.deepEqual([head.headers.get("content-length"), head.headers.get("content-type")], ["4", "text/x"]);
});

Deno.test("a backend may say other headers than were stored, and answer where nothing is", async () => {
  const plain = fakeBackend("oci", "/v2");
  const headers = () => [["x-shown", "1"]] as const;
  const resolve = (request: BackendRequest) => ({ ...plain.resolve(request), headers, ifMissing: direct });
  await using served = new Served({ files, backends: [{ ...plain, resolve }] });
  const there = await served.ask("GET", "/v2/x");
  assert.deepEqual([there.status, there.headers.get("x-shown"), there.headers.get("etag")], [200, "1", undefined]);
  const missing = await served.ask("GET", "/v2/missing");
  assert.deepEqual([missing.status, missing.body], [200, "pong"]);
  assert.equal((await served.ask("GET", "/v2/gone")).status, 502);
});

Deno.test("who asked too much is told how long to wait, also where upstream did not say", async () => {
  await using served = new Served({ files });
  assert.equal((await served.ask("GET", "/http/limited")).headers.get("retry-after"), "60");
});

Deno.test("a bug is answered with its request id and no internals, and logged with its stack", async () => {
  await using served = new Served({ files });
  const { status, headers, body } = await served.ask("GET", "/http/bug");
  assert.equal(status, 500);
  assert.ok(!body.includes("internals is not"), body);
  assert.ok(body.includes(headers.get("x-request-id")!));
  const { level, message } = await served.log.next();
  assert.equal(level, "error");
  assert.match(message, new RegExp(`${headers.get("x-request-id")} failed: TypeError: secret.internals[^]*fake_vault`));
});

const ids = [
  { offered: "abc-123.x:y_z", kept: true },
  { offered: "a".repeat(128), kept: true },
  { offered: "a".repeat(129), kept: false },
  { offered: "a b", kept: false },
  { offered: '"><script>', kept: false },
];

for (const { offered, kept } of ids) {
  Deno.test(`X-Request-Id ${offered.slice(0, 20)} is ${kept ? "kept" : "replaced"}`, async () => {
    await using served = new Served({ files });
    const { headers } = await served.ask("GET", "/http/x", { "x-request-id": offered });
    assert.equal(headers.get("x-request-id") === offered, kept);
  });
}

Deno.test("request ids do not repeat", async () => {
  await using served = new Served({ files });
  const ids = await Promise.all(["/http/x", "/other", "/healthz"].map(async (target) => {
    return (await served.ask("GET", target)).headers.get("x-request-id");
  }));
  assert.equal(new Set(ids).size, 3);
});

/** The text of a body that was read byte by byte. */
function utf8(bytes: string): string {
  return new TextDecoder().decode(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0)));
}
