import assert from "node:assert/strict";
import type { ForwardedRequest } from "../../src/artifact.ts";
import type { Backend, Resolved } from "../../src/backend.ts";
import { VaultError } from "../../src/errors.ts";
import { createHandler } from "../../src/server/handler.ts";
import { Metrics } from "../../src/observe/metrics.ts";
import { waitUntil } from "../support/wait_until.ts";
import { within } from "../support/within.ts";
import { VaultFixture } from "../support/vault_fixture.ts";
import { ReadableLog } from "./served.ts";

interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly body: string;
}

type Answers = (received: Received, request: Request) => Response | Promise<Response>;

interface SceneOptions extends Partial<Omit<ForwardedRequest, "candidates">> {
  readonly methods?: readonly string[];
  readonly idleTimeoutMs?: number;
}

/** A vault with one backend of a type of its own: `/audit` is passed on to the upstreams in order, all else is an answer. */
class Scene implements AsyncDisposable {
  readonly received: Received[] = [];
  readonly log = new ReadableLog();
  readonly fixture: VaultFixture;
  readonly #upstreams: Deno.HttpServer<Deno.NetAddr>[];
  readonly #vault: Deno.HttpServer<Deno.NetAddr>;

  constructor(answers: readonly Answers[], options: SceneOptions = {}) {
    const { methods = ["POST"], idleTimeoutMs = 10_000, ...overrides } = options;
    this.fixture = new VaultFixture({ idleTimeoutMs });
    const quiet = { port: 0, hostname: "127.0.0.1", onListen() {} };
    this.#upstreams = answers.map((answer) =>
      Deno.serve(quiet, async (request) => {
        const { method, url, headers } = request;
        const received = { method, url: new URL(url).pathname, headers, body: await request.text() };
        this.received.push(received);
        return await answer(received, request);
      })
    );
    const backend: Backend = {
      ...{ name: "npm", type: "test", prefix: "/npm", maxTransfers: 4, methods },
      formatError: ({ code }) => ({ contentType: "application/json", headers: [], body: JSON.stringify({ code }) }),
      resolve: ({ method, path, headers }): Resolved => {
        if (path === "/hello") {
          return { kind: "answer", answer: { status: 200, contentType: "text/plain", headers: [], body: `${method}` } };
        }
        if (path === "/file") return { kind: "artifact", artifact: this.fixture.artifact(this.#urls(path)) };
        if (path !== "/audit") throw new VaultError("not_found", `There is no ${path}`);
        const sent = ["content-type", "content-encoding", "authorization", "cookie"].flatMap((name) => {
          const value = headers.get(name);
          return value === null ? [] : [[name, value] as const];
        });
        const [first, ...others] = this.#urls(path).map((url) => ({ url, fetch: this.fixture.fetch, idleTimeoutMs }));
        const forwarded = { backend: "npm", requestHeaders: sent, maxBodyBytes: 1000, offline: false, ...overrides };
        return { kind: "forward", forwarded: { ...forwarded, candidates: [first!, ...others] } };
      },
    };
    const metrics = new Metrics({
      ...{ version: "0", backends: ["npm"], cacheBytes: () => 0, upstreams: () => [], transfers: () => [] },
    });
    const { handle } = createHandler({
      ...{ backends: [backend], vault: this.fixture.vault, log: this.log, metrics, viaName: "vault-a" },
      ...{ probe: () => null, isShuttingDown: () => false },
    });
    this.#vault = Deno.serve(quiet, handle);
  }

  async ask(path: string, init: RequestInit = { method: "POST", body: "{}" }): Promise<Response> {
    return await fetch(`http://127.0.0.1:${this.#vault.addr.port}/npm${path}`, init);
  }

  /** The first bytes of the answer to raw ones. */
  async answerTo(raw: string): Promise<string> {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port: this.#vault.addr.port });
    await connection.write(new TextEncoder().encode(raw));
    const buffer = new Uint8Array(4096);
    return new TextDecoder().decode(buffer.subarray(0, await connection.read(buffer) ?? 0));
  }

  #urls(path: string): string[] {
    return this.#upstreams.map(({ addr }) => `http://127.0.0.1:${addr.port}/registry${path}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#vault.shutdown();
    await this.fixture[Symbol.asyncDispose]();
    await Promise.all(this.#upstreams.map((server) => server.shutdown()));
  }
}

const ok: Answers = () => Response.json({ advisories: 0 }, { headers: { "x-of-upstream": "1", "set-cookie": "a=b" } });

Deno.test("a POST is passed on with its body, and the answer is passed back and not stored", async () => {
  await using scene = new Scene([ok]);
  const body = new Uint8Array([0x1f, 0x8b, 1, 2, 3]);
  const headers = { "content-type": "application/json", "content-encoding": "gzip", "x-other": "1" };
  for (let i = 0; i < 2; i++) {
    const answer = await scene.ask("/audit", { method: "POST", body, headers });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get("cache-status"), "vault; fwd=method; fwd-status=200");
    assert.equal(answer.headers.get("content-type"), "application/json");
    assert.equal(answer.headers.get("x-of-upstream"), "1");
    assert.equal(answer.headers.get("set-cookie"), null);
    assert.deepEqual(await answer.json(), { advisories: 0 });
  }
  assert.equal(scene.received.length, 2, "each is asked anew");
  const [{ method, url, headers: sent, body: received }] = scene.received as [Received];
  assert.deepEqual([method, url, received.length], ["POST", "/registry/audit", 5]);
  assert.deepEqual([sent.get("content-encoding"), sent.get("content-length")], ["gzip", "5"]);
  assert.equal(sent.get("x-other"), null, "the backend has not chosen it");
  assert.deepEqual(await Array.fromAsync(scene.fixture.store.entries("npm", "")), []);
  assert.match((await scene.log.next()).message, /^cache bypass npm \/npm\/audit 200 16 bytes .* POST /);
});

