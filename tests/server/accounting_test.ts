import assert from "node:assert/strict";
import { VaultError } from "../../src/errors.ts";
import { fakeFile } from "./fake_vault.ts";
import { Served } from "./served.ts";

const megabyte = new Uint8Array(1_000_000).fill(120);

const files = {
  "/x": fakeFile(),
  "/x?token=hunter2&v=1": fakeFile(),
  "/miss": fakeFile({
    cacheStatus: { hit: false, fwd: "uri-miss", fwdStatus: 200, stored: true, reason: "not cached" },
  }),
  "/stale": fakeFile({ cacheStatus: { hit: false, fwd: "stale", fwdStatus: 503, detail: "stale-if-error" } }),
  "/confirmed": fakeFile({ cacheStatus: { hit: false, fwd: "stale", fwdStatus: 304 } }),
  "/large": fakeFile({ inMemory: false, content: megabyte }),
  "/breaking": fakeFile({ inMemory: false, content: megabyte, sizeBytes: 2_000_000, then: "break" }),
  "/endless": fakeFile({ inMemory: false, content: megabyte, sizeBytes: 2_000_000, then: "wait" }),
  "/silent": () => {
    throw new VaultError("upstream_silent", 'Cannot fetch "https://up.example/": nothing came for 30 s');
  },
};

const lines = [
  {
    target: "/http/x",
    level: "info",
    line:
      /^cache hit http \/http\/x 200 10 bytes \d+ ms GET client 127\.0\.0\.1 id \S+ upstream https:\/\/mirror\.example$/,
  },
  { target: "/http/miss", level: "info", line: /^cache miss http \/http\/miss 200 10 bytes .* \(not cached\)$/ },
  { target: "/http/stale", level: "info", line: /^cache stale http \/http\/stale 200 10 bytes / },
  { target: "/http/confirmed", level: "info", line: /^cache revalidated http \/http\/confirmed 200 10 bytes / },
  { target: "/http/large", level: "info", line: /^cache hit http \/http\/large 200 1000000 bytes / },
  {
    target: "/http/x?token=hunter2&v=1",
    level: "info",
    line: /^cache hit http \/http\/x\?token=\*\*\*&v=1 200 10 bytes /,
  },
  {
    target: "/http/silent",
    level: "warning",
    line:
      /^cache error http \/http\/silent 504 .* upstream https:\/\/first\.example: Cannot fetch "https:\/\/up\.example\/": nothing came for 30 s$/,
  },
  {
    target: "/other",
    level: "info",
    line: /^request none \/other 404 \d+ bytes \d+ ms GET client 127\.0\.0\.1 id \S+: Nothing is served at "\/other"/,
  },
  { target: "/http/%00", level: "info", line: /^request none http:\/\/vault\/http\/%00 400 / },
  { target: "/healthz", level: "debug", line: /^request none \/healthz 200 3 bytes / },
];

for (const { target, level, line } of lines) {
  Deno.test(`one access line: ${target}`, async () => {
    await using served = new Served({ files });
    await served.ask("GET", target);
    const logged = await served.log.next();
    assert.match(logged.message, line);
    assert.equal(logged.level, level);
  });
}

Deno.test("the fields of an access line say the same as its text", async () => {
  await using served = new Served({ files });
  await served.ask("GET", "/http/x", { range: "bytes=0-3", "x-request-id": "me" });
  const { ms, ...fields } = (await served.log.next()).fields;
  assert.equal(typeof ms, "number");
  assert.deepEqual(fields, {
    backend: "http",
    bytes: 4,
    cache: "hit",
    client: "127.0.0.1",
    method: "GET",
    note: "",
    path: "/http/x",
    requestId: "me",
    status: 206,
    upstream: "https://mirror.example",
    reason: "",
  });
});

function counts(served: Served, ...expected: string[]): void {
  const { body } = served.metrics.exposition();
  for (const line of expected) assert.ok(body.includes(`${line}\n`), `${line}\nis not in\n${body}`);
}

Deno.test("a streamed body is counted with all its bytes when it has ended", async () => {
  await using served = new Served({ files });
  await served.ask("GET", "/http/large");
  await served.log.next();
  counts(
    served,
    'vault_requests_total{backend="http",method="GET",status="200",cache="hit"} 1',
    'vault_sent_bytes_total{backend="http"} 1000000',
    'vault_request_duration_seconds_count{backend="http",cache="hit"} 1',
  );
});

Deno.test("methods of a client's invention count as one", async () => {
  await using served = new Served({ files });
  for (const method of ["FOO", "BAR", "DELETE"]) await served.ask(method, "/http/x");
  counts(served, 'vault_requests_total{backend="http",method="other",status="405",cache="none"} 3');
});

Deno.test("a body that breaks off is never complete for the client, and is logged as broken", async () => {
  await using served = new Served({ files });
  const answer = await served.ask("GET", "/http/breaking");
  assert.equal(answer.headers.get("content-length"), "2000000");
  assert.ok(answer.body.length < 2_000_000);
  const { level, message } = await served.log.next();
  assert.equal(level, "warning");
  assert.match(message, /^cache hit http \/http\/breaking 200 1000000 bytes .*: interrupted: upstream is gone$/);
});

Deno.test("a client that leaves in the middle ends the stream, and is logged and counted as gone", async () => {
  await using served = new Served({ files });
  const connection = await served.connect("GET /http/endless HTTP/1.1\r\nHost: h\r\n\r\n");
  await connection.read(new Uint8Array(1000));
  connection.close();
  await served.vault.cancelled.promise;
  const { level, message } = await served.log.next();
  assert.equal(level, "info");
  assert.match(message, /^cache hit http \/http\/endless 200 \d+ bytes .*: the client left$/);
  counts(served, 'vault_aborted_responses_total{backend="http"} 1');
});

Deno.test("a client that leaves before its answer is logged and counted as gone", async () => {
  const asked = Promise.withResolvers<void>();
  await using served = new Served({ files });
  served.vault.open = (_, { signal }) => {
    asked.resolve();
    return new Promise((_, reject) => signal!.addEventListener("abort", () => reject(new Error("nobody waits"))));
  };
  const connection = await served.connect("GET /http/x HTTP/1.1\r\nHost: h\r\n\r\n");
  await asked.promise;
  connection.close();
  assert.match((await served.log.next()).message, / 499 0 bytes .*: the client left$/);
  counts(served, 'vault_aborted_responses_total{backend="http"} 1');
});
