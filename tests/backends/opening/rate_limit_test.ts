import assert from "node:assert/strict";
import { type HostRateLimit, withRateLimit } from "../../../src/backends/opening/rate_limit.ts";
import { startFakeUpstream } from "../../support/fake_upstream.ts";
import { ask, registryClient, startTokenRegistry } from "../oci/auth/token_registry.ts";

Deno.test("the client tells what the registry says of its quota, not what others say", async () => {
  await using world = startTokenRegistry();
  await using cdn = startFakeUpstream();
  const seen: HostRateLimit[] = [];
  const observed = (rateLimit: HostRateLimit) => seen.push(rateLimit);
  using client = registryClient(world.registry, {}, { wrap: (fetch) => withRateLimit(fetch, { observed }) });
  const quota = { "ratelimit-limit": "100;w=60", "ratelimit-remaining": "76;w=60" };
  world.auth.serve("/token", ({ target }) => ({
    body: JSON.stringify({ token: world.issue(target) }),
    headers: { "ratelimit-remaining": "1" },
  }));
  cdn.serve("/aa", { body: "bytes" });
  const url = world.publish("app", "manifests/1", { status: 307, headers: { ...quota, location: cdn.url("/aa") } });
  assert.deepEqual(await ask(client, url), [200, "bytes"]);
  const { host } = new URL(url);
  assert.deepEqual(seen, [{ host, limit: 100, remaining: 76, windowSeconds: 60, name: "", resetSeconds: null }]);
});
