import assert from "node:assert/strict";
import type { Fetch } from "../../src/artifact.ts";
import { VaultError } from "../../src/errors.ts";
import { notesOf } from "../../src/upstream/response_notes.ts";
import { withRetry } from "../../src/upstream/retry.ts";
import { parseRetryAfter } from "../../src/http/retry_after.ts";
import { InstantClock, ManualClock } from "./clocks.ts";

const url = "https://user:secret@upstream.test/file?signature=secret";
const startedAt = Date.parse("2026-11-23T12:00:00Z");

type Step = Error | number | Response;

/** A fetch that answers with one step after the other, the last one for ever, and counts. */
function scripted(...steps: Step[]): { fetch: Fetch; calls: Request[] } {
  const calls: Request[] = [];
  const fetch: Fetch = (request) => {
    const step = steps[Math.min(calls.length, steps.length - 1)] ?? 200;
    calls.push(request);
    if (step instanceof Error) return Promise.reject(step);
    return Promise.resolve(typeof step === "number" ? new Response("body", { status: step }) : step);
  };
  return { fetch, calls };
}

const closed = new TypeError("client error (SendRequest): connection closed before message completed");
const refused = new TypeError("client error (Connect): tcp connect error: Connection refused (os error 111)");
const unknownHost = new TypeError("client error (Connect): dns error: failed to lookup address information");
const untrusted = new TypeError("client error (Connect): invalid peer certificate: UnknownIssuer");
const silent = new VaultError("upstream_silent", "no answer");

const answered: readonly (readonly [name: string, steps: Step[], status: number, calls: number])[] = [
  ["a good answer is taken at once", [200], 200, 1],
  ["503, 503, 200 is a 200", [503, 503, 200], 200, 3],
  ["a reset before the answer is repeated", [closed, 206], 206, 2],
  ["refused, then there", [refused, refused, refused, 200], 200, 4],
  ["a hiccup of the resolver is forgiven", [unknownHost, 200], 200, 2],
  ["429, 500, 502 and 504 are repeated", [429, 500, 502, 504], 504, 4],
  ["an error answer that stays is returned", [503], 503, 4],
  ["404 is an answer", [404], 404, 1],
  ["501 is an answer", [501], 501, 1],
  ["401 is an answer", [401], 401, 1],
];

for (const [name, steps, status, calls] of answered) {
  Deno.test(name, async () => {
    const upstream = scripted(...steps);
    const response = await withRetry(upstream.fetch, { retries: 3, clock: new InstantClock() })(new Request(url));
    assert.equal(response.status, status);
    assert.equal(upstream.calls.length, calls);
    assert.equal(notesOf(response).attempts, calls);
  });
}

const unanswered: readonly (readonly [name: string, error: Error, calls: number, code: string, message: RegExp])[] = [
  [
    "refused for good",
    refused,
    4,
    "upstream_failed",
    /^Cannot fetch "https:\/\/upstream.test\/file\?…": connection refused after 4 attempts$/,
  ],
  ["closed for good", closed, 4, "upstream_failed", /: connection closed without an answer after 4 attempts$/],
  [
    "an unknown host is asked for twice",
    unknownHost,
    2,
    "upstream_failed",
    /: the host name is not known to DNS after 2 attempts$/,
  ],
  ["a bad certificate stays bad", untrusted, 1, "upstream_failed", /unknown issuer; name its issuer with "ca"/],
  ["silence has cost enough already", silent, 1, "upstream_silent", /^no answer$/],
];

for (const [name, error, calls, code, message] of unanswered) {
  Deno.test(name, async () => {
    const upstream = scripted(error);
    const fetch = withRetry(upstream.fetch, { retries: 3, clock: new InstantClock() });
    await assert.rejects(fetch(new Request(url)), { name: "VaultError", code, message });
    assert.equal(upstream.calls.length, calls);
  });
}

Deno.test("who does not want to wait is answered after one attempt", async () => {
  for (const step of [503, 429, refused]) {
    const upstream = scripted(step);
    const fetch = withRetry(upstream.fetch, { retries: 3, clock: new InstantClock() });
    await fetch(new Request(url), { retry: false }).catch(() => {});
    assert.equal(upstream.calls.length, 1);
  }
});

