import assert from "node:assert/strict";
import { shownLength } from "../../src/observe/shown_time.ts";
import type { RecentRequest } from "../../src/status/recent_request.ts";
import type { DiskStatus, TransferView, UpstreamStatus } from "../../src/status/status.ts";
import { activity } from "../../src/page/activity.ts";
import { usage } from "../../src/page/usage.ts";
import { wellbeing } from "../../src/page/wellbeing.ts";
import { contents } from "../../src/page/contents.ts";
import { script } from "../../src/page/script.ts";
import { liveParts, madeOf } from "../../src/page/start_page.ts";
import { disk, happenedAt, overview, request, someStatus, summary, transfer, upstream } from "./some_status.ts";

const minuteMs = 60_000;

/** Calls while the clock of this process shows another time. */
function at<Result>(now: number, call: () => Result): Result {
  const real = Date.now;
  Date.now = () => now;
  try {
    return call();
  } finally {
    Date.now = real;
  }
}

Deno.test("what is sent to open pages stays the same while only time passes; a page that is loaded has ages", () => {
  const sent = (now: number) => at(now, () => liveParts(someStatus, summary, null));
  const loaded = (now: number) => at(now, () => liveParts(someStatus, summary, now));
  assert.deepEqual(sent(happenedAt + minuteMs), sent(happenedAt + 500 * minuteMs));
  for (const name of ["well", "activity", "contents", "problems"] as const) {
    assert.match(loaded(happenedAt + 3 * minuteMs)[name].text, /<time [^>]*>3 min ago<\/time>/, name);
    assert.match(sent(happenedAt)[name].text, /<time datetime="2026-01-31T12:00:00.000Z"/, name);
  }
});

Deno.test("an open page is outdated once the vault has another version or other backends", () => {
  const backend = { name: "files", type: "http", prefix: "/files", clients: [{ client: "curl", ways: ["curl"] }] };
  const states = [
    madeOf("1", [backend]),
    madeOf("2", [backend]),
    madeOf("1", []),
    madeOf("1", [{ ...backend, prefix: "/f" }]),
  ];
  assert.equal(new Set([...states, madeOf("1", [{ ...backend }])]).size, states.length);
});

Deno.test("the script counts ages as the server does", () => {
  const [source] = /const units = .*?\n}\n/s.exec(script) ?? assert.fail("the script has no such function");
  const inBrowser = new Function(`${source}return shownLength;`)() as typeof shownLength;
  const lengths = [-5, 0, 999, 1000, 59_999, 60_000, 3_599_999, 3_600_000, 86_399_999, 86_400_000, 4e10, 1e12];
  for (const ms of lengths) assert.equal(inBrowser(ms), shownLength(ms), String(ms));
});

Deno.test("the list of what is cached says that it is being read, for the first time and later", () => {
  const first = { ...summary, at: null, isReading: true, entriesRead: 0 };
  assert.match(contents(first, 0).text, /being read for the first time\. It appears here/);
  assert.match(contents({ ...first, entriesRead: 12_345 }, 0).text, /for the first time: 12,345 entries so far\./);
  assert.match(
    contents({ ...summary, isReading: true }, happenedAt).text,
    /1 entry: .*files.*Counted <time.*and being counted again\./s,
  );
});

Deno.test("an answer that was not sent to its end does not look like a good one", () => {
  const cases: readonly [request: Partial<RecentRequest>, mood: string, why: string][] = [
    [{}, "good", "cached and fresh"],
    [{ note: "interrupted: it is silent" }, "bad", "interrupted: it is silent"],
    [{ cache: "miss", reason: "not cached", note: "the client left" }, "warn", "not cached: the client left"],
    [{ cache: "error", status: 502, note: "Cannot fetch" }, "bad", "Cannot fetch"],
    [{ cache: "miss", reason: "not cached; fetched" }, "calm", "not cached; fetched"],
  ];
  for (const [more, mood, why] of cases) {
    const { text } = activity({ overview, transfers: [], requests: [{ ...request, ...more }] }, 0);
    assert.equal(/class="state (\w+)"/.exec(text)?.[1], mood, JSON.stringify(more));
    assert.ok(text.includes(`<bdi class="text">${why}</bdi>`), text);
  }
});

