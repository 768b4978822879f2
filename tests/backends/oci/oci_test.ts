import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { type AppFixture, startBackends } from "../../support/app_fixture.ts";
import { type FakeUpstream, startFakeUpstream } from "../../support/fake_upstream.ts";

const manifestType = "application/vnd.oci.image.manifest.v1+json";

function manifest(name: string, headers: Record<string, string> = {}) {
  const body = JSON.stringify({ schemaVersion: 2, mediaType: manifestType, layers: [], annotations: { name } });
  return { body, headers: { "content-type": manifestType, ...headers } };
}

/** A registry that has one image, whose manifest tells where it is from. */
function startRegistry(name: string, image: string): FakeUpstream {
  const registry = startFakeUpstream();
  registry.serve(`/v2/${image}/manifests/1`, manifest(name));
  return registry;
}

/** The registry that a manifest is from; null where there was none. */
async function originOf(app: AppFixture, target: string): Promise<string | null> {
  const { status, text } = await app.ask(target);
  return status === 200 ? JSON.parse(text).annotations.name : null;
}

const hostOf = (registry: FakeUpstream) => new URL(registry.origin).host;

interface Given {
  readonly type: string;
  readonly prefix: string;
}

const roots: [name: string, backends: Given[], origin: string | null][] = [
  ["the first dockerhub", [
    { type: "oci", prefix: "/a" },
    { type: "dockerhub", prefix: "/b" },
    { type: "dockerhub", prefix: "/c" },
  ], "/b"],
  ["the first oci without a dockerhub", [{ type: "oci", prefix: "/a" }, { type: "oci", prefix: "/b" }], "/a"],
  ["the one with the prefix /v2", [{ type: "dockerhub", prefix: "/a" }, { type: "oci", prefix: "/v2" }], "/v2"],
  ["the one with the prefix /", [{ type: "dockerhub", prefix: "/a" }, { type: "oci", prefix: "/" }], "/"],
  ["another type with the prefix /v2", [{ type: "dockerhub", prefix: "/a" }, { type: "http", prefix: "/v2" }], null],
];

for (const [name, given, origin] of roots) {
  Deno.test(`/v2 at the root belongs to ${name}`, async () => {
    await using stack = new AsyncDisposableStack();
    const backends = given.map(({ type, prefix }, index) => {
      const url = stack.use(startRegistry(prefix, "team/x")).origin;
      const own = type === "http" ? { base_url: url } : { registry_url: url };
      return { type, name: `b${index}`, config: { prefix, retries: 0, ...own } };
    });
    await using app = await startBackends(backends);
    assert.equal(await originOf(app, "/v2/team/x/manifests/1"), origin);
    for (const { type, prefix } of given) {
      if (type === "http" || prefix.length === 1 || prefix === "/v2") continue;
      assert.equal(await originOf(app, `${prefix}/v2/team/x/manifests/1`), prefix);
      assert.equal(await originOf(app, `${prefix}/team/x/manifests/1`), prefix);
    }
  });
}

Deno.test("registries are asked in order, by any of their names, and as their patterns allow", async () => {
  await using first = startRegistry("first", "team/x");
  await using second = startRegistry("second", "team/x");
  second.serve("/v2/team/y/manifests/1", manifest("second"));
  const repositories = [
    { registry_url: first.origin, names: "one.test" },
    { registry_url: hostOf(second), insecure: true, names: ["two.test"], deny: "team/secret" },
  ];
  await using app = await startBackends([{ type: "oci", name: "all", config: { repositories } }]);
  assert.equal(await originOf(app, "/v2/team/x/manifests/1"), "first");
  assert.equal(await originOf(app, "/v2/team/y/manifests/1"), "second");
  assert.equal(await originOf(app, "/v2/two.test/team/x/manifests/1"), "second");
  assert.equal(await originOf(app, `/v2/team/x/manifests/1?ns=${hostOf(second)}`), "second");
  const secret = await app.ask("/v2/two.test/team/secret/manifests/1");
  assert.equal(secret.status, 403);
  assert.match(secret.text, /"DENIED".*deny team\/secret/);
  const unknown = await app.ask("/v2/three.test/team/x/manifests/1");
  assert.equal(unknown.status, 403);
  assert.match(unknown.text, /"DENIED".*three\.test.* is not configured here/);
});

