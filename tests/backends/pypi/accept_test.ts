import assert from "node:assert/strict";
import { htmlType, jsonType, negotiate } from "../../../src/backends/pypi/page_format.ts";

const latestJson = "application/vnd.pypi.simple.latest+json";
const latestHtml = "application/vnd.pypi.simple.latest+html";

const cases: Readonly<Record<string, { accept: string | null; chosen: string | null }>> = {
  "no header": { accept: null, chosen: "text/html" },
  "an empty header": { accept: " ", chosen: "text/html" },
  "anything": { accept: "*/*", chosen: "text/html" },
  "anything, as Java says it": { accept: "image/gif, *; q=.2, */*; q=.2", chosen: "text/html" },
  "pip": { accept: `${jsonType}, ${htmlType}; q=0.1, text/html; q=0.01`, chosen: jsonType },
  "uv": { accept: `${jsonType}, ${htmlType};q=0.2, text/html;q=0.01`, chosen: jsonType },
  "poetry 1.3": { accept: "*/*", chosen: "text/html" },
  "a browser": {
    accept: "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8",
    chosen: "text/html",
  },
  "JSON only": { accept: jsonType, chosen: jsonType },
  "HTML only": { accept: htmlType, chosen: htmlType },
  "HTML only, by its old name": { accept: "text/html", chosen: "text/html" },
  "the weight decides": { accept: `${jsonType};q=0.2, ${htmlType};q=0.3`, chosen: htmlType },
  "the weight decides, in whatever order": { accept: `text/html;q=0.1, ${htmlType};q=0.2`, chosen: htmlType },
  "all the same: what says most": { accept: `text/html, ${htmlType}, ${jsonType}`, chosen: jsonType },
  "all the same: the old name of HTML last": { accept: `text/html, ${htmlType}`, chosen: htmlType },
  "what is named, before what is only covered": { accept: `*/*, ${htmlType}`, chosen: htmlType },
  "a name says more than a wildcard, in weight as well": { accept: `*/*, text/html;q=0.1`, chosen: jsonType },
  "any application": { accept: "application/*", chosen: jsonType },
  "any text": { accept: "text/*;q=0.5", chosen: "text/html" },
  "one refused": { accept: `${jsonType};q=0, */*;q=0.1`, chosen: htmlType },
  "a group refused": { accept: "application/*;q=0.000, */*", chosen: "text/html" },
  "latest JSON is version 1": { accept: latestJson, chosen: jsonType },
  "latest HTML is version 1": { accept: `${latestHtml}, ${latestJson};q=0.9`, chosen: htmlType },
  "in capitals": { accept: `${jsonType.toUpperCase()};Q=0.1, TEXT/HTML ; Q=0.2`, chosen: "text/html" },
  "other parameters": { accept: `${jsonType};charset="a,b;c";q=0.2, ${htmlType};v=1;q=0.1`, chosen: jsonType },
  "a weight that makes no sense": { accept: `text/html;q=high, ${jsonType};q=0.9`, chosen: "text/html" },
  "another version": { accept: "application/vnd.pypi.simple.v2+json", chosen: null },
  "plain JSON": { accept: "application/json", chosen: null },
  "a quote that is not closed": { accept: `${jsonType};q=0.1, ${htmlType};q=0.5;a="b, text/html`, chosen: htmlType },
  "all refused": { accept: "*/*;q=0", chosen: null },
};

for (const [name, { accept, chosen }] of Object.entries(cases)) {
  Deno.test(`the form of a page: ${name}`, () => {
    const form = chosen === jsonType ? "json" : "html";
    assert.deepEqual(negotiate(accept), chosen === null ? null : { form, contentType: chosen });
  });
}

for (
  const [what, unit] of [["quotes", '"'], ["escaped quotes", '\\"'], ["escapes in a quote", '"\\'], [
    "commas",
    ",",
  ]] as const
) {
  Deno.test(`the longest header there can be, of ${what}, is read in one go`, () => {
    assert.deepEqual(negotiate(`${jsonType}, ${unit.repeat(64 * 1024)}`), { form: "json", contentType: jsonType });
  });
}
