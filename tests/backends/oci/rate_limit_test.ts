import assert from "node:assert/strict";
import { type RateLimit, withRateLimit } from "../../../src/backends/oci/rate_limit.ts";
import { startFakeUpstream } from "../../support/fake_upstream.ts";
import { ask, registryClient, startTokenRegistry } from "./auth/token_registry.ts";

const host = "registry.test:5000";

type Headers = Record<string, string>;

const cases: readonly (readonly [name: string, headers: Headers, expected: Omit<RateLimit, "host"> | null])[] = [
  ["Docker Hub's", { "ratelimit-limit": "100;w=21600", "ratelimit-remaining": "76;w=21600" }, {
    limit: 100,
    remaining: 76,
    windowSeconds: 21600,
  }],
  ["nothing left", { "ratelimit-limit": "100;w=21600", "ratelimit-remaining": "0;w=21600" }, {
    limit: 100,
    remaining: 0,
    windowSeconds: 21600,
  }],
  ["plain numbers", { "ratelimit-limit": "10", "ratelimit-remaining": " 3 " }, {
    limit: 10,
    remaining: 3,
    windowSeconds: null,
  }],
  ["the window with the limit only", { "ratelimit-limit": "10; w=60", "ratelimit-remaining": "3" }, {
    limit: 10,
    remaining: 3,
    windowSeconds: 60,
  }],
  ["only what remains", { "ratelimit-remaining": "3;w=60" }, { limit: null, remaining: 3, windowSeconds: 60 }],
  ["only the limit", { "ratelimit-limit": "100;w=21600" }, null],
  ["nonsense", { "ratelimit-limit": "many", "ratelimit-remaining": "-1;w=x" }, null],
  ["none", {}, null],
];

for (const [name, headers, expected] of cases) {
  Deno.test(`rate limits: ${name}`, async () => {
    const seen: RateLimit[] = [];
    const answer = new Response(null, { status: 429, headers });
    const fetch = withRateLimit(() => Promise.resolve(answer), { observed: (rateLimit) => seen.push(rateLimit) });
    assert.equal(await fetch(new Request(`https://${host}/v2/app/manifests/latest`)), answer);
    assert.deepEqual(seen, expected === null ? [] : [{ host, ...expected }]);
  });
}

Deno.test("the client tells what the registry says of its quota, not what others say", async () => {
  await using world = startTokenRegistry();
  await using cdn = startFakeUpstream();
  const seen: RateLimit[] = [];
  const observed = (rateLimit: RateLimit) => seen.push(rateLimit);
  using client = registryClient(world.registry, {}, { wrap: (fetch) => withRateLimit(fetch, { observed }) });
  const quota = { "ratelimit-limit": "100;w=60", "ratelimit-remaining": "76;w=60" };
  world.auth.serve("/token", ({ target }) => ({
    body: JSON.stringify({ token: world.issue(target) }),
    headers: { "ratelimit-remaining": "1" },
  }));
  cdn.serve("/aa", { body: "bytes" });
  const url = world.publish("app", "manifests/1", { status: 307, headers: { ...quota, location: cdn.url("/aa") } });
  assert.deepEqual(await ask(client, url), [200, "bytes"]);
  assert.deepEqual(seen, [{ host: new URL(url).host, limit: 100, remaining: 76, windowSeconds: 60 }]);
});