Deno.test("a registry that tells no digest: answers have that of the bytes, from the first GET on", async () => {
  await using registry = startRegistry("first", "team/x");
  await using app = await startBackends([{ type: "oci", name: "all", config: { registry_url: registry.origin } }]);
  const hold = registry.hold("/v2/team/x/manifests/1", 1);
  const together = [1, 2].map(() => app.ask("/v2/team/x/manifests/1"));
  await hold.reached;
  hold.release();
  const answers = await Promise.all(together);
  for (const method of ["HEAD", "GET"]) answers.push(await app.ask("/v2/team/x/manifests/1", { method }));
  const digest = `sha256:${createHash("sha256").update(answers[0]!.text).digest("hex")}`;
  assert.deepEqual(answers.map(({ headers }) => headers.get("docker-content-digest")), Array(4).fill(digest));
  assert.equal(registry.requests.length, 1);
});

Deno.test("a manifest that cannot be kept comes without the digest that its registry does not tell", async () => {
  await using registry = startRegistry("first", "team/x");
  const config = { registry_url: registry.origin };
  await using app = await startBackends([{ type: "oci", name: "all", config }], { top: { cache_max_size: 1 } });
  const { status, headers } = await app.ask("/v2/team/x/manifests/1");
  assert.deepEqual([status, headers.get("docker-content-digest")], [200, null]);
});

Deno.test("a manifest that is held has its own type, whatever an answer to HEAD said", async () => {
  await using registry = startRegistry("first", "team/x");
  const served = manifest("first");
  const digest = `sha256:${createHash("sha256").update(served.body).digest("hex")}`;
  const headers = { "docker-content-digest": digest };
  registry.serve(`/v2/team/x/manifests/${digest}`, served);
  registry.serve("/v2/team/x/manifests/claimed", { ...served, headers: { ...headers, "content-type": "text/plain" } });
  await using app = await startBackends([{ type: "oci", name: "all", config: { registry_url: registry.origin } }]);
  await app.ask("/v2/team/x/manifests/claimed", { method: "HEAD" });
  await app.ask(`/v2/team/x/manifests/${digest}`);
  await app.idle();
  for (const method of ["HEAD", "GET"]) {
    const { status, headers } = await app.ask("/v2/team/x/manifests/claimed", { method });
    assert.deepEqual([status, headers.get("content-type")], [200, manifestType], method);
  }
});

for (const content of ["manifests", "blobs"]) {
  Deno.test(`a tag whose ${content} were deleted upstream is asked about at once, within its ttl`, async () => {
    await using registry = startFakeUpstream();
    const [older, newer] = [manifest("older"), manifest("newer")];
    registry.serve("/v2/team/x/manifests/1", (_, nth) => nth === 0 ? older : newer);
    const config = { registry_url: registry.origin, tag_ttl: "1h" };
    await using app = await startBackends([{ type: "oci", name: "all", config }]);
    assert.equal(await originOf(app, "/v2/team/x/manifests/1"), "older");
    await app.idle();
    assert.equal(await originOf(app, "/v2/team/x/manifests/1"), "older");
    assert.equal(registry.count("/v2/team/x/manifests/1"), 1);
    assert.equal((await app.ask(`/v2/team/x/${content}/sha256:${"0".repeat(64)}`)).status, 404);
    assert.equal(await originOf(app, "/v2/team/x/manifests/1"), "newer");
    await app.idle();
    const asked = registry.count("/v2/team/x/manifests/1");
    assert.equal(await originOf(app, "/v2/team/x/manifests/1"), "newer");
    assert.equal(registry.count("/v2/team/x/manifests/1"), asked, "once");
  });
}

const refusals: readonly (readonly [upstream: number, status: number, code: string])[] = [
  [400, 400, "DENIED"],
  [402, 402, "DENIED"],
  [412, 412, "DENIED"],
  [451, 451, "DENIED"],
  [429, 429, "TOOMANYREQUESTS"],
];

