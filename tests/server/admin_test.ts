import assert from "node:assert/strict";
import { textOf } from "../support/text_of.ts";
import { Metrics } from "../../src/observe/metrics.ts";
import { Admin } from "../../src/server/admin.ts";
import { onceLoaded, type OwnPages, pagesWhenAsked } from "../../src/server/own_pages.ts";
import { type Reply, textReply } from "../../src/server/reply.ts";
import { fakeBackend, fakeFile } from "./fake_vault.ts";
import { type RawAnswer, Served } from "./served.ts";

const backends = [fakeBackend("http", "/http"), fakeBackend("maven", "/maven")];

interface AdminState {
  reason: string | null;
  shuttingDown: boolean;
  now: number;
  probes: number;
}

function createAdmin(): { admin: Admin; state: AdminState } {
  const state: AdminState = { reason: null, shuttingDown: false, now: 0, probes: 0 };
  const metrics = new Metrics({
    version: "0",
    backends: [],
    cacheBytes: () => 0,
    upstreams: () => [],
    transfers: () => [],
  });
  const admin = new Admin({
    backends,
    metrics,
    probe: () => {
      state.probes++;
      return state.reason;
    },
    isShuttingDown: () => state.shuttingDown,
    now: () => state.now,
  });
  return { admin, state };
}

async function ask(admin: Admin, path: string): Promise<{ status: number; text: string } | null> {
  const reply: Reply | null = await admin.answer("GET", { origin: "http://vault", path, query: "" }, new Headers(), {
    client: { host: "127.0.0.1", port: 1 },
    signal: new AbortController().signal,
    readBody: () => Promise.resolve(null),
  });
  return reply && { status: reply.status, text: await textOf(reply.body) };
}

Deno.test("/healthz says ok as long as the process answers", async () => {
  const { admin, state } = createAdmin();
  state.shuttingDown = true;
  state.reason = "the cache takes no writes";
  assert.deepEqual(await ask(admin, "/healthz"), { status: 200, text: "ok\n" });
});

Deno.test("/readyz says why the vault is not ready, and looks at the cache at most once a second", async () => {
  const { admin, state } = createAdmin();
  assert.deepEqual(await ask(admin, "/readyz"), { status: 200, text: "ready\n" });
  state.reason = "no space left on device";
  state.now = 999;
  assert.deepEqual(await ask(admin, "/readyz"), { status: 200, text: "ready\n" });
  state.now = 1000;
  assert.deepEqual(await ask(admin, "/readyz"), { status: 503, text: "no space left on device\n" });
  assert.equal(state.probes, 2);
});

Deno.test("/readyz says at once that the vault is shutting down", async () => {
  const { admin, state } = createAdmin();
  await ask(admin, "/readyz");
  state.shuttingDown = true;
  assert.deepEqual(await ask(admin, "/readyz"), { status: 503, text: "shutting down\n" });
});

Deno.test("the start page says what this is and lists the prefixes", async () => {
  const { admin } = createAdmin();
  const { status, text } = (await ask(admin, "/"))!;
  assert.equal(status, 200);
  assert.match(text, /^Artifact Vault/);
  assert.match(text, /^ {2}\/http {2}http$/m);
  assert.match(text, /^ {2}\/maven {2}http \(maven\)$/m);
});

Deno.test("the start page says where clients are set up, by the name that the client knows the vault by", async () => {
  await using served = new Served({ files: {}, backends: [fakeBackend("python", "/python")] });
  const { body } = await served.ask("GET", "/", { host: "vault.example.com" });
  assert.match(body, /^http:\/\/vault\.example\.com\/-\/setup says how clients/m);
});

Deno.test("other paths are not the vault's own", async () => {
  const { admin } = createAdmin();
  assert.equal(await ask(admin, "/http"), null);
  assert.equal(await ask(admin, "/healthz/"), null);
});

Deno.test("a backend at the root gets /, and the vault's own pages stay", async () => {
  await using served = new Served({ files: { "/": fakeFile() }, backends: [fakeBackend("root", "/")] });
  assert.equal((await served.ask("GET", "/")).body, "0123456789");
  assert.equal((await served.ask("GET", "/healthz")).body, "ok\n");
});

for (const page of ["healthz", "readyz"]) {
  Deno.test(`/-/${page} and /${page} answer the same, to GET and to HEAD`, async () => {
    await using served = new Served({});
    for (const method of ["GET", "HEAD"]) {
      const answer = await served.ask(method, `/-/${page}`);
      assert.equal(answer.status, 200);
      assert.deepEqual(comparable(answer), comparable(await served.ask(method, `/${page}`)));
    }
  });
}

Deno.test("the start page names the vault's own pages where they live", async () => {
  const { admin } = createAdmin();
  assert.match(
    (await ask(admin, "/"))!.text,
    /^\/-\/healthz, \/-\/readyz and \/-\/metrics tell how it is; \/-\/misses lists what was missed offline\.$/m,
  );
});

