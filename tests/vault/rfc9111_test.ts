import assert from "node:assert/strict";
import { type AppFixture, startApp } from "../support/app_fixture.ts";
import { type Answer, type FakeUpstream, startFakeUpstream } from "../support/fake_upstream.ts";

/** One request of a client, and what becomes of it. */
interface Step {
  readonly ask?: { readonly method?: string; readonly headers?: Readonly<Record<string, string>> };
  /** What upstream has at that time. */
  readonly upstream?: Answer;
  /** Who answers: a copy, upstream, or a copy that upstream has confirmed for this. */
  readonly from: "copy" | "upstream" | "confirmed" | "nobody";
  /** 200 where absent. */
  readonly status?: number;
  /** Headers of the answer; null for one that must not be there. */
  readonly headers?: Readonly<Record<string, string | null>>;
}

interface Case {
  readonly name: string;
  readonly steps: readonly Step[];
}

const sec = (offset: number) => new Date(Date.now() + offset * 1000).toUTCString();
const answer = (headers: Record<string, string>, more: Answer = {}): Answer => ({ body: "x", headers, ...more });
const ask = (cacheControl: string) => ({ headers: { "cache-control": cacheControl } });

/** Asked twice: the second time it comes from there. */
function twice(from: Step["from"], headers: Record<string, string>, more: Answer = {}): Step[] {
  return [{ upstream: answer(headers, more), from: "upstream" }, { from }];
}

const fresh = { "cache-control": "max-age=3600" };
/** Fresh for an hour that is over. */
const stale = { "cache-control": "max-age=3600", "age": "3600" };

