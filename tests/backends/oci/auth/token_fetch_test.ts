import assert from "node:assert/strict";
import { startFakeUpstream } from "../../../support/fake_upstream.ts";
import { testCertificates } from "../../../upstream/certificates.ts";
import { ManualClock } from "../../../upstream/clocks.ts";
import { ask, authorizations, login, loginHeader, registryClient, startTokenRegistry } from "./token_registry.ts";

const manifest = "manifests/latest";

Deno.test("a cold pull: one 401, one token; from then on no 401 for anything of the repository", async () => {
  await using world = startTokenRegistry();
  using client = registryClient(world.registry, { login });
  for (const path of [manifest, "blobs/sha256:aa", "tags/list", "referrers/sha256:bb"]) {
    const url = world.publish("library/ubuntu", path);
    assert.deepEqual(await ask(client, url), [200, "here"]);
    assert.deepEqual(await ask(client, url, { method: "HEAD" }), [200, ""]);
  }
  assert.deepEqual(world.sent, [null, ...Array(8).fill("Bearer token-1")]);
  const [asked, ...more] = world.auth.requests;
  assert.equal(asked?.target, "/token?service=reg.test&scope=repository%3Alibrary%2Fubuntu%3Apull");
  assert.equal(asked.method, "GET");
  assert.equal(asked.headers.get("authorization"), loginHeader);
  assert.equal(asked.headers.get("user-agent"), "artifact-vault/test");
  assert.deepEqual(more, []);
});

Deno.test("HEAD is authenticated like GET, and the request's own headers go along both times", async () => {
  await using world = startTokenRegistry();
  using client = registryClient(world.registry);
  const url = world.publish("app", manifest);
  const headers = { accept: "application/vnd.oci.image.index.v1+json", "if-none-match": '"e"' };
  assert.deepEqual(await ask(client, url, { method: "HEAD", headers }), [200, ""]);
  const seen = world.registry.requests.map(({ method, headers }) => [method, headers.get("if-none-match")]);
  assert.deepEqual(seen, [["HEAD", '"e"'], ["HEAD", '"e"']]);
  assert.equal(world.auth.requests[0]?.headers.get("accept"), "application/json");
  assert.deepEqual(authorizations(world.auth), [null], "nobody to log in as");
});

Deno.test("50 concurrent requests, one token request", async () => {
  await using world = startTokenRegistry();
  using client = registryClient(world.registry);
  const url = world.publish("app", manifest);
  const held = world.auth.hold(world.target("app"));
  const asking = Array.from({ length: 50 }, () => ask(client, url));
  await world.registry.waitForRequest(50);
  held.release();
  for (const answer of await Promise.all(asking)) assert.deepEqual(answer, [200, "here"]);
  assert.equal(world.auth.requests.length, 1);
  assert.equal(world.registry.requests.length, 100);
});

Deno.test("two repositories, two scopes: each token goes to its own", async () => {
  await using world = startTokenRegistry();
  using client = registryClient(world.registry);
  const [one, two] = [world.publish("one", manifest), world.publish("two", manifest)];
  for (const url of [one, two, one, two]) assert.deepEqual(await ask(client, url), [200, "here"]);
  assert.deepEqual(world.auth.requests.map(({ target }) => target), [world.target("one"), world.target("two")]);
  assert.deepEqual(world.sent, [null, "Bearer token-1", null, "Bearer token-2", "Bearer token-1", "Bearer token-2"]);
});

Deno.test("every scope of a list is a parameter of its own; the realm's own query stays", async () => {
  await using world = startTokenRegistry();
  using client = registryClient(world.registry);
  world.registry.serve("/v2/app/manifests/latest", ({ headers }) =>
    headers.has("authorization") ? { body: "here" } : {
      status: 401,
      headers: {
        "www-authenticate":
          `Basic realm="x", BEARER Scope="repository:app:pull repository:base:pull",Realm="${world.auth.origin}/token?a=b"`,
      },
    });
  assert.deepEqual(await ask(client, world.registry.url("/v2/app/manifests/latest")), [200, "here"]);
  const target = "/token?a=b&scope=repository%3Aapp%3Apull&scope=repository%3Abase%3Apull";
  assert.deepEqual(world.auth.requests.map((request) => request.target), [target]);
});

