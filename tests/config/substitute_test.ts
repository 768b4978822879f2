import assert from "node:assert/strict";
import { Invalid } from "../../src/config/value_types.ts";
import { namesInTexts, resolveTexts } from "../../src/config/resolve_texts.ts";
import { substitute } from "../../src/config/substitute.ts";

const env = (name: string) => ({ HOST: "example.org", EMPTY: "", TRICKY: "a: ${HOST} # '\"$&" })[name];

const cases: [text: string, result: string][] = [
  ["plain", "plain"],
  ["${HOST}", "example.org"],
  ["https://${HOST}/${HOST}", "https://example.org/example.org"],
  ["${HOST:-other}", "example.org"],
  ["${MISSING:-other}", "other"],
  ["${MISSING:-}", ""],
  ["${EMPTY}", ""],
  ["${EMPTY:-other}", "other"],
  ["$${HOST}", "${HOST}"],
  ["$HOST costs $5", "$HOST costs $5"],
  ["${TRICKY}", "a: ${HOST} # '\"$&"],
];

for (const [text, result] of cases) {
  Deno.test(`${text} becomes ${JSON.stringify(result)}`, () => assert.equal(substitute(text, env), result));
}

const failures: [text: string, reason: RegExp][] = [
  ["${MISSING}", /environment variable MISSING is not set; set it or write \$\{MISSING:-default\}/],
  ["${}", /begins no \$\{NAME\}/],
  ["${HOST", /begins no/],
  ["${HOST-x}", /begins no/],
  ["${1}", /begins no/],
];

for (const [text, reason] of failures) {
  Deno.test(`${text} is a problem`, () => {
    const result = substitute(text, env);
    assert.ok(result instanceof Invalid);
    assert.match(result.reason ?? "", reason);
  });
}

Deno.test("values are substituted in lists and mappings, and keys are not", () => {
  const { value, problems } = resolveTexts({ "${HOST}": ["${HOST}", 1, true], a: { b: "${HOST}" } }, env);
  assert.deepEqual(value, { "${HOST}": ["example.org", 1, true], a: { b: "example.org" } });
  assert.deepEqual(problems, []);
});

Deno.test("what is null or becomes empty counts as not given", () => {
  const { value } = resolveTexts({ a: null, b: "${EMPTY}", c: "", d: { e: null } }, env);
  assert.deepEqual(value, { c: "", d: {} });
});

Deno.test("the names a tree refers to, each once", () => {
  assert.deepEqual(namesInTexts({ a: "${B:-x}${A}", c: ["${B}", "$${C}", 3] }), ["B", "A"]);
});
