import assert from "node:assert/strict";
import { shownLine, shownText } from "../../src/observe/shown_text.ts";

const cases: [what: string, text: string, shown: string][] = [
  ["an escape sequence", "\x1b[2J\x1b]0;x\x07", "\\u001b[2J\\u001b]0;x\\u0007"],
  ["one of a single byte", "\x9b31m\x7f", "\\u009b31m\\u007f"],
  ["a return to the beginning of the line", "a\rb\bc", "a\\u000db\\u0008c"],
  ["text that runs the other way", "a\u202Egpj.exe\u2066\u200f\u061c", "a\\u202egpj.exe\\u2066\\u200f\\u061c"],
  ["line ends of Unicode", "a\u2028b\u2029", "a\\u2028b\\u2029"],
  ["half a pair", "a\ud800b\udc00", "a\\ud800b\\udc00"],
];

for (const [what, text, shown] of cases) {
  Deno.test(`${what} is shown, and does not act`, () => {
    assert.equal(shownText(text), shown);
    assert.equal(shownLine(text), shown);
  });
}

Deno.test("text that does not act stays as it is, line ends and tabs where several lines are meant", () => {
  for (const text of ["", "pypi/simple/requests/", "naïve 日本語 😀 עברית", "e\u0301"]) {
    assert.deepEqual([shownText(text), shownLine(text)], [text, text]);
  }
  assert.deepEqual([shownText("a\n\tb"), shownLine("a\n\tb")], ["a\n\tb", "a\\n\\tb"]);
});

Deno.test("JSON that is shown means the same", () => {
  const value = { name: "\x1b\x9b\u202e\ud800😀\n\t\\" };
  assert.deepEqual(JSON.parse(shownText(JSON.stringify(value, null, 2))), value);
});