const places: readonly (readonly [path: string, scopes: string[]])[] = [
  ["/v2/org/app/manifests/latest", ["repository:org/app:pull"]],
  ["/v2/manifests/blobs/sha256:aa", ["repository:manifests:pull"]],
  ["/v2/a/blobs/b/tags/list", ["repository:a/blobs/b:pull"]],
  ["/mirror/v2/app/tags/list", ["repository:app:pull"]],
  ["/v2/", []],
];

for (const [path, scopes] of places) {
  Deno.test(`a challenge without a scope on ${path}: the scope is what was asked for`, async () => {
    await using world = startTokenRegistry();
    using client = registryClient(world.registry);
    world.registry.serve(path, ({ headers }) =>
      headers.has("authorization") ? {} : {
        status: 401,
        headers: { "www-authenticate": `Bearer realm="${world.auth.url("/token")}"` },
      });
    for (let i = 0; i < 2; i++) assert.deepEqual(await ask(client, world.registry.url(path)), [200, ""]);
    const [asked, ...more] = world.auth.requests.map(({ target }) => new URL(target, world.auth.origin));
    assert.deepEqual(asked?.searchParams.getAll("scope"), scopes);
    assert.deepEqual(more, []);
    assert.equal(world.registry.requests.length, 3);
  });
}

const lifetimes: readonly (readonly [name: string, answer: Record<string, unknown>, freshSeconds: number])[] = [
  ["300 s, less 10", { expires_in: 300 }, 290],
  ["60 s when the server does not say", {}, 50],
  ["a quarter is the most that is taken off", { expires_in: 20 }, 15],
  ["60 s when what it says makes no sense", { expires_in: -1 }, 50],
  ["60 s when it says it as text", { expires_in: "300" }, 50],
  ["issued_at is not looked at", { expires_in: 300, issued_at: "2001-01-01T00:00:00Z" }, 290],
];

for (const [name, answer, freshSeconds] of lifetimes) {
  Deno.test(`a token is renewed before it expires: ${name}`, async () => {
    await using world = startTokenRegistry();
    const clock = new ManualClock();
    using client = registryClient(world.registry, {}, { clock });
    world.more = answer;
    const url = world.publish("app", manifest);
    await ask(client, url);
    clock.advance(freshSeconds * 1000 - 1);
    await ask(client, url);
    assert.equal(world.auth.requests.length, 1);
    clock.advance(1);
    assert.deepEqual(await ask(client, url), [200, "here"]);
    assert.equal(world.auth.requests.length, 2);
    assert.deepEqual(world.sent, [null, "Bearer token-1", "Bearer token-1", "Bearer token-2"]);
  });
}

Deno.test("a 401 in the middle of a token's life renews it once", async () => {
  await using world = startTokenRegistry();
  using client = registryClient(world.registry);
  const url = world.publish("app", manifest);
  await ask(client, url);
  world.revokeAll();
  for (let i = 0; i < 2; i++) assert.deepEqual(await ask(client, url), [200, "here"]);
  assert.deepEqual(world.sent, [null, "Bearer token-1", "Bearer token-1", "Bearer token-2", "Bearer token-2"]);
  assert.equal(world.auth.requests.length, 2);
});

Deno.test("50 concurrent 401s in the middle of a token's life renew it once together", async () => {
  await using world = startTokenRegistry();
  using client = registryClient(world.registry);
  const url = world.publish("app", manifest);
  await ask(client, url);
  world.revokeAll();
  const held = world.registry.hold("/v2/app/manifests/latest");
  const asking = Array.from({ length: 50 }, () => ask(client, url));
  await world.registry.waitForRequest(52);
  held.release();
  for (const answer of await Promise.all(asking)) assert.deepEqual(answer, [200, "here"]);
  assert.equal(world.auth.requests.length, 2);
  assert.equal(world.sent.filter((authorization) => authorization === "Bearer token-1").length, 51);
});

Deno.test("a 401 that comes late, after others have renewed, takes their token", async () => {
  await using world = startTokenRegistry();
  using client = registryClient(world.registry);
  const [url, slow] = [world.publish("app", manifest), world.publish("app", "manifests/slow")];
  await ask(client, url);
  world.revokeAll();
  const held = world.registry.hold("/v2/app/manifests/slow");
  const late = ask(client, slow);
  await held.reached;
  assert.deepEqual(await ask(client, url), [200, "here"]);
  held.release();
  assert.deepEqual(await late, [200, "here"]);
  assert.equal(world.auth.requests.length, 2);
});

