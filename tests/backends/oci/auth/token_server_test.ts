import assert from "node:assert/strict";
import type { VaultError } from "../../../../src/errors.ts";
import { type Answer, sequence, startFakeUpstream } from "../../../support/fake_upstream.ts";
import { Pattern } from "../../../support/pattern.ts";
import { ask, authorizations, login, loginHeader, registryClient, startTokenRegistry } from "./token_registry.ts";

const secrets = /jane|pa:ss|amFuZ|s3cret|repository/;

interface Failure {
  readonly code: string;
  readonly message: string;
  readonly upstreamStatus?: number;
  readonly retryAfterSeconds?: number;
}

const failures: readonly (readonly [name: string, answer: Answer, failure: Failure])[] = [
  ["refuses the login with 401", { status: 401 }, {
    code: "denied",
    message: "it answered 401: it refused the username and password of this registry",
    upstreamStatus: 401,
  }],
  ["refuses the login with 403", { status: 403, body: "s3cret" }, {
    code: "denied",
    message: "it answered 403: it refused the username and password of this registry",
    upstreamStatus: 401,
  }],
  ["has had too many requests", { status: 429, headers: { "retry-after": "90" } }, {
    code: "rate_limited",
    message: "it answered 429, too many requests",
    upstreamStatus: 429,
    retryAfterSeconds: 90,
  }],
  ["says why in JSON", {
    status: 401,
    body: '{"details":"incorrect username\\nor password"}',
    headers: { "content-type": "application/json" },
  }, {
    code: "denied",
    message: 'it answered 401: it refused the username and password of this registry: "incorrect username or password"',
    upstreamStatus: 401,
  }],
  ["says why, and the password", {
    status: 401,
    body: `not ${login.password}`,
    headers: { "content-type": "text/plain; charset=utf-8" },
  }, {
    code: "denied",
    message: "it answered 401: it refused the username and password of this registry",
    upstreamStatus: 401,
  }],
  ["has had too many requests and names no time", { status: 429 }, {
    code: "rate_limited",
    message: "it answered 429, too many requests",
    upstreamStatus: 429,
  }],
  ["is broken", { status: 500 }, { code: "upstream_failed", message: "it answered 500", upstreamStatus: 500 }],
  ["knows no such path", { status: 404 }, { code: "upstream_failed", message: "it answered 404", upstreamStatus: 404 }],
  ["answers with a page", { body: "<html>s3cret</html>" }, {
    code: "upstream_failed",
    message: "its answer is not a JSON object",
  }],
  ["answers with null", { body: "null" }, { code: "upstream_failed", message: "its answer is not a JSON object" }],
  ["answers with nothing", {}, { code: "upstream_failed", message: "its answer is not a JSON object" }],
  ["answers without a token", { body: '{"expires_in":300}' }, {
    code: "upstream_failed",
    message: "there is no usable token in its answer",
  }],
  ["answers with a token that is no text", { body: '{"token":{"s3cret":1}}' }, {
    code: "upstream_failed",
    message: "there is no usable token in its answer",
  }],
  ["answers with a token that fits no header", { body: '{"token":"s3cret\\r\\nx-evil: 1"}' }, {
    code: "upstream_failed",
    message: "there is no usable token in its answer",
  }],
  ["answers without end", { body: new Pattern(10_000_000), framing: "chunked" }, {
    code: "upstream_failed",
    message: "its answer is larger than 64 KiB",
  }],
];

for (const [name, answer, { message, ...failure }] of failures) {
  Deno.test(`a token server that ${name}: ${failure.code}, and no secret told`, async () => {
    await using world = startTokenRegistry();
    using client = registryClient(world.registry, { login });
    world.auth.serve("/token", answer);
    const told = `Cannot get a token from "${world.auth.url("/token")}?…": ${message}`;
    await assert.rejects(ask(client, world.publish("app", "manifests/latest")), (error: VaultError) => {
      const { code, message, upstreamStatus, retryAfterSeconds, stack, cause } = error;
      assert.deepEqual({ code, message, upstreamStatus, retryAfterSeconds }, {
        ...{ upstreamStatus: undefined, retryAfterSeconds: undefined },
        ...failure,
        message: told,
      });
      assert.doesNotMatch(`${stack} ${cause}`, secrets);
      return true;
    });
    assert.equal(world.auth.requests.length, 1);
  });
}

Deno.test("a token server that gives none without a login says what to set", async () => {
  await using world = startTokenRegistry();
  using client = registryClient(world.registry);
  world.auth.serve("/token", { status: 401 });
  await assert.rejects(ask(client, world.publish("app", "manifests/latest")), {
    code: "denied",
    upstreamStatus: 401,
    message: /: it answered 401: it gives none without credentials; set "username" and "password"$/,
  });
});

