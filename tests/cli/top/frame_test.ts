import assert from "node:assert/strict";
import type { News } from "../../../src/cli/top/feed.ts";
import { frameOf, type FrameOptions, shareRows } from "../../../src/cli/top/frame.ts";
import { paintedLine, plainLine } from "../../../src/cli/top/styled.ts";
import { cutTo, showable, textWidth } from "../../../src/cli/top/text_width.ts";
import { news, now, snapshot, stats, transfer } from "./news.ts";

const look: FrameOptions = { columns: 80, rows: 24, isUnicode: true, hasColors: false, now, footer: "q quits" };

function drawn(shown: News, more: Partial<FrameOptions> = {}): string[] {
  return frameOf(shown, { ...look, ...more }).map(plainLine);
}

const wide = `
Artifact Vault 1.2.3  http://127.0.0.1:8080                               up 3 h
https://registry.example.com does not answer well at the moment.
12.5 requests/s  3 under way  hit rate 93.1 %  last minute 90.0 %  2 errors
sending 12 MiB/s  fetching 3 MiB/s  cache 12 GiB of 100 GiB  40 GiB free
UPSTREAMS 2 of 3                  STATE     REQUESTS  FIRST BYTE
https://registry.example.com      failing         99      120 ms
https://pypi.org                  answers       1234       45 ms
TRANSFERS 2                                           DONE         SPEED    LEFT
npm/files/regi…e-12.34.56.tgz  █████████░░░░░░░░░░░   45 %       3 MiB/s    19 s
files/unsized.iso              ░░░░░░░░░░░░░░░░░░░░      ?       3 MiB/s       ?
PROBLEMS 1                                                 TIMES     AGO
Upstream did not answer in time (pypi): Cannot fetch it       12   2 min
REQUESTS                            AGO  ANSWER           WHY
GET /npm/files/…me-12.34.56.tgz     0 s  200 revalidated  stale since 3 min; u…
GET /pypi/simple/flask/             1 s  200 hit
GET /pypi/simple/flask/             2 s  200 revalidated  stale since 3 min; u…
GET /npm/files/…me-12.34.56.tgz     3 s  200 hit
GET /pypi/simple/flask/             4 s  502 revalidated  stale since 3 min; u…
GET /pypi/simple/flask/             5 s  200 hit
GET /npm/files/…me-12.34.56.tgz     6 s  200 revalidated  stale since 3 min; u…
GET /pypi/simple/flask/             7 s  200 hit
GET /pypi/simple/flask/             8 s  200 revalidated  stale since 3 min; u…
GET /npm/files/…me-12.34.56.tgz     9 s  200 hit
q quits
`;

const narrow = `
Artifact Vault 1.2.3  http://1....1:8080
https://registry.example.com does not...
12.5 requests/s  3 under way
sending 12 MiB/s  fetching 3 MiB/s
UPSTREAMS 2 of 3                STATE
https://registry.example.com    failing
https://pypi.org                answers
TRANSFERS 2                 DONE    LEFT
npm/files/r...2.34.56.tgz   45 %    19 s
files/unsized.iso              ?       ?
PROBLEMS 1                 TIMES     AGO
Upstream did not answ...      12   2 min
REQUESTS                        AGO
GET /npm/fil...12.34.56.tgz     0 s  200
GET /pypi/simple/flask/         1 s  200
q quits
`;

Deno.test("a terminal of 80 columns and 24 rows is filled with what there is to see", () => {
  assert.equal(`\n${drawn(news).join("\n")}\n`, wide);
});

Deno.test("a wide terminal has room for logins, and hosts that refuse them are among the first", () => {
  const [unasked, well] = snapshot.upstreams;
  const refusing = { ...well!, origin: "https://private.example.com", login: "refused" };
  const shown = {
    ...news,
    snapshot: { ...snapshot, upstreams: [unasked!, { ...well!, login: "accepted" }, refusing] },
  };
  const lines = drawn(shown, { columns: 130 });
  const [titles, first, second] = lines.slice(lines.findIndex((line) => line.startsWith("UPSTREAMS")));
  const at = titles!.indexOf("LOGIN");
  assert.deepEqual([first!, second!].map((line) => line.slice(at).split(" ")[0]), ["refused", "accepted"]);
});

Deno.test("40 columns of ASCII show what matters most", () => {
  assert.equal(`\n${drawn(news, { columns: 40, rows: 16, isUnicode: false }).join("\n")}\n`, narrow);
});