Deno.test("a refused login is not tried again for a minute, lest the account be locked", async () => {
  await using world = startTokenRegistry();
  const clock = new ManualClock();
  using client = registryClient(world.registry, { login }, { clock });
  const url = world.publish("app", manifest);
  world.auth.serve("/token", { status: 401 });
  const isDenied = { code: "denied", upstreamStatus: 401 };
  for (let i = 0; i < 3; i++) await assert.rejects(ask(client, url), isDenied);
  assert.equal(world.auth.requests.length, 1);
  clock.advance(60_000);
  await assert.rejects(ask(client, url), isDenied);
  assert.equal(world.auth.requests.length, 2);
});

Deno.test("a second 401 is the answer, with its body", async () => {
  await using world = startTokenRegistry();
  using client = registryClient(world.registry);
  const headers = { "www-authenticate": world.challenge("app") };
  world.registry.serve("/v2/app/manifests/latest", { status: 401, headers, body: "never" });
  const url = world.registry.url("/v2/app/manifests/latest");
  assert.deepEqual(await ask(client, url), [401, "never"]);
  assert.deepEqual(world.sent, [null, "Bearer token-1"]);
  assert.deepEqual(await ask(client, url), [401, "never"]);
  assert.deepEqual(world.sent.slice(2), ["Bearer token-1", "Bearer token-2"]);
  assert.equal(world.auth.requests.length, 2);
});

Deno.test("a 401 that wants more than the token has gets a token with more, also for later requests", async () => {
  await using world = startTokenRegistry();
  using client = registryClient(world.registry);
  const url = world.publish("app", manifest);
  await ask(client, url);
  world.registry.serve(
    "/v2/app/manifests/latest",
    ({ headers }) =>
      headers.get("authorization") === "Bearer token-2" ? { body: "more" } : {
        status: 401,
        headers: { "www-authenticate": world.challenge("app", "repository:app:pull repository:base:pull") },
      },
  );
  for (let i = 0; i < 2; i++) assert.deepEqual(await ask(client, url), [200, "more"]);
  assert.equal(world.auth.requests[1]?.target, `${world.target("app")}&scope=repository%3Abase%3Apull`);
  assert.deepEqual(world.sent.slice(2), ["Bearer token-1", "Bearer token-2", "Bearer token-2"]);
});

Deno.test("one caller who leaves does not take the token from the others", async () => {
  await using world = startTokenRegistry();
  using client = registryClient(world.registry);
  const url = world.publish("app", manifest);
  const held = world.auth.hold(world.target("app"));
  const leaving = new AbortController();
  const left = ask(client, url, { signal: leaving.signal });
  await held.reached;
  const staying = ask(client, url);
  await world.registry.waitForRequest(2);
  leaving.abort(new Error("the client left"));
  await assert.rejects(left, /^Error: the client left$/);
  held.release();
  assert.deepEqual(await staying, [200, "here"]);
  assert.equal(world.auth.requests.length, 1);
});

Deno.test("an error answer after a good token is an answer", async () => {
  await using world = startTokenRegistry();
  using client = registryClient(world.registry);
  assert.deepEqual(await ask(client, world.publish("app", manifest, { status: 404, body: "none" })), [404, "none"]);
  assert.deepEqual(await ask(client, world.publish("app", manifest, { status: 429, body: "wait" })), [429, "wait"]);
});

Deno.test("a blob on another origin that wants a token: an anonymous one of its own, and nothing of the registry's", async () => {
  await using world = startTokenRegistry();
  await using other = startTokenRegistry();
  using client = registryClient(world.registry, { login });
  const url = world.publish("app", "blobs/sha256:aa", {
    status: 307,
    headers: { location: other.publish("app", "blobs/sha256:aa", { body: "bytes" }) },
  });
  for (const round of [1, 2]) assert.deepEqual(await ask(client, url), [200, "bytes"], `${round}`);
  assert.deepEqual(world.sent, [null, "Bearer token-1", "Bearer token-1"]);
  assert.deepEqual(authorizations(world.auth), [loginHeader]);
  assert.deepEqual(authorizations(other.auth), [null]);
  assert.deepEqual(other.sent, [null, "Bearer token-1", "Bearer token-1"]);
});

