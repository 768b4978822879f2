import assert from "node:assert/strict";
import type { Backend, BackendRequest } from "../../src/backend.ts";
import { VaultError } from "../../src/errors.ts";
import { howToBring, missedOffline } from "../../src/server/offline.ts";
import { startApp } from "../support/app_fixture.ts";
import { startFakeUpstream } from "../support/fake_upstream.ts";
import { createTempDir } from "../support/temp_dir.ts";
import { fakeBackend } from "./fake_vault.ts";

const offline = new VaultError("offline", "not here");

function requestFor(path: string, changes: Partial<BackendRequest> = {}): BackendRequest {
  const client = { host: "127.0.0.1", port: 40_000 };
  return { client, method: "GET", base: "/http", path, query: "", headers: new Headers(), ...changes };
}

const backend: Backend = fakeBackend("http", "/http");
const lineOf = (request: BackendRequest, of = backend) => missedOffline(offline, { backend: of, request })?.line;

Deno.test("a miss without a line of its protocol is 404 and the path below the vault, however it was asked for", () => {
  assert.deepEqual(missedOffline(offline, { backend, request: requestFor("/a%20b") }), {
    status: 404,
    line: "/http/a%20b",
  });
  assert.equal(lineOf(requestFor("/a", { base: "http://deb.example.org" })), "/http/a", "as a proxy");
  assert.equal(lineOf(requestFor("/a", { base: "" }), fakeBackend("root", "/")), "/a");
  assert.equal(lineOf(requestFor("/a", { method: "HEAD" })), "/http/a");
});

Deno.test("the line and the status of the protocol count", () => {
  const own: Backend = { ...backend, offlineMiss: ({ path }) => ({ status: 410, line: `own:${path}` }) };
  assert.deepEqual(missedOffline(offline, { backend: own, request: requestFor("/a") }), {
    status: 410,
    line: "own:/a",
  });
});

Deno.test("secrets in a query get into no list", () => {
  assert.equal(lineOf(requestFor("/a", { query: "?v=1&token=hunter2" })), "/http/a?v=1&token=***");
});

Deno.test("no list brings what is passed on, and other errors are no misses", () => {
  assert.equal(lineOf(requestFor("/a", { method: "POST" })), undefined);
  assert.equal(missedOffline(offline, null), null);
  const others = [new VaultError("not_cached", ""), new VaultError("not_found", ""), new Error("offline")];
  for (const error of others) assert.equal(missedOffline(error, { backend, request: requestFor("/a") }), null);
});

for (
  const [line, shown] of [
    ["docker:alpine:3.20", "docker:alpine:3.20"],
    ["pypi:a==1.0 backend=inner", "'pypi:a==1.0 backend=inner'"],
    ["/files/a[1].txt?b=c&d", "'/files/a[1].txt?b=c&d'"],
    ["/files/it's", `'/files/it'\\''s'`],
  ] as const
) {
  Deno.test(`${line} can be pasted into a shell`, () => {
    assert.match(howToBring({ status: 404, line }), new RegExp(`: artifact-vault warm ${RegExp.escape(shown)}$`));
  });
}

Deno.test("brackets of a path are not expanded when the list of misses is warmed", () => {
  assert.equal(lineOf(requestFor("/a[1-9]{b,c}[1]")), "/http/a\\[1-9]\\{b,c}[1]");
});

Deno.test("what an offline vault misses counts in its hit rate", async () => {
  await using dir = await createTempDir();
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body: "a", etag: '"a"' });
  const options = { upstream: upstream.origin, cacheDir: dir.join("cache") };
  {
    await using app = await startApp(options);
    assert.equal((await app.ask("/files/a")).status, 200);
    await app.idle();
  }
  await using app = await startApp({ ...options, top: { offline: true } });
  for (const [path, status] of [["/files/a", 200], ["/files/b", 404], ["/files/c", 404], ["/files/a", 200]] as const) {
    assert.equal((await app.ask(path)).status, status);
  }
  assert.equal(JSON.parse((await app.ask("/-/metrics?format=json")).text).cache_hit_rate, 0.5);
});