Deno.test("a frame fits its terminal however small that is, and whatever the names are", () => {
  const hostile = `\x1b[2J\u202e漢字漢字\u0301\u200b👩‍👩‍👧\ud800\n${"長".repeat(9000)}`;
  const shown: News = {
    ...news,
    url: hostile,
    lost: { why: hostile, since: now },
    snapshot: {
      stats: { ...stats, version: hostile, sentence: hostile },
      upstreams: [{ ...snapshot.upstreams[2]!, origin: hostile, state: hostile, lastError: hostile }],
      transfers: [{ ...transfer, name: hostile }, { ...transfer, receivedBytes: -1, sizeBytes: 0, bytesPerSecond: -5 }],
      requests: [{ ...snapshot.requests[0]!, method: hostile, path: hostile, cache: hostile, reason: hostile }],
      problems: [{ ...snapshot.problems[0]!, title: hostile, message: hostile }],
    },
  };
  for (const isUnicode of [true, false]) {
    for (const [columns, rows] of [[80, 24], [200, 50], [40, 24], [20, 7], [7, 3], [1, 1]] as const) {
      const lines = drawn(shown, { columns, rows, isUnicode });
      assert.ok(lines.length <= rows, `${lines.length} lines of ${rows}`);
      for (const line of lines) {
        assert.ok(textWidth(line) <= columns, `${textWidth(line)} columns of ${columns}: ${line}`);
        // deno-lint-ignore no-control-regex -- they are what must not be there
        assert.doesNotMatch(line, isUnicode ? /[\0-\x1f\x7f-\x9f]|\p{Bidi_Control}|\p{Cs}/u : /[^\x20-\x7e]/);
      }
    }
  }
});

Deno.test("while the server is gone, the frame says so and shows what was last known", () => {
  const lost = { why: "No server runs on the cache directory", since: now - 12_000 };
  const [, line, ...others] = drawn({ ...news, lost });
  assert.equal(
    line,
    "Waiting for the server, last news 12 s ago: No server runs on the cache directory".slice(0, 79) + "…",
  );
  assert.deepEqual(others, drawn(news).slice(2));
});

Deno.test("what is not there is said in a word, and hosts that nobody asked are counted alone", () => {
  const empty: News = { ...news, snapshot: { ...snapshot, transfers: [], problems: [], requests: [] } };
  const lines = drawn(empty, { rows: Infinity });
  assert.deepEqual(lines.slice(-7), ["", "TRANSFERS: none", "", "PROBLEMS: none", "", "REQUESTS: none", "q quits"]);
  assert.doesNotMatch(lines.join("\n"), /unasked/);
  const unasked = { ...snapshot, upstreams: snapshot.upstreams.slice(0, 1) };
  assert.match(drawn({ ...news, snapshot: unasked }).join("\n"), /UPSTREAMS 1 .*\nhttps:\/\/unasked/);
});

Deno.test("colours are there where the terminal has them, and change no text", () => {
  const line = frameOf(news, look)[1]!;
  assert.equal(paintedLine(line, { hasColors: true }), `\x1b[33m${stats.sentence}\x1b[0m`);
  assert.equal(paintedLine(line, { hasColors: false }), stats.sentence);
});

Deno.test("rows are shared out one by one, and what one section does not need the others get", () => {
  assert.deepEqual(shareRows(10, [2, 9, 1, 9]), [2, 4, 1, 3]);
  assert.deepEqual(shareRows(3, [2, 9, 1, 9]), [1, 1, 1, 0]);
  assert.deepEqual(shareRows(50, [2, 9, 1, 9]), [2, 9, 1, 9]);
});

const cuts: readonly (readonly [text: string, columns: number, side: "middle" | "end", cut: string])[] = [
  ["abcdefgh", 8, "middle", "abcdefgh"],
  ["abcdefgh", 5, "middle", "ab…gh"],
  ["abcdefgh", 5, "end", "abcd…"],
  ["漢字漢字", 5, "end", "漢字…"],
  ["漢字漢字", 6, "middle", "漢…字"],
  ["é́́a", 2, "end", "é́́a"],
  ["abc", 1, "end", "…"],
  ["abc", 0, "end", ""],
];

Deno.test("texts are cut by the columns that they take on a terminal", () => {
  for (const [text, columns, side, cut] of cuts) {
    assert.equal(cutTo(text, columns, { isUnicode: true, side }), cut, `${text} to ${columns}`);
  }
  assert.equal(cutTo("abcdefgh", 6, { isUnicode: false, side: "middle" }), "ab...h");
  assert.equal(showable("a\tü\u202e", { isUnicode: false }), "a\\t\\u00fc\\u202e");
  assert.deepEqual(["abc", "漢字", "e\u0301", "👍", "\u200b"].map(textWidth), [3, 4, 1, 2, 0]);
});
