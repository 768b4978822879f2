import assert from "node:assert/strict";
import type { Backend } from "../../src/backend.ts";
import { UpstreamLeaks } from "../../src/server/upstream_leaks.ts";
import { fakeBackend } from "./fake_vault.ts";
import { Served } from "./served.ts";

const hosts = () => new Set(["files.example.com", "other.example:8443"]);

const cases: [name: string, value: string, leaks: boolean][] = [
  ["location", "https://files.example.com/a", true],
  ["location", "https://FILES.example.com:443/a", true],
  ["location", "//user:secret@other.example:8443", true],
  ["location", "https://other.example/", false],
  ["location", "/files.example.com/a", false],
  ["link", '</a>; rel="first", <https://files.example.com/b?page=2>; rel="next"', true],
  ["www-authenticate", 'Bearer realm="https://files.example.com/token",service="x"', true],
  ["x-source", "https://files.example.com/a", false],
];

Deno.test("a header that leads clients to an upstream is a leak", () => {
  const leaks = new UpstreamLeaks(hosts);
  for (const [name, value, isLeak] of cases) assert.equal(leaks.isOne(name, value), isLeak, `${name}: ${value}`);
});

Deno.test("each answer that leaks is counted, and the first by each header is in the log", async () => {
  const headers = [["location", "https://files.example.com/a"], [
    "refresh",
    "0; url=https://files.example.com/",
  ]] as const;
  const backend: Backend = {
    ...fakeBackend("files", "/files"),
    resolve: () => ({ kind: "answer", answer: { status: 302, contentType: "", headers, body: "" } }),
  };
  await using served = new Served({ backends: [backend], leaks: new UpstreamLeaks(hosts) });
  for (const path of ["/files/a", "/files/b"]) await served.ask("GET", path);
  assert.match(served.metrics.exposition().body, /^vault_leaked_upstream_urls_total\{backend="files"\} 2$/m);
  const lines = [await served.log.next(), await served.log.next(), await served.log.next(), await served.log.next()];
  assert.deepEqual(lines.map(({ level }) => level), ["warning", "warning", "info", "info"]);
  assert.match(lines[0]!.message, /^The header location of the answer \S+ for \/files\/a \(files\) leads clients past/);
});