Deno.test("a fixed token stays at home: another origin that wants a token gets an anonymous one of its own", async () => {
  await using registry = startFakeUpstream();
  await using other = startTokenRegistry();
  using client = registryClient(registry, { token: "fixed" });
  const location = other.publish("app", "blobs/sha256:aa", { body: "bytes" });
  registry.serve("/v2/app/blobs/sha256:aa", { status: 307, headers: { location } });
  const url = registry.url("/v2/app/blobs/sha256:aa");
  for (const round of [1, 2]) assert.deepEqual(await ask(client, url), [200, "bytes"], `${round}`);
  assert.deepEqual(authorizations(registry), ["Bearer fixed", "Bearer fixed"]);
  assert.deepEqual(authorizations(other.auth), [null]);
  assert.deepEqual(other.sent, [null, "Bearer token-1", "Bearer token-1"]);
});

Deno.test("a registry that refuses the fixed token is given no other, and no token server is asked", async () => {
  await using world = startTokenRegistry();
  using client = registryClient(world.registry, { token: "fixed" });
  assert.deepEqual(await ask(client, world.publish("app", manifest)), [401, "no"]);
  assert.deepEqual(world.sent, ["Bearer fixed"]);
  assert.equal(world.auth.requests.length, 0);
});

Deno.test("a blob on another origin that names the registry's own token server gets nothing of the login", async () => {
  await using world = startTokenRegistry();
  await using cdn = startFakeUpstream();
  using client = registryClient(world.registry, { login });
  const redirect = { status: 307, headers: { location: cdn.url("/v2/app/blobs/sha256:aa") } };
  const url = world.publish("app", "blobs/sha256:aa", redirect);
  const challenges = `Basic realm="cdn", ${world.challenge("app")}`;
  cdn.serve("/v2/app/blobs/sha256:aa", { status: 401, body: "no", headers: { "www-authenticate": challenges } });
  assert.deepEqual(await ask(client, url), [401, "no"]);
  assert.deepEqual(authorizations(world.auth), [loginHeader, null]);
  assert.deepEqual(authorizations(cdn), [null, "Bearer token-2"]);
});

Deno.test("a registry on plain http that redirects to its own https is still that registry", async () => {
  await using plain = startFakeUpstream();
  await using world = startTokenRegistry(testCertificates.localhost);
  const secure = world.registry.origin.replace("127.0.0.1", "localhost");
  world.publish("app", manifest);
  plain.serve("/v2/app/manifests/latest", { status: 301, headers: { location: `${secure}/v2/app/manifests/latest` } });
  const origin = plain.origin.replace("127.0.0.1", "localhost");
  const options = { caCerts: [testCertificates.ca], origins: [origin] };
  using client = registryClient(world.registry, { login, insecure: true, authUrl: world.auth.url("/token") }, options);
  assert.deepEqual(await ask(client, `${origin}/v2/app/manifests/latest`), [200, "here"]);
  assert.deepEqual(authorizations(world.auth), [loginHeader]);
});

for (const known of [false, true]) {
  Deno.test(`a login goes to no token server on another domain${known ? ", but where auth_url names it" : ""}`, async () => {
    const asked: string[] = [];
    const fetch = (request: Request) => {
      asked.push(`${new URL(request.url).hostname} ${request.headers.get("authorization")}`);
      if (request.url.startsWith("https://auth.")) return Promise.resolve(Response.json({ token: "t" }));
      const headers = { "www-authenticate": 'Bearer realm="https://auth.evil.net/token"' };
      return Promise.resolve(new Response("", { status: request.headers.has("authorization") ? 200 : 401, headers }));
    };
    await using registry = startFakeUpstream();
    const credentials = { login, ...known && { authUrl: "https://auth.evil.net/token" } };
    using client = registryClient(registry, credentials, {
      origins: ["https://reg.public.net"],
      lookup: () => Promise.resolve(["93.184.216.34"]),
      egress: { fetch, fetchAt: null, proxyOf: () => null, close() {} },
    });
    const asking = ask(client, "https://reg.public.net/v2/");
    if (known) assert.deepEqual(await asking, [200, ""]);
    else {
      const message = /another domain.*write auth_url: https:\/\/auth\.evil\.net\/token/;
      await assert.rejects(asking, { code: "denied", upstreamStatus: 401, message });
    }
    assert.deepEqual(asked.slice(1, 2), known ? [`auth.evil.net ${loginHeader}`] : []);
  });
}

