import assert from "node:assert/strict";
import { startApp } from "../support/app_fixture.ts";
import { startFakeUpstream } from "../support/fake_upstream.ts";

const json = { "content-type": "application/json; charset=utf-8" };
const text = { "content-type": "text/plain" };

for (const status of [400, 402, 405, 406, 409, 412, 414, 415, 423, 451]) {
  Deno.test(`${status} is passed on as ${status} with our words and upstream's, and a held copy is served instead`, async () => {
    await using upstream = startFakeUpstream();
    upstream.serve("/a", { status, body: "Not for you, says the policy\nmore", headers: text });
    await using app = await startApp({ upstream: upstream.origin });
    const refused = await app.ask("/files/a");
    assert.equal(refused.status, status);
    assert.match(refused.text, new RegExp(`upstream answered ${status}: "Not for you, says the policy"\n`));
    assert.equal(refused.headers.get("cache-status"), `vault; fwd=miss; fwd-status=${status}; detail=refused`);
    assert.deepEqual(app.held(), { entries: 0, blobs: 0, staged: 0 });
    await app.logged(new RegExp(`^INFO .* /files/a ${status} .*: Cannot fetch .*: "Not for you, says the policy"`));

    upstream.serve("/b", { body: "good" });
    assert.equal((await app.ask("/files/b")).text, "good");
    await app.idle();
    upstream.serve("/b", { status });
    const stale = await app.ask("/files/b");
    assert.deepEqual([stale.status, stale.text], [200, "good"]);
    assert.match(stale.headers.get("cache-status")!, /detail=stale-if-error/);
  });
}

for (const status of [408, 416, 421, 425, 500, 503]) {
  Deno.test(`${status} is about the connection or the server, not about the file: 502`, async () => {
    await using upstream = startFakeUpstream();
    upstream.serve("/a", { status });
    await using app = await startApp({ upstream: upstream.origin });
    assert.equal((await app.ask("/files/a")).status, 502);
  });
}

Deno.test("a mirror that refuses is no reason not to ask the next one", async () => {
  await using first = startFakeUpstream();
  await using second = startFakeUpstream();
  first.serve("/a", { status: 451 });
  second.serve("/a", { body: "good" });
  await using app = await startApp({ upstream: [first.origin, second.origin] });
  assert.equal((await app.ask("/files/a")).text, "good");
});

Deno.test("203 is a success: kept, and served again as 200", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { status: 203, body: "as a proxy has it" });
  await using app = await startApp({ upstream: upstream.origin, backend: { ttl: "1h" } });
  for (let i = 0; i < 2; i++) {
    const { status, text } = await app.ask("/files/a");
    assert.deepEqual([status, text], [200, "as a proxy has it"]);
    await app.idle();
  }
  assert.equal(upstream.count("/a"), 1);
});

const words: readonly [name: string, body: string, headers: Record<string, string>, said: string][] = [
  ["a registry's errors", '{"errors":[{"code":"DENIED","message":"CVE policy of this project"}]}', json, "CVE policy"],
  ["a message", '{"message":"quota used up"}', json, "quota used up"],
  ["an error object", '{"error":{"message":"pay first"}}', json, "pay first"],
  ["a detail", '{"detail":"no such licence"}', { "content-type": "application/problem+json" }, "no such licence"],
  ["control characters", "one\ttwo\u0007\u001b[31m three", text, "one two [31m three"],
  ["a text without end", "x".repeat(100_000), text, `${"x".repeat(199)}…`],
];

for (const [name, body, headers, said] of words) {
  Deno.test(`what upstream says with its refusal (${name}) stands in the answer, in one line`, async () => {
    await using upstream = startFakeUpstream();
    upstream.serve("/a", { status: 403, body, headers });
    await using app = await startApp({ upstream: upstream.origin });
    const { status, text } = await app.ask("/files/a");
    assert.equal(status, 403);
    assert.ok(
      text.includes(
        `upstream answered 403; check the credentials of this backend, unless nobody may have this: "${said}`,
      ),
      text,
    );
    assert.equal(text.trimEnd().split("\n").length, 4);
  });
}

const wordless: readonly [name: string, body: string, headers: Record<string, string>][] = [
  ["a page", "<html>no</html>", { "content-type": "text/html" }],
  ["JSON that breaks off", '{"message":"hal', json],
  ["JSON that says nothing", '{"errors":[null],"message":7}', json],
  ["nothing", "", text],
];

for (const [name, body, headers] of wordless) {
  Deno.test(`a refusal with ${name} has our words only`, async () => {
    await using upstream = startFakeUpstream();
    upstream.serve("/a", { status: 451, body, headers });
    await using app = await startApp({ upstream: upstream.origin });
    const { status, text } = await app.ask("/files/a");
    assert.deepEqual([status, text.split("\n")[2]], [
      451,
      `Cannot fetch "${upstream.origin}/…": upstream answered 451`,
    ]);
  });
}

Deno.test("an upstream that holds back its words is not waited for", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { status: 451, body: "so to say\n", headers: text, fault: { kind: "silent", afterBytes: 9 } });
  await using app = await startApp({ upstream: upstream.origin });
  const { status, text: answer } = await app.ask("/files/a");
  assert.deepEqual([status, answer.includes('"so to say"')], [451, true]);
});
