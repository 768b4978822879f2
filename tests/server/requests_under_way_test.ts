import assert from "node:assert/strict";
import { RequestsUnderWay } from "../../src/server/requests_under_way.ts";
import { fakeBackend, fakeFile } from "./fake_vault.ts";
import { Served } from "./served.ts";

Deno.test("a client gets half of all, and what has ended counts no more", () => {
  const underWay = new RequestsUnderWay(4);
  underWay.begin("a");
  underWay.begin("a");
  assert.throws(() => underWay.begin("a"), { code: "overloaded", status: 503, retryAfterSeconds: 5 });
  underWay.begin("b");
  underWay.begin("c");
  assert.throws(() => underWay.begin("d"), { code: "overloaded", message: /^4 requests are being answered/ });
  for (const client of ["a", "a", "b", "c"]) underWay.end(client);
  assert.equal(underWay.count, 0);
  underWay.begin("a");
  assert.equal(underWay.count, 1);
});

Deno.test("too many requests at once are 503 with Retry-After, own pages are answered, and room is free again", async () => {
  await using served = new Served({
    files: { "/waits": fakeFile({ inMemory: false, sizeBytes: 20, then: "wait" }), "/file": fakeFile() },
    backends: [fakeBackend("http", "/http")],
    maxRequests: 2,
  });
  const waiting = await served.connect("GET /http/waits HTTP/1.1\r\nhost: vault\r\n\r\n");
  await waiting.read(new Uint8Array(1000));
  const refused = await served.ask("GET", "/http/file");
  assert.equal(refused.status, 503);
  assert.equal(refused.headers.get("retry-after"), "5");
  assert.match(refused.body, /1 requests from 127\.0\.0\.1 are being answered at this moment/);
  assert.equal((await served.ask("GET", "/healthz")).status, 200);
  waiting.close();
  await served.vault.cancelled.promise;
  assert.equal((await served.ask("GET", "/http/file")).status, 200);
});