for (const [upstream, status, code] of refusals) {
  Deno.test(`a registry's ${upstream} is told as it is, with the registry's own words`, async () => {
    await using registry = startFakeUpstream();
    const body = JSON.stringify({ errors: [{ code: "DENIED", message: "Blocked by\npolicy 7" }] });
    const retryAt = new Date(Date.now() + 3_600_000).toUTCString();
    const headers = { "content-type": "application/json", "retry-after": retryAt };
    registry.serve("/v2/team/x/manifests/1", { status: upstream, body, headers });
    const config = { registry_url: registry.origin, retries: 0 };
    await using app = await startBackends([{ type: "oci", name: "all", config }]);
    const answer = await app.ask("/v2/team/x/manifests/1");
    const [error] = JSON.parse(answer.text).errors;
    assert.deepEqual([answer.status, error.code], [status, code]);
    assert.match(error.message, /: "Blocked by policy 7"$/);
    assert.match(app.lines.join("\n"), /Blocked by policy 7/);
    const waitSeconds = Number(answer.headers.get("retry-after"));
    assert.ok(waitSeconds > 3000 && waitSeconds <= 3600, `${waitSeconds}`);
  });
}

for (const [onOutage, origin] of [["stop", null], ["next", "second"]] as const) {
  Deno.test(`with on_outage: ${onOutage}, a tag ${origin === null ? "does not come" : "comes"} from the next registry`, async () => {
    await using down = startFakeUpstream();
    down.serve("/v2/team/x/manifests/1", { status: 503 });
    await using second = startRegistry("second", "team/x");
    const repositories = [{ registry_url: down.origin }, { registry_url: second.origin }];
    const config = { repositories, retries: 0, on_outage: onOutage };
    await using app = await startBackends([{ type: "oci", name: "all", config }]);
    assert.equal(await originOf(app, "/v2/team/x/manifests/1"), origin);
    assert.equal(second.requests.length, origin === null ? 0 : 1);
  });
}

for (const [failing, answer] of [["has no such image", { status: 404 }], ["is down", { status: 503 }]] as const) {
  Deno.test(`a mirror that ${failing}: the registry itself is asked where it is configured`, async () => {
    await using mirror = startFakeUpstream();
    mirror.serve("/v2/reg.example/team/x/manifests/1", answer);
    await using registry = startRegistry("registry", "team/x");
    const parent = { registry_url: mirror.origin, mirror_of: "any" };
    const itself = { registry_url: registry.origin, names: "reg.example" };
    await using app = await startBackends([
      { type: "oci", name: "both", config: { prefix: "/both", repositories: [parent, itself], retries: 0 } },
      { type: "oci", name: "alone", config: { prefix: "/alone", repositories: [parent], retries: 0 } },
    ]);
    assert.equal(await originOf(app, "/both/v2/reg.example/team/x/manifests/1"), "registry");
    assert.equal(mirror.requests.length > 0, true);
    assert.equal(await originOf(app, "/alone/v2/reg.example/team/x/manifests/1"), null);
    mirror.serve("/v2/reg.example/team/y/manifests/1", manifest("mirror"));
    assert.equal(await originOf(app, "/alone/v2/team/y/manifests/1?ns=reg.example"), "mirror");
  });
}

Deno.test("a token goes to its registry, and to no other", async () => {
  await using first = startFakeUpstream();
  await using second = startRegistry("second", "team/x");
  const repositories = [{ registry_url: first.origin, token: "hunter2" }, { registry_url: second.origin }];
  await using app = await startBackends([{ type: "oci", name: "all", config: { repositories } }]);
  assert.equal(await originOf(app, "/v2/team/x/manifests/1"), "second");
  assert.equal(first.requests[0]?.headers.get("authorization"), "Bearer hunter2");
  assert.equal(second.requests[0]?.headers.get("authorization"), null);
});

Deno.test("a username and password go to the token server that auth_url names", async () => {
  await using registry = startFakeUpstream();
  await using tokens = startFakeUpstream();
  const challenge = { "www-authenticate": 'Bearer realm="http://127.0.0.1:9/elsewhere",service="registry"' };
  registry.serve("/v2/team/x/manifests/1", ({ headers }) => {
    return headers.get("authorization") === "Bearer t0" ? manifest("registry") : { status: 401, headers: challenge };
  });
  tokens.serve("/token", { body: '{"token":"t0"}' });
  const login = { username: "me", password: "hunter2", auth_url: `${tokens.origin}/token` };
  const config = { registry_url: registry.origin, ...login };
  await using app = await startBackends([{ type: "dockerhub", name: "hub", config }]);
  assert.equal(await originOf(app, "/v2/team/x/manifests/1"), "registry");
  assert.deepEqual(tokens.requests.map(({ headers }) => headers.get("authorization")), [`Basic ${btoa("me:hunter2")}`]);
});