Deno.test("the bar of a transfer says what it is of, and each button which line it copies", () => {
  const name = `files/"><b>\u202e${"x".repeat(5000)}`;
  for (const sizeBytes of [100, null]) {
    const { text } = activity({ overview, transfers: [{ ...transfer, name, sizeBytes }], requests: [] }, 0);
    assert.match(text, /<progress aria-label="Received of files\/&#34;&#62;&#60;b&#62;\\u202ex+…x+"/);
  }
  const clients = [{ client: "curl", ways: ["curl a", "curl b"] }, { client: "wget", ways: ["wget"] }];
  const { text } = usage([{ name: "files", type: "http", prefix: "/files", clients }], "http://vault");
  const lines = [...text.matchAll(/<pre id="([^"]+)"/g)].map(([, id]) => id);
  assert.equal(new Set(lines).size, 3);
  assert.deepEqual([...text.matchAll(/aria-describedby="([^"]+)"/g)].map(([, id]) => id), lines);
});

Deno.test("a transfer that nothing comes of says that, and neither its speed nor its end", () => {
  const said = (more: Partial<TransferView>) =>
    activity({ overview, transfers: [{ ...transfer, ...more }], requests: [] }, 0).text;
  assert.match(said({ silentSeconds: 4 }), /<\/bdi> at 10 bytes\/s, 5 s left; for 2 clients/);
  const silent = said({ silentSeconds: 72, secondsLeft: null });
  assert.match(silent, /nothing for 1 min<\/span>; for 2 clients/);
  assert.doesNotMatch(silent, /bytes\/s|left/);
});

Deno.test("a time that is none, or is to come, keeps no page from being shown", () => {
  for (
    const [storedAt, says] of [[9e15, /unknown time/], [NaN, /unknown time/], [-1e300, /unknown time/], [8e15, /0 s/]]
  ) {
    const odd = { ...summary.newest[0]!, storedAt: storedAt as number };
    assert.match(contents({ ...summary, newest: [odd] }, happenedAt).text, says as RegExp);
  }
});

Deno.test("of many upstreams, those in trouble are shown in any case", () => {
  const many = Array.from({ length: 100 }, (_, at): UpstreamStatus => {
    const state = at === 99 ? "down" : at % 2 === 0 ? "answers" : "unknown";
    return { ...upstream, origin: `https://${at}.example`, state, login: at === 98 ? "refused" : "none" };
  });
  const { text } = wellbeing({ overview, upstreams: many, disk }, 0);
  const origins = [...text.matchAll(/https:\/\/(\d+)\.example/g)].map(([, at]) => Number(at));
  assert.deepEqual(origins, [98, 99, ...Array.from({ length: 28 }, (_, at) => at)]);
  assert.match(text, /and 70 more/);
});

Deno.test("the disk is as full as the first of its limits says", () => {
  const cases: readonly [disk: Partial<DiskStatus>, share: string, says: RegExp][] = [
    [{}, "0.100", /10 bytes in the cache of at most 100 bytes, 1000 bytes free .*leaves 5 bytes free\)\./],
    [{ freeBytes: 15 }, "0.500", /15 bytes free/],
    [{ freeBytes: 3 }, "1", /no room is left: /],
    [{ cacheBytes: 100, fullAt: 0 }, "1", /no room is left: /],
    [{ cacheBytes: 0, maxBytes: null, freeBytes: 0 }, "1", /no room is left: /],
  ];
  for (const [more, share, says] of cases) {
    const { text } = wellbeing({ overview, upstreams: [], disk: { ...disk, ...more } }, 0);
    assert.equal(/<meter [^>]*value="([^"]*)"/.exec(text)?.[1], share, JSON.stringify(more));
    assert.match(text, says);
  }
  const unknown = wellbeing({ overview, upstreams: [], disk: { ...disk, maxBytes: null, freeBytes: null } }, 0);
  assert.doesNotMatch(unknown.text, /<meter/);
});
