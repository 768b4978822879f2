import assert from "node:assert/strict";
import { registryCredentials } from "../../src/backends/oci/auth/registry_credentials.ts";
import type { Credentials } from "../../src/upstream/credentials.ts";
import type { RenewableCredentials } from "../../src/upstream/renewal.ts";
import { type FakeUpstream, startFakeUpstream } from "../support/fake_upstream.ts";
import {
  ask,
  authorizations,
  login,
  loginHeader,
  registryClient,
  startTokenRegistry,
} from "../backends/oci/auth/token_registry.ts";

const bearer = (token: string): Credentials => ({ kind: "bearer", token });
const registryLogin = (password: string): Credentials =>
  registryCredentials({ insecure: false, login: { username: login.username, password } });

/** Credentials that show a new secret when they are read anew, or once `seen`. */
class Renewable implements RenewableCredentials {
  rereads = 0;
  next: Credentials | null = null;
  #current: Credentials;

  constructor(first: Credentials) {
    this.#current = first;
  }

  /** The time has come at which the change is noticed without a reason. */
  see(): void {
    this.#current = this.next ?? this.#current;
  }

  current(): Credentials {
    return this.#current;
  }

  reread(): Credentials {
    this.rereads++;
    this.see();
    return this.#current;
  }
}

const client = (upstream: FakeUpstream, credentials: RenewableCredentials) =>
  registryClient(upstream, {}, { credentials });

/** Serves `/file` for one token only, and answers others with this status. */
function serveFor(upstream: FakeUpstream, token: string, status: number): string {
  upstream.serve(
    "/file",
    ({ headers }) => headers.get("authorization") === `Bearer ${token}` ? { body: "here" } : { status, body: "no" },
  );
  return upstream.url("/file");
}

for (const status of [401, 403]) {
  Deno.test(`a ${status} to a secret that has changed meanwhile is asked once more`, async () => {
    await using upstream = startFakeUpstream();
    const credentials = new Renewable(bearer("old"));
    credentials.next = bearer("new");
    using vault = client(upstream, credentials);
    const url = serveFor(upstream, "new", status);
    assert.deepEqual(await ask(vault, url), [200, "here"]);
    assert.deepEqual(await ask(vault, url), [200, "here"]);
    assert.deepEqual(authorizations(upstream), ["Bearer old", "Bearer new", "Bearer new"]);
    assert.equal(credentials.rereads, 1);
  });

  Deno.test(`a ${status} to a secret that has not changed is the answer`, async () => {
    await using upstream = startFakeUpstream();
    const credentials = new Renewable(bearer("old"));
    using vault = client(upstream, credentials);
    assert.deepEqual(await ask(vault, serveFor(upstream, "new", status)), [status, "no"]);
    assert.equal(upstream.requests.length, 1);
  });
}

Deno.test("a changed secret that is refused too is not tried a third time", async () => {
  await using upstream = startFakeUpstream();
  const credentials = new Renewable(bearer("old"));
  credentials.next = bearer("also wrong");
  using vault = client(upstream, credentials);
  assert.deepEqual(await ask(vault, serveFor(upstream, "new", 401)), [401, "no"]);
  assert.equal(upstream.requests.length, 2);
});

Deno.test("other answers are no reason to read a secret", async () => {
  await using upstream = startFakeUpstream();
  const credentials = new Renewable(bearer("old"));
  using vault = client(upstream, credentials);
  assert.deepEqual(await ask(vault, serveFor(upstream, "new", 404)), [404, "no"]);
  assert.equal(credentials.rereads, 0);
});

Deno.test("many that are refused at once are each asked once more", async () => {
  await using upstream = startFakeUpstream();
  const credentials = new Renewable(bearer("old"));
  credentials.next = bearer("new");
  using vault = client(upstream, credentials);
  const url = serveFor(upstream, "new", 401);
  const held = upstream.hold("/file");
  const asking = Array.from({ length: 10 }, () => ask(vault, url));
  await upstream.waitForRequest(10);
  held.release();
  for (const answer of await Promise.all(asking)) assert.deepEqual(answer, [200, "here"]);
  assert.equal(upstream.requests.length, 20);
});

Deno.test("a login that the token server refuses is read anew, and its refusal not remembered for the new one", async () => {
  await using world = startTokenRegistry();
  world.auth.serve(
    "/token",
    ({ target, headers }) =>
      headers.get("authorization") === loginHeader
        ? { body: JSON.stringify({ token: world.issue(target) }) }
        : { status: 401, body: "wrong" },
  );
  const credentials = new Renewable(registryLogin("expired"));
  using vault = client(world.registry, credentials);
  const url = world.publish("app", "manifests/latest");
  await assert.rejects(ask(vault, url), { code: "denied" });
  await assert.rejects(ask(vault, url), { code: "denied" }, "remembered");
  assert.equal(world.auth.requests.length, 1);
  credentials.next = registryLogin(login.password);
  assert.deepEqual(await ask(vault, url), [200, "here"]);
  assert.deepEqual(await ask(vault, url), [200, "here"]);
  assert.equal(world.auth.requests.length, 2);
});

Deno.test("a registry that answers 403 to a login of yesterday, as ECR does, gets today's", async () => {
  await using registry = startFakeUpstream();
  const headerOf = (password: string) => `Basic ${btoa(`${login.username}:${password}`)}`;
  let accepted = "first";
  registry.serve("/v2/app/manifests/1", ({ headers }) => {
    const sent = headers.get("authorization");
    if (sent === headerOf(accepted)) return { body: "here" };
    const challenge = { "www-authenticate": 'Basic realm="https://reg.test/"' };
    return sent === null ? { status: 401, headers: challenge } : { status: 403, body: "Your token has expired" };
  });
  const credentials = new Renewable(registryLogin("first"));
  using vault = client(registry, credentials);
  const url = registry.url("/v2/app/manifests/1");
  assert.deepEqual(await ask(vault, url), [200, "here"]);
  accepted = "second";
  credentials.next = registryLogin("second");
  assert.deepEqual(await ask(vault, url), [200, "here"]);
  assert.deepEqual(authorizations(registry), [
    ...[null, headerOf("first")],
    ...[headerOf("first"), null, headerOf("second")],
  ]);
});

Deno.test("a change that is seen before anything is refused brings new tokens", async () => {
  await using world = startTokenRegistry();
  const credentials = new Renewable(registryLogin("first"));
  using vault = client(world.registry, credentials);
  const url = world.publish("app", "manifests/latest");
  assert.deepEqual(await ask(vault, url), [200, "here"]);
  credentials.next = registryLogin(login.password);
  credentials.see();
  assert.deepEqual(await ask(vault, url), [200, "here"]);
  assert.equal(authorizations(world.auth).at(-1), loginHeader);
  assert.equal(credentials.rereads, 0);
});
