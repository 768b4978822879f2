import assert from "node:assert/strict";
import type { Artifact, Freshness } from "../../src/artifact.ts";
import { readRequestCaching } from "../../src/http/request_caching.ts";
import type { Entry } from "../../src/store/store.ts";
import { artifactOf as artifact, entryOf as entry, now } from "./freshness_scene.ts";
import { assess, decide, type Decision, mayServeStale } from "../../src/vault/freshness.ts";

const immutable: Freshness = { kind: "immutable" };
const http: Freshness = { kind: "http" };
const minute: Freshness = { kind: "ttl", ttlMs: 60_000 };

const decisions: [string, Artifact, Entry | null, { caching?: string; later?: number }, Decision][] = [
  ["nothing held", artifact(http), null, {}, "fetch"],
  ["nothing held, offline", artifact(http, { offline: true }), null, {}, "refuse"],
  ["stale, offline", artifact(http, { offline: true }), entry({ freshUntil: 0 }), {}, "serve"],
  ["immutable, a century later", artifact(immutable), entry(), { later: 3e12 }, "serve"],
  [
    "immutable, client says no-cache",
    artifact(immutable, { honorClientNoCache: true }),
    entry(),
    { caching: "no-cache" },
    "serve",
  ],
  ["fresh by headers", artifact(http), entry(), { later: 999 }, "serve"],
  ["stale by headers", artifact(http), entry(), { later: 1000 }, "revalidate"],
  ["within ttl, whatever the headers say", artifact(minute), entry({ freshUntil: 0 }), { later: 59_999 }, "serve"],
  [
    "within ttl, confirmed by a clock that ran ahead",
    artifact(minute),
    entry({ validatedAt: now + 1 }),
    {},
    "revalidate",
  ],
  [
    "fresh by headers, stored by a clock that ran ahead",
    artifact(http),
    entry({ storedAt: now + 1 }),
    {},
    "revalidate",
  ],
  ["immutable, stored by a clock that ran ahead", artifact(immutable), entry({ storedAt: now + 1 }), {}, "serve"],
  ["past ttl", artifact(minute), entry({ freshUntil: Infinity }), { later: 60_000 }, "revalidate"],
  [
    "past ttl, but confirmed since",
    artifact(minute),
    entry({ validatedAt: now + 50_000 }),
    { later: 100_000 },
    "serve",
  ],
  ["no-cache is not honoured by default", artifact(http), entry(), { caching: "no-cache" }, "serve"],
  ["no-cache honoured", artifact(http, { honorClientNoCache: true }), entry(), { caching: "No-Cache" }, "revalidate"],
  [
    "max-age honoured",
    artifact(http, { honorClientNoCache: true }),
    entry(),
    { caching: "max-age=0", later: 1 },
    "revalidate",
  ],
  [
    "max-age that it has",
    artifact(http, { honorClientNoCache: true }),
    entry(),
    { caching: "max-age=1", later: 1 },
    "serve",
  ],
  ["max-age is not honoured by default", artifact(http), entry(), { caching: "max-age=0", later: 1 }, "serve"],
  [
    "min-fresh honoured",
    artifact(http, { honorClientNoCache: true }),
    entry(),
    { caching: "min-fresh=1" },
    "revalidate",
  ],
  ["min-fresh is not honoured by default", artifact(http), entry(), { caching: "min-fresh=1" }, "serve"],
];

for (const [name, subject, held, { caching = "", later = 0 }, expected] of decisions) {
  Deno.test(`decide: ${name} → ${expected}`, () => {
    assert.equal(
      decide(subject, {
        entry: held,
        now: now + later,
        caching: readRequestCaching(new Headers({ "cache-control": caching })),
      }),
      expected,
    );
  });
}

Deno.test("a stale copy is served for as long past its freshness as stale_if_error says", () => {
  assert.equal(mayServeStale(artifact(http), entry(), now + 1e15), true);
  const limited = artifact(http, { staleIfErrorMs: 5000 });
  assert.equal(mayServeStale(limited, entry(), now + 5999), true);
  assert.equal(mayServeStale(limited, entry(), now + 6000), false);
});

const assessments: [string, Record<string, string>, { storable: boolean; freshForMs: number; ageMs?: number }][] = [
  ["max-age", { "cache-control": "max-age=60" }, { storable: true, freshForMs: 60_000 }],
  ["s-maxage before max-age", { "cache-control": "max-age=60, s-maxage=10" }, { storable: true, freshForMs: 10_000 }],
  ["no-store", { "cache-control": "no-store" }, { storable: false, freshForMs: 0 }],
  ["private", { "cache-control": "private, max-age=60" }, { storable: false, freshForMs: 0 }],
  ["no-cache is kept, and asked about each time", { "cache-control": "no-cache" }, { storable: true, freshForMs: 0 }],
  ["Age counts", { "cache-control": "max-age=60", age: "50" }, { storable: true, freshForMs: 10_000, ageMs: 50_000 }],
  ["Vary: *", { "cache-control": "max-age=60", vary: "*" }, { storable: false, freshForMs: 0 }],
  ["nothing said", {}, { storable: true, freshForMs: 0 }],
];

for (const [name, headers, expected] of assessments) {
  Deno.test(`assess: ${name}`, () => {
    const at = Date.now();
    const { storable, freshUntil, generatedAt } = assess(artifact(http), new Headers(headers), at);
    assert.equal(storable, expected.storable);
    assert.equal(Math.round((freshUntil - at) / 1000) * 1000, expected.freshForMs);
    assert.equal(Math.round((at - generatedAt) / 1000) * 1000, expected.ageMs ?? 0);
  });
}

Deno.test("assess: without explicit freshness, a tenth of the time since the last change (RFC 9111 §4.2.2)", () => {
  const at = Date.now();
  const headers = new Headers({ date: new Date(at).toUTCString(), "last-modified": new Date(at - 1e8).toUTCString() });
  const fresh = assess(artifact(http), headers, at).freshUntil - at;
  assert.ok(Math.abs(fresh - 1e7) < 2000, String(fresh));
});

Deno.test("assess: what the configuration says is immutable or has a ttl is kept, whatever upstream says", () => {
  for (const freshness of [immutable, minute]) {
    assert.equal(assess(artifact(freshness), new Headers({ "cache-control": "no-store" }), now).storable, true);
  }
});

Deno.test("assess: Vary selects by the headers that were sent; Accept-Encoding is always the same", () => {
  const subject = artifact(http, {}, [["accept", "text/html"]]);
  const { selectedBy } = assess(subject, new Headers({ vary: "Accept, accept-encoding, X-Other" }), now);
  assert.deepEqual(selectedBy, [["accept", "text/html"], ["x-other", ""]]);
});

Deno.test("stale-while-revalidate and stale-if-error are not freshness", () => {
  const artifact = new Proxy({ key: "/a", requestHeaders: [], freshness: { kind: "http" } }, {}) as never;
  const headers = new Headers({ "cache-control": "max-age=60, stale-while-revalidate=600, stale-if-error=86400" });
  assert.equal(assess(artifact, headers, 0).freshUntil, 60_000);
});
