import assert from "node:assert/strict";
import { type Answers, startFakeUpstream } from "../support/fake_upstream.ts";
import { Pattern } from "../support/pattern.ts";
import { VaultFixture } from "../support/vault_fixture.ts";
import { waitUntil } from "../support/wait_until.ts";

const part = 2 * 1024 * 1024;
const body = new Pattern(8 * part);
const etag = '"1"';
const lastModified = "Mon, 02 Nov 2026 10:00:00 GMT";
const headers = { date: "Mon, 02 Nov 2026 11:00:00 GMT" };

/** Upstreams by what they take in `If-Range`; the others send the whole body. */
const upstreams: readonly (readonly [name: string, answers: Answers, wholeAnswers: number])[] = [
  ["ETags and dates", { body, etag, lastModified, headers }, 0],
  ["dates only", (request) => {
    const ifRange = request.headers.get("if-range");
    return { body, etag, lastModified, headers, ranges: ifRange === null || ifRange === lastModified };
  }, 1],
  ["nothing", (request) => ({ body, etag, lastModified, headers, ranges: !request.headers.has("if-range") }), 2],
  ["nothing, and sends no date", (request) => ({ body, etag, ranges: !request.headers.has("if-range") }), 1],
];

for (const [name, answers, wholeAnswers] of upstreams) {
  // Those that take no If-Range still say that they have ranges, as the ones in question do.
  const honest: Answers = (request, nth) => {
    const answer = typeof answers === "function" ? answers(request, nth) : answers;
    return { ...answer, headers: { ...answer.headers, "accept-ranges": "bytes" } };
  };

  Deno.test(`eight ranges of a cold file are fetched once, where If-Range takes ${name}`, async () => {
    await using upstream = startFakeUpstream();
    await using fixture = new VaultFixture();
    for (const target of ["/first", "/later"]) {
      upstream.serve(target, honest);
      const artifact = fixture.artifact(upstream.url(target));
      await Promise.all(Array.from({ length: 8 }, async (_, i) => {
        const start = ((i + 3) % 8) * part;
        const opened = await fixture.open(artifact, { range: { kind: "from", first: start, last: start + part - 1 } });
        assert.ok(await body.isIn(opened.stream({ start, end: start + part }), start, start + part));
      }));
      const asked = upstream.requests.filter((request) => request.target === target);
      const outcomes = await Promise.all(asked.map(({ finished }) => finished));
      // What was dropped is what came whole: of these, some bytes are in the buffers of both sides.
      const wanted = asked.filter((_, i) => outcomes[i] === "sent");
      assert.equal(wanted.reduce((sum, { sentBytes }) => sum + sentBytes, 0), body.size);
      assert.equal(asked.length - wanted.length, target === "/first" ? wholeAnswers : 0);
    }
  });
}

Deno.test("a host that sends no parts at all is asked by one connection only", async () => {
  await using upstream = startFakeUpstream();
  await using fixture = new VaultFixture();
  for (const target of ["/first", "/later"]) {
    upstream.serve(target, { body, etag, ranges: false, headers: { "accept-ranges": "bytes" } });
    const hold = upstream.hold(target, part);
    const artifact = fixture.artifact(upstream.url(target));
    const whole = fixture.readRight(artifact, body);
    await hold.reached;
    const start = 7 * part;
    const opened = await fixture.open(artifact, { range: { kind: "from", first: start } });
    const tail = body.isIn(opened.stream({ start, end: body.size }), start);
    // With an ETag, and without If-Range.
    if (target === "/first") await waitUntil("parts are asked for", () => upstream.count(target, "GET") === 3);
    hold.release();
    assert.ok(await tail);
    assert.ok((await whole).isRight);
    assert.equal(upstream.count(target, "GET"), target === "/first" ? 3 : 1);
  }
});