const sections: Readonly<Record<string, readonly Case[]>> = {
  "3 Storing": [
    { name: "an answer that is fresh for a while is stored", steps: twice("copy", fresh) },
    { name: "no-store", steps: twice("upstream", { "cache-control": "No-Store, max-age=3600" }) },
    { name: "private", steps: twice("upstream", { "cache-control": "Private, max-age=3600" }) },
    {
      name: "must-understand takes back no-store",
      steps: twice("copy", { "cache-control": "no-store, must-understand, max-age=9" }),
    },
    { name: "unknown directives mean nothing", steps: twice("copy", { "cache-control": "max-age=3600, x, y=1" }) },
    {
      name: "a failure takes the place of no copy",
      steps: [
        { upstream: answer(fresh), from: "upstream" },
        { ask: ask("no-cache"), upstream: { status: 503 }, from: "upstream" },
        { from: "copy" },
      ],
    },
  ],
  "3 Storing, of other statuses": [201, 202, 204, 299, 302, 400, 403, 418, 499, 500, 503, 599].map((status) => ({
    name: `${status} is passed on as it is, and never stored`,
    steps: [
      { upstream: { ...answer(fresh), ...status === 204 && { body: "" }, status }, from: "upstream" as const, status },
      { from: "upstream" as const, status },
      { upstream: answer(fresh), from: "upstream" as const },
      { upstream: { status }, from: "copy" as const },
    ],
  })),
  "3.1 Header fields": [
    {
      name: "a copy has the headers that the first answer had",
      steps: [
        {
          upstream: answer({ ...fresh, "x-a": "1", "content-language": "de" }),
          from: "upstream",
          headers: { "x-a": "1" },
        },
        { from: "copy", headers: { "x-a": "1", "content-language": "de" } },
      ],
    },
    {
      name: "those of one connection are not stored",
      steps: [
        {
          upstream: answer({ ...fresh, "connection": "x-b", "x-b": "1", "proxy-authenticate": "Basic" }),
          from: "upstream",
        },
        { from: "copy", headers: { "x-b": null, "proxy-authenticate": null } },
      ],
    },
    {
      name: "cookies reach nobody, and do not prevent storing (§7.3)",
      steps: [
        { upstream: answer({ ...fresh, "set-cookie": "a=b" }), from: "upstream", headers: { "set-cookie": null } },
        { from: "copy", headers: { "set-cookie": null } },
      ],
    },
  ],
  "3.5 Authorization": [
    {
      name: "is never sent upstream, so the answer is for all",
      steps: [
        { ask: { headers: { authorization: "Basic eDp5" } }, upstream: answer(fresh), from: "upstream" },
        { from: "copy" },
      ],
    },
  ],
  "4.1 Vary": [
    {
      name: "another value selects another copy, and each is kept",
      steps: [
        { ask: { headers: { accept: "a" } }, upstream: answer({ ...fresh, vary: "Accept" }), from: "upstream" },
        { ask: { headers: { accept: "b" } }, from: "upstream" },
        { from: "upstream" },
        { ask: { headers: { accept: "a" } }, from: "copy" },
        { ask: { headers: { accept: "b" } }, from: "copy" },
        { from: "copy" },
      ],
    },
    {
      name: "other headers do not count",
      steps: [
        { ask: { headers: { accept: "a" } }, upstream: answer({ ...fresh, vary: "Accept" }), from: "upstream" },
        { ask: { headers: { "accept": "a", "accept-language": "de" } }, from: "copy" },
      ],
    },
    { name: "*", steps: twice("upstream", { ...fresh, vary: "*" }) },
    { name: "* among others", steps: twice("upstream", { ...fresh, vary: "Accept, *" }) },
  ],
  "4.2 Freshness": [
    { name: "s-maxage before max-age", steps: twice("upstream", { "cache-control": "max-age=3600, s-maxage=0" }) },
    { name: "max-age before Expires", steps: twice("copy", { ...fresh, expires: sec(-10) }) },
    { name: "Expires", steps: twice("copy", { expires: sec(3600) }) },
    { name: "Expires: 0", steps: twice("upstream", { "expires": "0", "last-modified": sec(-1e6) }) },
    { name: "Expires on 31 February", steps: twice("upstream", { expires: "Thu, 31 Feb 2099 00:00:00 GMT" }) },
    {
      name: "a max-age that is no number",
      steps: twice("upstream", { "cache-control": "max-age=abc", "expires": sec(3600) }),
    },
    { name: "a tenth of the time since the last change", steps: twice("copy", { "last-modified": sec(-1e6) }) },
    { name: "nothing said", steps: twice("upstream", {}) },
    { name: "Age counts", steps: twice("upstream", stale) },
    { name: "an Age that is no number does not", steps: twice("copy", { ...fresh, age: "-7200" }) },
    { name: "of two Ages the first", steps: twice("upstream", { ...fresh, age: "7200, 0" }) },
    {
      name: "Date counts where a cache on the way sends no Age",
      steps: twice("upstream", { ...fresh, date: sec(-7200) }),
    },
  ],
  "4.3 Validation": [
    { name: "a stale copy is confirmed by its ETag", steps: twice("confirmed", stale, { etag: '"1"' }) },
    { name: "and by its Last-Modified", steps: twice("confirmed", stale, { lastModified: sec(-1e6) }) },
    {
      name: "no-cache is confirmed each time",
      steps: twice("confirmed", { "cache-control": "No-Cache, max-age=9" }, { etag: '"1"' }),
    },
    {
      name: "a 304 replaces headers, and makes the copy fresh (§4.3.4)",
      steps: [
        { upstream: answer({ ...stale, "x-a": "1", "x-b": "1" }, { etag: '"1"' }), from: "upstream" },
        {
          upstream: answer({ ...fresh, "x-a": "2" }, { etag: '"1"' }),
          from: "confirmed",
          headers: { "x-a": "2", "x-b": "1" },
        },
        { from: "copy", headers: { "x-a": "2", "x-b": "1", "cache-control": "max-age=3600" } },
      ],
    },
    {
      name: "a client's condition is answered by the copy",
      steps: [
        { upstream: answer(fresh, { etag: '"1"' }), from: "upstream" },
        { ask: { headers: { "if-none-match": 'W/"1"' } }, from: "copy", status: 304, headers: { etag: '"1"' } },
        { ask: { headers: { "if-none-match": '"2"' } }, from: "copy" },
      ],
    },
  ],
  "5.1 Age": [
    {
      name: "a copy says how old it is, counted from upstream's own Age",
      steps: [
        { upstream: answer({ ...fresh, age: "100" }), from: "upstream" },
        { from: "copy", headers: { age: "100" } },
      ],
    },
  ],
  "5.2.1 Requests, with honor_client_no_cache": [
    { name: "no-cache", steps: [...twice("copy", fresh), { ask: ask("No-Cache"), from: "upstream" }] },
    {
      name: "Pragma: no-cache (§5.4)",
      steps: [...twice("copy", fresh), { ask: { headers: { pragma: "no-cache" } }, from: "upstream" }],
    },
    {
      name: "max-age",
      steps: [
        { upstream: answer({ ...fresh, age: "100" }), from: "upstream" },
        { ask: ask("max-age=1000"), from: "copy" },
        { ask: ask("max-age=50"), from: "upstream" },
      ],
    },
    {
      name: "min-fresh",
      steps: [...twice("copy", fresh), { ask: ask("min-fresh=60"), from: "copy" }, {
        ask: ask("min-fresh=7200"),
        from: "upstream",
      }],
    },
    {
      name: "only-if-cached",
      steps: [
        { ask: ask("only-if-cached"), upstream: answer(fresh), from: "nobody", status: 504 },
        { from: "upstream" },
        { ask: ask("only-if-cached"), from: "copy" },
      ],
    },
    {
      name: "no-cache looks behind a 404 that is remembered",
      steps: [
        { upstream: { status: 404 }, from: "upstream", status: 404 },
        { from: "copy", status: 404 },
        { ask: ask("no-cache"), upstream: answer(fresh), from: "upstream" },
        { from: "copy" },
      ],
    },
    ...["max-age=0", "min-fresh=7200"].map((asked) => ({
      name: `${asked} looks behind a 404 that is remembered`,
      steps: [
        { upstream: { status: 404 }, from: "upstream" as const, status: 404 },
        { ask: ask("max-age=1000"), from: "copy" as const, status: 404 },
        { ask: ask(asked), upstream: answer(fresh), from: "upstream" as const },
      ],
    })),
    {
      name: "only-if-cached is told of a 404 that is remembered",
      steps: [
        { upstream: { status: 404 }, from: "upstream", status: 404 },
        { ask: ask("only-if-cached"), from: "copy", status: 404 },
      ],
    },
  ],
  "5.2.2 Stale copies, with stale_if_error: 0": [
    ...["max-age=3600", "max-age=3600, must-revalidate", "max-age=3600, proxy-revalidate", "s-maxage=3600", "no-cache"]
      .map((cacheControl) => ({
        name: `${cacheControl} is not served when upstream fails`,
        steps: [
          { upstream: answer({ "cache-control": cacheControl, "age": "3600" }), from: "upstream" as const },
          { upstream: { status: 503 }, from: "upstream" as const, status: 503 },
        ],
      })),
  ],
  "9110 §9.2.1 Other methods": ["POST", "PUT", "DELETE"].map((method) => ({
    name: `${method} is refused, and changes nothing`,
    steps: [
      { upstream: answer(fresh), from: "upstream" as const },
      { ask: { method }, from: "nobody" as const, status: 405, headers: { allow: "GET, HEAD" } },
      { from: "copy" as const },
    ],
  })),
};