Deno.test("a host that is down is not tried again, unless it went down between two attempts", async () => {
  const down = new VaultError("upstream_down", "down");
  const fetching = (...steps: Step[]) => {
    const upstream = scripted(...steps);
    return { ...upstream, fetch: withRetry(upstream.fetch, { retries: 3, clock: new InstantClock() }) };
  };
  const known = fetching(down);
  await assert.rejects(known.fetch(new Request(url)), { code: "upstream_down" });
  assert.equal(known.calls.length, 1);
  const fresh = fetching(refused, down, 200);
  assert.equal((await fresh.fetch(new Request(url))).status, 200);
  const gone = fetching(refused, down);
  await assert.rejects(gone.fetch(new Request(url)), { message: /: connection refused after 4 attempts$/ });
});

Deno.test("only GET and HEAD are repeated", async () => {
  for (const [method, calls] of [["GET", 4], ["HEAD", 4], ["POST", 1], ["PUT", 1]] as const) {
    const upstream = scripted(503);
    await withRetry(upstream.fetch, { retries: 3, clock: new InstantClock() })(new Request(url, { method }));
    assert.equal(upstream.calls.length, calls, method);
  }
});

Deno.test("429 is not repeated where it is said so; an outage still is", async () => {
  const options = { retries: 3, clock: new InstantClock(), retryRateLimited: false };
  for (
    const [steps, status, calls] of [[[429, 200], 429, 1], [[503, 200], 200, 2], [[503, 429, 200], 429, 2]] as const
  ) {
    const upstream = scripted(...steps);
    assert.equal((await withRetry(upstream.fetch, options)(new Request(url))).status, status);
    assert.equal(upstream.calls.length, calls);
  }
});

Deno.test("waits grow exponentially, with jitter, and not beyond 10 s", async () => {
  const clock = new InstantClock();
  await withRetry(scripted(503).fetch, { retries: 8, clock, random: () => 1 })(new Request(url));
  assert.deepEqual(clock.waits, [250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000]);

  const jittery = new InstantClock();
  await withRetry(scripted(503).fetch, { retries: 2, clock: jittery, random: () => 0.5 })(new Request(url));
  assert.deepEqual(jittery.waits, [125, 250]);
});

function busy(retryAfter: string): Response {
  return new Response(null, { status: 429, headers: { "retry-after": retryAfter } });
}

const politeness: readonly (readonly [name: string, retryAfter: string, waits: number[], status: number])[] = [
  ["Retry-After in seconds is honoured", "7", [7000], 200],
  ["Retry-After as a date is honoured", "Mon, 23 Nov 2026 12:00:09 GMT", [9000], 200],
  ["Retry-After in the past means now", "Mon, 23 Nov 2026 11:00:00 GMT", [0], 200],
  ["30 s are waited for", "30", [30_000], 200],
  ["more than 30 s are not", "31", [], 429],
  ["a Retry-After that means nothing is ignored", "soon", [250], 200],
];

for (const [name, retryAfter, waits, status] of politeness) {
  Deno.test(name, async () => {
    const clock = new InstantClock(startedAt);
    const fetch = withRetry(scripted(busy(retryAfter), 200).fetch, { retries: 3, clock, random: () => 1 });
    assert.equal((await fetch(new Request(url))).status, status);
    assert.deepEqual(clock.waits, waits);
  });
}

Deno.test("parseRetryAfter: no header is null", () => assert.equal(parseRetryAfter(null, 0), null));

Deno.test("the request's signal ends a wait, and its reason is what is thrown", async () => {
  const clock = new ManualClock();
  const gone = new AbortController();
  const first = Promise.withResolvers<void>();
  const fetch = withRetry(() => {
    first.resolve();
    return Promise.resolve(busy("20"));
  }, { retries: 3, clock });
  const fetching = fetch(new Request(url, { signal: gone.signal }));
  await first.promise;
  gone.abort(new VaultError("shutting_down", "enough"));
  await assert.rejects(fetching, { code: "shutting_down" });
  assert.equal(clock.timerCount, 0);
});

Deno.test("bodies of answers that are not used are given up", async () => {
  let cancelled = 0;
  const fetch = withRetry(
    () => Promise.resolve(new Response(new ReadableStream({ cancel: () => void cancelled++ }), { status: 503 })),
    { retries: 2, clock: new InstantClock() },
  );
  await (await fetch(new Request(url))).body?.cancel();
  assert.equal(cancelled, 3);
});

for (const [name, step] of [["503", 503], ["a closed connection", closed]] as const) {
  Deno.test(`${name} of a host that gives nothing else is not repeated; of another one it is`, async () => {
    for (const [isFailing, attempts] of [[true, 1], [false, 4]] as const) {
      const { fetch, calls } = scripted(step);
      const options = { retries: 3, clock: new InstantClock(), health: { isFailing: () => isFailing } };
      await withRetry(fetch, options)(new Request(url)).catch(() => {});
      assert.equal(calls.length, attempts);
    }
  });
}