Deno.test("a token server's redirect is followed on its own host, with the login", async () => {
  await using world = startTokenRegistry();
  using client = registryClient(world.registry, { login });
  const token = world.target("app").replace("/token", "/service/token");
  world.auth.serve("/token", { status: 301, headers: { location: token } });
  world.auth.serve("/service/token", ({ target }) => ({ body: JSON.stringify({ token: world.issue(target) }) }));
  assert.deepEqual(await ask(client, world.publish("app", "manifests/latest")), [200, "here"]);
  assert.deepEqual(authorizations(world.auth), [loginHeader, loginHeader]);
});

Deno.test("a token server's redirect to another host is followed without the login", async () => {
  await using world = startTokenRegistry();
  await using elsewhere = startFakeUpstream({ hostname: "127.0.0.2" });
  using client = registryClient(world.registry, { login });
  world.auth.serve("/token", { status: 302, headers: { location: elsewhere.url("/token") } });
  elsewhere.serve("/token", { body: JSON.stringify({ token: "anonymous" }) });
  assert.deepEqual(await ask(client, world.publish("app", "manifests/latest")), [401, "no"]);
  assert.deepEqual([authorizations(world.auth), authorizations(elsewhere)], [[loginHeader], [null]]);
});

Deno.test("a token server that is gone is named, and the registry asked only once", async () => {
  await using world = startTokenRegistry();
  using client = registryClient(world.registry, {}, { retries: 2 });
  const url = world.publish("app", "manifests/latest");
  await world.auth[Symbol.asyncDispose]();
  const message = `Cannot fetch "${world.auth.url("/token")}?…": connection refused after 3 attempts`;
  await assert.rejects(ask(client, url), { code: "upstream_failed", message });
  assert.equal(world.registry.requests.length, 1);
});

Deno.test("a silent token server is upstream_silent", async () => {
  await using world = startTokenRegistry();
  using client = registryClient(world.registry, {}, { timeoutMs: 50 });
  const url = world.publish("app", "manifests/latest");
  for (const fault of [{ kind: "silent" }, { kind: "silent", afterBytes: 3 }] as const) {
    world.auth.serve("/token", { body: '{"token":"t"}', fault });
    await assert.rejects(ask(client, url), { code: "upstream_silent", message: /"http:.*\/token\?…"/ });
  }
});

Deno.test("a broken answer of a token server is upstream_failed", async () => {
  await using world = startTokenRegistry();
  using client = registryClient(world.registry);
  world.auth.serve("/token", { body: '{"token":"t"}', fault: { kind: "close", afterBytes: 5 } });
  const asking = ask(client, world.publish("app", "manifests/latest"));
  await assert.rejects(asking, { code: "upstream_failed", message: /\/token\?…" to the end: the connection broke$/ });
});

Deno.test("a hiccup of the token server is repeated once for all who wait", async () => {
  await using world = startTokenRegistry();
  using client = registryClient(world.registry, {}, { retries: 3 });
  const url = world.publish("app", "manifests/latest");
  const body = () => JSON.stringify({ token: world.issue(world.target("app")) });
  world.auth.serve("/token", (_, nth) => nth < 2 ? { status: 503 } : { body: body() });
  const held = world.auth.hold(world.target("app"));
  const asking = Array.from({ length: 20 }, () => ask(client, url));
  await world.registry.waitForRequest(20);
  held.release();
  for (const answer of await Promise.all(asking)) assert.deepEqual(answer, [200, "here"]);
  assert.equal(world.auth.requests.length, 3);
});

Deno.test("a failed token request is forgotten: the next one may succeed, also somewhere else", async () => {
  await using world = startTokenRegistry();
  await using moved = startTokenRegistry();
  using client = registryClient(world.registry);
  const url = world.publish("app", "manifests/latest");
  world.auth.serve("/token", sequence({ status: 500 }, { body: '{"token":"t","expires_in":1e-9}' }, { status: 500 }));
  world.registry.serve("/v2/app/manifests/latest", ({ headers }, nth) => {
    if (headers.has("authorization")) return { body: "here" };
    return { status: 401, headers: { "www-authenticate": (nth < 3 ? world : moved).challenge("app") } };
  });
  await assert.rejects(ask(client, url), { upstreamStatus: 500 });
  assert.deepEqual(await ask(client, url), [200, "here"]);
  await assert.rejects(ask(client, url), { upstreamStatus: 500 }, "the token has expired, its server is down");
  assert.deepEqual(await ask(client, url), [200, "here"]);
  assert.equal(moved.auth.requests.length, 1);
});