/** The most faithful configuration. But a 404 is remembered, to see that a client can look behind it. */
const faithful = {
  honor_client_no_cache: true,
  stale_if_error: "0s",
  serve_deleted: false,
  upstream_errors: "pass_on",
  negative_ttl: "1h",
};

for (const [section, cases] of Object.entries(sections)) {
  Deno.test(`RFC 9111 §${section}`, async (t) => {
    await using upstream = startFakeUpstream();
    await using app = await startApp({ upstream: upstream.origin, backend: faithful });
    for (const [i, { name, steps }] of cases.entries()) {
      await t.step(name, async () => {
        for (const [j, step] of steps.entries()) await check(step, { app, upstream, path: `/${i}`, nth: j + 1 });
      });
    }
  });
}

interface Scene {
  readonly app: AppFixture;
  readonly upstream: FakeUpstream;
  readonly path: string;
  readonly nth: number;
}

async function check(step: Step, { app, upstream, path, nth }: Scene): Promise<void> {
  if (step.upstream) upstream.serve(path, step.upstream);
  const before = upstream.requests.length;
  const { status, headers } = await app.ask(`/files${path}`, step.ask);
  // What is asked next finds this stored, and joins nothing.
  await app.idle();
  const asked = upstream.requests.slice(before);
  const label = `request ${nth}, ${headers.get("cache-status")}`;
  assert.equal(status, step.status ?? 200, label);
  assert.equal(asked.length, step.from === "copy" || step.from === "nobody" ? 0 : 1, `${label}: requests upstream`);
  if (step.from === "confirmed") assert.match(headers.get("cache-status")!, /fwd-status=304/, label);
  for (const [name, value] of Object.entries(step.headers ?? {})) {
    assert.equal(headers.get(name), value, `${label}: ${name}`);
  }
}
