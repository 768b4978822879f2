import assert from "node:assert/strict";
import { readRequestCaching } from "../../src/http/request_caching.ts";
import { missReason } from "../../src/vault/miss_reason.ts";
import { artifactOf, entryOf, now } from "./freshness_scene.ts";

const http = artifactOf({ kind: "http" });
const minute = artifactOf({ kind: "ttl", ttlMs: 60_000 });
const careful = artifactOf({ kind: "http" }, { honorClientNoCache: true });
const stale = entryOf({ freshUntil: now - 12_000 });
const confirmed = entryOf({ validatedAt: now - 90_000 });
const claimed = entryOf({ claimed: true });

const cases: readonly (readonly [
  artifact: typeof http,
  miss: Partial<Parameters<typeof missReason>[1]>,
  caching: string | null,
  reason: string,
])[] = [
  [http, {}, null, "not cached"],
  [http, { found: stale, replaced: true }, null, "its listing names other bytes than the copy has"],
  [http, { found: claimed }, null, "known by name, its body is not cached"],
  [http, { found: stale }, null, "its body was evicted or removed"],
  [http, { found: stale, entry: stale }, null, "stale for 12 s"],
  [http, { found: stale, entry: stale }, "no-cache", "stale for 12 s"],
  [careful, { found: stale, entry: stale }, "no-cache", "the client asks with no-cache"],
  [careful, { found: entryOf(), entry: entryOf() }, "max-age=0", "the client asks for a fresher copy"],
  [minute, { found: confirmed, entry: confirmed }, null, "validated 90 s ago, longer than its ttl of 60 s"],
  [
    artifactOf({ kind: "ttl", ttlMs: 60_000, since: now }),
    { found: confirmed, entry: confirmed },
    null,
    "its copy is older than the listing that names it",
  ],
  [
    http,
    { found: stale, entry: entryOf({ storedAt: now + 1 }) },
    null,
    "its copy was stored by a clock that ran ahead",
  ],
];

for (const [artifact, miss, caching, reason] of cases) {
  Deno.test(`why upstream is asked: ${reason}${caching === null ? "" : `, with ${caching}`}`, () => {
    const asked = caching === null ? null : readRequestCaching(new Headers({ "cache-control": caching }));
    const situation = { found: null, entry: null, replaced: false, now, caching: asked, ...miss };
    assert.equal(missReason(artifact, situation), reason);
  });
}
