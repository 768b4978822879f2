import assert from "node:assert/strict";
import type { Config } from "../../src/config/schema.ts";
import type { Entry } from "../../src/store/store.ts";
import { nextOf } from "../../src/status/next_request.ts";
import type { Outlook } from "../../src/vault/outlook.ts";
import { FakeNow } from "../support/fake_now.ts";

const config = { backends: [{ name: "files" }] } as unknown as Pick<Config, "backends">;
const minuteMs = 60_000;

const cases: readonly [outlook: Outlook, answer: RegExp, freshness: RegExp][] = [
  [
    { decision: "serve", reason: null, freshness: "immutable", freshUntil: Infinity },
    /^is served from the cache; no upstream is asked$/,
    /^for ever: /,
  ],
  [
    { decision: "serve", reason: null, freshness: "http", freshUntil: 5 * minuteMs },
    /^is served from the cache/,
    /^fresh until .* UTC \(for 5 min\), by upstream's headers$/,
  ],
  [
    { decision: "revalidate", reason: "stale", freshness: "ttl", freshUntil: -3 * minuteMs },
    /^is served once upstream has been asked whether it has changed: stale$/,
    /^stale since .* UTC \(for 3 min\), by the ttl of its backend$/,
  ],
  [
    { decision: "fetch", reason: "its body is gone", freshness: "ttl", freshUntil: -Infinity },
    /^is served what upstream sends: its body is gone$/,
    /^never fresh, by the ttl of its backend$/,
  ],
  [
    { decision: "refuse", reason: "stale", freshness: "ttl", freshUntil: -minuteMs },
    /^is refused, since the vault is offline: stale$/,
    /^stale since/,
  ],
];

Deno.test("what the next client gets, in words", () => {
  using _now = new FakeNow();
  const now = Date.now();
  for (const [outlook, answer, freshness] of cases) {
    // Times are from now on; `-Infinity` is 0, which is never.
    const freshUntil = Math.max(0, now + outlook.freshUntil);
    const next = nextOf({ backend: "files" } as Entry, { ...outlook, freshUntil }, config);
    assert.equal(next.decision, outlook.decision);
    assert.match(next.answer, answer);
    assert.match(next.freshness, freshness);
  }
  assert.match(nextOf({ backend: "files" } as Entry, null, config).answer, /no client asks for it by this name/);
  assert.match(nextOf({ backend: "gone" } as Entry, null, config).answer, /no backend "gone" is configured/);
});
