import assert from "node:assert/strict";
import { parseTarget } from "../../src/http/path.ts";
import { barChart } from "../../src/page/bar_chart.ts";
import { foreign } from "../../src/page/foreign_text.ts";
import { html } from "../../src/page/html.ts";
import { entryOf, entryPath } from "../../src/page/paths.ts";

const hostile = [`<script>alert(1)</script>`, `" onload="x`, `' onload='x`, `&lt;b&gt;`, "`${1}`"];

Deno.test("text never becomes markup, in content and in attributes", () => {
  for (const text of hostile) {
    const made = html`<p title="${text}">${text}</p>`.text;
    assert.match(made, /^<p title="[^<>"']*">[^<>"']*<\/p>$/, made);
  }
});

Deno.test("pieces of HTML are kept, lists are joined, and null and false are nothing", () => {
  const items = ["a", "<b>"].map((text) => html`<li>${text}</li>`);
  assert.equal(html`<ul>${items}${null}${false}${0}</ul>`.text, "<ul><li>a</li><li>&#60;b&#62;</li>0</ul>");
});

Deno.test("a name from outside is on one line, cut in the middle, and turns nothing around it", () => {
  assert.equal(foreign("a\u202eb\nc").text, '<bdi class="text">a\\u202eb\\nc</bdi>');
  const long = foreign(`begin${"x".repeat(5000)}end`).text;
  assert.match(long, /^<bdi class="text" title="beginx+end">beginx+…x+end<\/bdi>$/);
  assert.ok(long.length < 6000);
  assert.ok(foreign("x".repeat(1_000_000)).text.length < 9000);
});

Deno.test("characters outside the basic plane are never cut in two", () => {
  for (let length = 110; length < 130; length++) {
    for (const text of [`${"x".repeat(length)}${"🙂".repeat(40)}`, `${"🙂".repeat(60)}${"x".repeat(length)}`]) {
      assert.ok(foreign(text).text.isWellFormed());
      assert.doesNotMatch(foreign(text, 121).text, /\\ud/);
    }
  }
  for (const text of ["🙂".repeat(5000), `x${"🙂".repeat(5000)}`]) assert.doesNotMatch(foreign(text).text, /\\ud/);
});

Deno.test("the address of an entry's page leads back to its name, whatever it is", () => {
  const odd = ["files/a?x=/../b", "files/a\\b", "files/a?x=/..;/b", "files/\x01", "a/../../b"];
  for (const name of ["files/a/b?c=d#e", "x/%2e%2e/ä 🙂", ...odd, ...hostile]) {
    for (const more of [{}, { done: "pin" }]) {
      const address = entryPath(name, more);
      const { path, query } = parseTarget(`http://vault${address}`, "vault");
      assert.equal(entryOf(path, query), name);
      assert.equal(new URLSearchParams(query).get("done"), "done" in more ? "pin" : null, address);
      assert.equal(new URL(address, "http://vault").pathname, path, "browsers make no other path of it");
    }
  }
  const lone = parseTarget(`http://vault${entryPath("a\ud800")}`, null);
  assert.equal(entryOf(lone.path, lone.query), "a\ufffd");
  assert.equal(entryOf("/-/page/entry/%ff", ""), null);
  assert.equal(entryOf("/-/page/entry/", ""), null);
  assert.equal(entryOf("/-/page/entries", ""), null);
});

Deno.test("the bars of a chart are as high as their values, the highest as the chart", () => {
  const bars = [[0, 0], [1, 1], [4, 0]].map(([hits, misses]) => ({
    title: `${hits} hits`,
    parts: [{ kind: "hits", value: hits! }, { kind: "misses", value: misses! }],
  }));
  const { text } = barChart({ label: "Requests", bars, ends: ["0", "2"], shown: String });
  const rects = [...text.matchAll(/class="(hits|misses)"\s+x="(\d+)"\s+y="([\d.]+)"\s+width="8"\s+height="([\d.]+)"/g)];
  assert.deepEqual(rects.map((found) => found.slice(1)), [
    ["hits", "11", "75.00", "25.00"],
    ["misses", "11", "50.00", "25.00"],
    ["hits", "21", "0.00", "100.00"],
  ]);
  assert.match(barChart({ label: "None", bars: [], ends: ["", ""], shown: String }).text, /nothing yet/);
});