Deno.test("a request with an authorization of its own keeps it, and its 401", async () => {
  await using world = startTokenRegistry();
  using client = registryClient(world.registry, { login });
  const url = world.publish("app", manifest);
  assert.deepEqual(await ask(client, url, { headers: { authorization: "Bearer own" } }), [401, "no"]);
  assert.deepEqual(world.sent, ["Bearer own"]);
  assert.equal(world.auth.requests.length, 0);
});

Deno.test("a fixed token is sent at once; a challenge to it is the answer", async () => {
  await using world = startTokenRegistry();
  using client = registryClient(world.registry, {}, { credentials: { kind: "bearer", token: "fixed" } });
  assert.deepEqual(await ask(client, world.publish("app", manifest)), [401, "no"]);
  assert.deepEqual(world.sent, ["Bearer fixed"]);
  assert.equal(world.auth.requests.length, 0);
});

Deno.test("a Basic registry: one 401, then the login at once, for every repository", async () => {
  await using registry = startFakeUpstream();
  await using cdn = startFakeUpstream();
  using client = registryClient(registry, { login });
  for (const name of ["one", "two"]) {
    registry.serve(
      `/v2/${name}/blobs/sha256:aa`,
      ({ headers }) =>
        headers.get("authorization") === loginHeader
          ? { status: 307, headers: { location: cdn.url("/aa") } }
          : { status: 401, headers: { "www-authenticate": 'basic realm="registry"' } },
    );
  }
  cdn.serve("/aa", { body: "bytes" });
  for (const name of ["one", "one", "two"]) {
    assert.deepEqual(await ask(client, registry.url(`/v2/${name}/blobs/sha256:aa`)), [200, "bytes"]);
  }
  assert.deepEqual(authorizations(registry), [null, loginHeader, loginHeader, loginHeader]);
  assert.deepEqual(authorizations(cdn), [null, null, null]);
});

Deno.test("a Basic registry that refuses the login, or gets none: its 401 is the answer", async () => {
  await using registry = startFakeUpstream();
  using client = registryClient(registry, { login });
  using anonymous = registryClient(registry);
  registry.serve("/v2/", { status: 401, body: "no", headers: { "www-authenticate": 'Basic realm="registry"' } });
  assert.deepEqual(await ask(client, registry.url("/v2/")), [401, "no"]);
  assert.deepEqual(await ask(client, registry.url("/v2/")), [401, "no"]);
  assert.deepEqual(await ask(anonymous, registry.url("/v2/")), [401, "no"]);
  assert.deepEqual(authorizations(registry), [null, loginHeader, loginHeader, null]);
});

Deno.test("a registry that goes over from Bearer to Basic and back is followed", async () => {
  await using world = startTokenRegistry();
  using client = registryClient(world.registry, { login });
  const url = world.publish("app", manifest);
  assert.deepEqual(await ask(client, url), [200, "here"]);
  world.registry.serve(
    "/v2/app/manifests/latest",
    ({ headers }) =>
      headers.get("authorization") === loginHeader
        ? { body: "basic" }
        : { status: 401, headers: { "www-authenticate": "Basic" } },
  );
  assert.deepEqual(await ask(client, url), [200, "basic"]);
  assert.deepEqual(await ask(client, url), [200, "basic"]);
  world.publish("app", manifest);
  assert.deepEqual(await ask(client, url), [200, "here"]);
  const [bearer, basic] = ["Bearer token-1", loginHeader];
  assert.deepEqual(world.sent, [null, bearer, bearer, basic, basic, basic, bearer]);
});

Deno.test("authUrl stands in for the realm, also where there is none", async () => {
  await using world = startTokenRegistry();
  await using elsewhere = startFakeUpstream();
  using client = registryClient(world.registry, { login, authUrl: elsewhere.url("/given?x=1") });
  elsewhere.serve("/given", (request) => ({ body: JSON.stringify({ access_token: world.issue(request.target) }) }));
  assert.deepEqual(await ask(client, world.publish("app", manifest)), [200, "here"]);
  world.registry.serve(
    "/v2/",
    ({ headers }) =>
      headers.has("authorization") ? {} : { status: 401, headers: { "www-authenticate": "Bearer service=s" } },
  );
  assert.deepEqual(await ask(client, world.registry.url("/v2/")), [200, ""]);
  const targets = elsewhere.requests.map(({ target }) => target);
  assert.deepEqual(targets, [`/given?x=1&${world.target("app").split("?")[1]}`, "/given?x=1&service=s"]);
  assert.deepEqual(authorizations(elsewhere), [loginHeader, loginHeader]);
  assert.equal(world.auth.requests.length, 0);
});