Deno.test("a client's credentials stay here, even where a backend has chosen them", async () => {
  await using scene = new Scene([ok]);
  await (await scene.ask("/audit", {
    method: "POST",
    body: "{}",
    headers: { authorization: "Bearer x", cookie: "s=1" },
  })).text();
  const { headers } = scene.received[0]!;
  assert.deepEqual([headers.get("authorization"), headers.get("cookie")], [null, null]);
});

Deno.test("methods that the backend does not name, and others' paths, are refused as before", async () => {
  await using scene = new Scene([ok]);
  const cases = [["/audit", "PUT", ", POST"], ["/audit", "DELETE", ", POST"], ["/file", "POST", ""]] as const;
  for (const [path, method, besides] of cases) {
    const answer = await scene.ask(path, { method });
    assert.deepEqual([answer.status, answer.headers.get("allow")], [405, `GET, HEAD${besides}`], `${method} ${path}`);
    await answer.body?.cancel();
  }
  const missing = await scene.ask("/other");
  assert.deepEqual([missing.status, await missing.json()], [404, { code: "not_found" }]);
  assert.equal(await (await scene.ask("/hello")).text(), "POST");
  assert.equal(scene.received.length, 0);
});

Deno.test("a backend without methods of its own never sees a POST", async () => {
  await using scene = new Scene([ok], { methods: [] });
  const answer = await scene.ask("/hello");
  assert.equal(answer.status, 405);
  await answer.body?.cancel();
});

for (
  const [how, init] of [
    ["by its Content-Length", { method: "POST", body: "x".repeat(1001) }],
    ["in chunks", { method: "POST", body: new Blob(["x".repeat(600), "y".repeat(600)]).stream() }],
  ] as const
) {
  Deno.test(`a body that is too large ${how} is 413, and upstream does not hear of it`, async () => {
    await using scene = new Scene([ok]);
    const answer = await scene.ask("/audit", init);
    assert.deepEqual([answer.status, await answer.json()], [413, { code: "too_large" }]);
    assert.equal(scene.received.length, 0);
  });
}

Deno.test("a client that stops sending its body gets 408", async () => {
  await using scene = new Scene([ok], { idleTimeoutMs: 50 });
  const head = "POST /npm/audit HTTP/1.1\r\nhost: vault\r\ncontent-length: 10\r\n\r\n";
  assert.match(await scene.answerTo(`${head}five.`), /^HTTP\/1\.1 408 [^]*\{"code":"request_silent"\}$/);
  assert.equal(scene.received.length, 0);
});

Deno.test("offline, the error has the protocol's form", async () => {
  await using scene = new Scene([ok], { offline: true });
  const answer = await scene.ask("/audit");
  assert.deepEqual([answer.status, await answer.json()], [504, { code: "offline" }]);
  assert.equal(scene.received.length, 0);
});

