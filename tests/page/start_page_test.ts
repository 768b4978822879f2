import assert from "node:assert/strict";
import { shownLength } from "../../src/observe/shown_time.ts";
import { contents } from "../../src/page/contents.ts";
import { script } from "../../src/page/script.ts";
import { liveParts } from "../../src/page/start_page.ts";
import { happenedAt, someStatus, summary } from "./some_status.ts";

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