const unanswerable: readonly (readonly [name: string, challenge: string | null])[] = [
  ["no challenge", null],
  ["an empty one", ""],
  ["Bearer without a realm", 'Bearer service="s"'],
  ["an unusable realm", 'Bearer realm="not a URL"'],
  ["a realm that is a file", 'Bearer realm="file:///etc/passwd"'],
  ["an unknown scheme", 'Digest realm="r", nonce="n"'],
  ["quotes that never close", 'Bearer realm="https://auth.test/token'],
];

for (const [name, challenge] of unanswerable) {
  Deno.test(`a 401 with ${name} is the answer`, async () => {
    await using registry = startFakeUpstream();
    using client = registryClient(registry, { login });
    const headers = challenge === null ? {} : { "www-authenticate": challenge };
    registry.serve("/v2/app/manifests/latest", { status: 401, body: "no", headers });
    assert.deepEqual(await ask(client, registry.url("/v2/app/manifests/latest")), [401, "no"]);
    assert.deepEqual(authorizations(registry), [null]);
  });
}

interface Exposure {
  readonly login?: typeof login;
  readonly insecure?: boolean;
}

const exposures: readonly (readonly [name: string, credentials: Exposure, sent: (string | null)[]])[] = [
  ["the login is not sent", { login }, []],
  ["an anonymous token is asked for all the same", {}, [null]],
  ["insecure allows it", { login, insecure: true }, [loginHeader]],
];

for (const [name, credentials, sent] of exposures) {
  Deno.test(`a registry on https with its token server on http: ${name}`, async () => {
    await using world = startTokenRegistry(testCertificates.localhost);
    const origin = world.registry.origin.replace("127.0.0.1", "localhost");
    const options = { caCerts: [testCertificates.ca], origins: [origin] };
    const named = credentials.insecure ? { authUrl: world.auth.url("/token") } : {};
    using client = registryClient(world.registry, { ...credentials, ...named }, options);
    world.publish("app", manifest);
    const asking = ask(client, `${origin}/v2/app/manifests/latest`);
    if (sent.length > 0) assert.deepEqual(await asking, [200, "here"]);
    else {
      await assert.rejects(asking, {
        code: "denied",
        upstreamStatus: 401,
        message: `Cannot get a token from "${world.auth.url("/token")}?…": it is plain http, where credentials of a ` +
          `registry on https do not go; write auth_url: ${world.auth.url("/token")} if it is meant`,
      });
    }
    assert.deepEqual(authorizations(world.auth), sent);
  });
}

Deno.test("a public registry cannot make us ask for a token at an address that is not public", async () => {
  const asked: string[] = [];
  const fetch = (request: Request) => {
    asked.push(`${request.url} ${request.headers.get("authorization")}`);
    if (request.url.startsWith("http://169.254.169.254/")) return Promise.resolve(Response.json({ token: "inside" }));
    const headers = { "www-authenticate": 'Bearer realm="http://169.254.169.254/token"' };
    return Promise.resolve(new Response(null, { status: request.headers.has("authorization") ? 200 : 401, headers }));
  };
  const options = {
    origins: ["https://public.test"],
    lookup: () => Promise.resolve(["93.184.216.34"]),
    egress: { fetch, fetchAt: null, proxyOf: () => null, close() {} },
  };
  await using registry = startFakeUpstream();
  using careful = registryClient(registry, {}, options);
  await assert.rejects(ask(careful, "https://public.test/v2/"), {
    code: "denied",
    message: /"http:\/\/169.254.169.254\/token": that is not a public address; name it with "auth_url"/,
  });
  assert.deepEqual(asked, ["https://public.test/v2/ null"]);
  using allowed = registryClient(registry, {}, { ...options, allowPrivateRedirects: true });
  assert.deepEqual(await ask(allowed, "https://public.test/v2/"), [200, ""]);
  using named = registryClient(registry, { authUrl: "http://169.254.169.254/token" }, options);
  assert.deepEqual(await ask(named, "https://public.test/v2/"), [200, ""]);
});