Deno.test("the next upstream is asked, with the same body, where one fails or has no such path", async () => {
  const answers = [503, 404].map((status): Answers => () => new Response("no", { status }));
  await using scene = new Scene([...answers, ok]);
  const answer = await scene.ask("/audit", { method: "POST", body: "the body" });
  assert.equal(answer.status, 200);
  await answer.body?.cancel();
  assert.deepEqual(scene.received.map(({ body }) => body), ["the body", "the body", "the body"]);
});

Deno.test("what upstream says of the client's mistake is passed on, and no other upstream is asked", async () => {
  const mistake: Answers = () => Response.json({ error: "no such package" }, { status: 400 });
  await using scene = new Scene([mistake, ok]);
  const answer = await scene.ask("/audit");
  assert.equal(answer.headers.get("cache-status"), "vault; fwd=method; fwd-status=400; detail=refused");
  assert.deepEqual([answer.status, await answer.json()], [400, { error: "no such package" }]);
  assert.equal(scene.received.length, 1);
});

Deno.test("an upstream that is down is 502 and never an empty answer", async () => {
  await using scene = new Scene([() => new Response("down", { status: 503 })]);
  const answer = await scene.ask("/audit");
  assert.equal(answer.status, 502);
  await answer.body?.cancel();
});

Deno.test("an answer is passed back as it arrives, and an interruption shows", async () => {
  const rest = Promise.withResolvers<void>();
  const stream: Answers = () =>
    new Response(
      new ReadableStream({
        async pull(controller) {
          controller.enqueue(new TextEncoder().encode("begun"));
          await rest.promise;
          controller.error(new Error("cut"));
        },
      }, { highWaterMark: 0 }),
    );
  await using scene = new Scene([stream]);
  const reader = (await scene.ask("/audit")).body!.getReader();
  assert.equal(new TextDecoder().decode((await reader.read()).value), "begun");
  rest.resolve();
  await assert.rejects(reader.read());
});

Deno.test("a client that leaves ends the request upstream", async () => {
  const left = Promise.withResolvers<void>();
  const silent: Answers = async (_, request) => {
    request.signal.addEventListener("abort", () => left.resolve());
    await left.promise;
    return new Response("too late");
  };
  await using scene = new Scene([silent]);
  const gone = new AbortController();
  const asking = scene.ask("/audit", { method: "POST", body: "{}", signal: gone.signal });
  asking.catch(() => {});
  await waitUntil("the request is upstream", () => scene.received.length > 0);
  gone.abort();
  await left.promise;
});

Deno.test("each request gives back its place at the upstream's host, however it ends", async () => {
  const endings: Answers[] = [ok, () => new Response(null, { status: 503 }), () => new Response("x".repeat(100_000))];
  let nth = 0;
  await using scene = new Scene([(received, request) => endings[nth++ % 3]!(received, request)]);
  for (let asked = 0; asked < 100; asked++) {
    const { body } = await within("a request", scene.ask("/audit"));
    await body?.cancel();
  }
  assert.equal(scene.received.length, 100);
});

Deno.test("a request that this vault has sent is refused: it would go round for ever", async () => {
  await using scene = new Scene([ok]);
  const answer = await scene.ask("/audit", { method: "POST", body: "{}", headers: { via: "1.1 vault-a" } });
  assert.equal(answer.status, 508);
  await answer.body?.cancel();
  const other = await scene.ask("/audit", { method: "POST", body: "{}", headers: { via: "1.1 proxy" } });
  assert.equal(other.status, 200);
  await other.body?.cancel();
  assert.equal(scene.received[0]!.headers.get("via"), "1.1 proxy");
});

Deno.test("a backend may send another body than the client's, and refuse one that it cannot read", async () => {
  const rewriteBody: ForwardedRequest["rewriteBody"] = (body) => {
    const text = new TextDecoder().decode(body);
    if (text === "bad") throw new VaultError("bad_request", "no");
    return new TextEncoder().encode(text.replace("secret", ""));
  };
  await using scene = new Scene([ok], { rewriteBody });
  const answer = await scene.ask("/audit", { method: "POST", body: "a secret name" });
  assert.deepEqual([answer.status, await answer.json()], [200, { advisories: 0 }]);
  const [{ body, headers }] = scene.received as [Received];
  assert.deepEqual([body, headers.get("content-length")], ["a  name", "7"]);
  const refused = await scene.ask("/audit", { method: "POST", body: "bad" });
  assert.deepEqual([refused.status, await refused.json()], [400, { code: "bad_request" }]);
  assert.equal(scene.received.length, 1);
});