Deno.test("a backend at the root gets what is below /-/ and not the vault's own", async () => {
  const files = {
    "/-/ping": fakeFile(),
    "/-/v1/search?text=x": fakeFile(),
    "/-/healthz": fakeFile(),
    "/-/": fakeFile(),
  };
  await using served = new Served({ files, backends: [fakeBackend("npm", "/")] });
  for (const path of ["/-/ping", "/-/v1/search?text=x", "/-/"]) {
    assert.equal((await served.ask("GET", path)).body, "0123456789");
  }
  assert.equal((await served.ask("GET", "/-/healthz")).body, "ok\n");
});

const echo: OwnPages = {
  answer: (method, { path, query }, headers, { client, readBody }) => {
    if (path !== "/-/echo" && !(path === "/" && headers.get("accept") === "text/html")) return null;
    return (async () => {
      const body = await readBody(10);
      return textReply(
        method,
        `${method} ${path}${query} of ${client.host}: ${new TextDecoder().decode(body ?? undefined)}`,
      );
    })();
  },
};

Deno.test("pages that are handed in get any method, and the body of a request", async () => {
  await using served = new Served({ ownPages: [echo] });
  const { status, body } = await served.ask("PATCH", "/-/echo?x=1");
  assert.deepEqual([status, body], [200, "PATCH /-/echo?x=1 of 127.0.0.1: "]);
  const posted = await fetch(served.url("/-/echo"), { method: "POST", body: "0123456789" });
  assert.equal(await posted.text(), "POST /-/echo of 127.0.0.1: 0123456789");
  const large = await fetch(served.url("/-/echo"), { method: "POST", body: "01234567890" });
  assert.equal(large.status, 413);
  assert.match(await large.text(), /more than 10 bytes/);
});

Deno.test("the start page is theirs where they answer, and never where a backend is at the root", async () => {
  await using served = new Served({ ownPages: [echo] });
  assert.match((await served.ask("GET", "/", { accept: "text/html" })).body, /^GET \//);
  assert.match((await served.ask("GET", "/")).body, /^Artifact Vault/);
  await using root = new Served({ files: { "/": fakeFile() }, backends: [fakeBackend("root", "/")], ownPages: [echo] });
  assert.equal((await root.ask("GET", "/", { accept: "text/html" })).body, "0123456789");
});

Deno.test("other methods than GET and HEAD are refused where nobody has them", async () => {
  await using served = new Served({ ownPages: [echo] });
  const { status, headers } = await served.ask("POST", "/-/healthz");
  assert.deepEqual([status, headers.get("allow")], [405, "GET, HEAD"]);
});

Deno.test("pages that are loaded when they are asked for are loaded once, and again after a failure", async () => {
  let loads = 0;
  const load = () => {
    loads += 1;
    return loads === 1 ? Promise.reject(new Error("no file descriptor left")) : Promise.resolve(echo);
  };
  await using served = new Served({
    ownPages: [pagesWhenAsked((path) => path.startsWith("/-/echo"), onceLoaded(load))],
  });
  assert.equal((await served.ask("GET", "/-/other")).status, 404);
  assert.equal(loads, 0);
  assert.equal((await served.ask("GET", "/-/echo")).status, 500);
  const both = await Promise.all([served.ask("GET", "/-/echo"), served.ask("GET", "/-/echo")]);
  assert.deepEqual([both.map(({ status }) => status), loads], [[200, 200], 2]);
  const { status, headers } = await served.ask("GET", "/-/echo/below");
  assert.deepEqual([status, headers.get("content-type")], [404, "application/problem+json"], "no backend gets it");
});

Deno.test("without a backend at the root, nothing else is served below /-/", async () => {
  await using served = new Served({});
  assert.equal((await served.ask("GET", "/-/ping")).status, 404);
});

function comparable({ status, headers, body }: RawAnswer) {
  const told = [...headers].filter(([name]) => name !== "x-request-id" && name !== "date");
  return { status, headers: told, body };
}

const forms = [
  { name: "for Accept", target: "/metrics", accept: "application/json, */*;q=0.1" },
  { name: "for the query", target: "/metrics?format=json", accept: "*/*" },
  { name: "below /-/", target: "/-/metrics?format=json", accept: "*/*" },
];

for (const { name, target, accept } of forms) {
  Deno.test(`/metrics is the original's JSON ${name}`, async () => {
    await using served = new Served({ files: { "/x": fakeFile() } });
    await served.ask("GET", "/http/x");
    const { headers, body } = await served.ask("GET", target, { accept });
    assert.equal(headers.get("content-type"), "application/json");
    const { uptime, ...rest } = JSON.parse(body);
    assert.equal(typeof uptime, "number");
    assert.deepEqual(rest, { requests: { http: 1 }, cache_hit_rate: 1, total_bytes_served: 10 });
  });
}

Deno.test("/metrics is Prometheus text otherwise", async () => {
  await using served = new Served({ files: { "/x": fakeFile() } });
  await served.ask("GET", "/http/x");
  const { headers, body } = await served.ask("GET", "/metrics");
  assert.equal(headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  assert.match(body, /^vault_requests_total\{backend="http",method="GET",status="200",cache="hit"\} 1$/m);
});