Deno.test("a registry's quota is in the log and in the metrics, and a used up one is not asked again and again", async () => {
  await using registry = startFakeUpstream();
  const quota = (left: number) => ({ "ratelimit-limit": "100;w=21600", "ratelimit-remaining": `${left};w=21600` });
  registry.serve("/v2/team/x/manifests/1", manifest("registry", quota(76)));
  registry.serve("/v2/team/y/manifests/1", { status: 429, headers: quota(0) });
  await using app = await startBackends([{
    type: "oci",
    name: "a",
    config: { registry_url: registry.origin, retries: 3 },
  }]);
  const labels = ['backend="a"', `host="${hostOf(registry)}"`];
  assert.equal(await originOf(app, "/v2/team/x/manifests/1"), "registry");
  await app.logged(/^INFO Quota of .* for backend "a": 76 of 100 requests left in 21600 s/);
  assert.equal(await app.metric("vault_upstream_ratelimit_remaining", ...labels), 76);
  assert.equal(await app.metric("vault_upstream_ratelimit_limit", ...labels), 100);
  const refused = await app.ask("/v2/team/y/manifests/1");
  assert.equal(refused.status, 429);
  assert.match(refused.text, /"TOOMANYREQUESTS"/);
  assert.equal(registry.count("/v2/team/y/manifests/1"), 1);
  await app.logged(/^WARNING Quota of .*: 0 of 100/);
  assert.equal(await app.metric("vault_upstream_ratelimit_remaining", ...labels), 0);
});

const names = (registry: FakeUpstream) => [hostOf(registry), `localhost:${new URL(registry.origin).port}`];

Deno.test("registries: any opens no registry on a private network", async () => {
  await using registry = startRegistry("registry", "team/x");
  await using app = await startBackends([{ type: "oci", name: "all", config: { registries: "any", insecure: true } }]);
  for (const name of [...names(registry), "intranet", "10.0.0.1", "[::1]:5000", "[fd00::1]"]) {
    const { status, text } = await app.ask(`/v2/team/x/manifests/1?ns=${name}`);
    assert.equal(status, 403, name);
    assert.match(text, /"DENIED".*is not on the public internet.*allow_private_redirects: true/);
  }
  assert.deepEqual(registry.requests, []);
});

Deno.test("a pattern of registries opens what it covers, and still nothing on a private network", async () => {
  const config = { registries: "*.test.localhost", insecure: true };
  await using app = await startBackends([{ type: "oci", name: "all", config }]);
  const covered = await app.ask("/v2/reg.test.localhost/team/x/manifests/1");
  assert.equal(covered.status, 403);
  assert.match(covered.text, /"DENIED".*reg\.test\.localhost.* is not on the public internet/);
  const other = await app.ask("/v2/a.reg.test.localhost/team/x/manifests/1");
  assert.equal(other.status, 403);
  assert.match(other.text, /"DENIED".*is not configured here; configured: \*\.test\.localhost\./);
});

Deno.test("registries: any opens those of a private network where that is allowed", async () => {
  await using registry = startRegistry("registry", "team/x");
  await using other = startRegistry("other", "team/y");
  const open = { registries: "any", insecure: true, allow_private_redirects: true };
  const config = { registry_url: hostOf(other), ...open };
  await using app = await startBackends([{ type: "oci", name: "all", config }]);
  for (const name of names(registry)) {
    assert.equal(await originOf(app, `/v2/${name}/team/x/manifests/1`), "registry");
    assert.equal(await originOf(app, `/v2/team/x/manifests/1?ns=${name}`), "registry");
  }
  assert.equal(registry.requests.length, 2);
  assert.equal(await originOf(app, "/v2/team/y/manifests/1"), "other");
  assert.equal((await app.ask("/v2/host.test:99999/team/x/manifests/1?ns=host.test:99999")).status, 400);
});
