import assert from "node:assert/strict";
import { loadConfig } from "../../src/config/load.ts";
import { configSchema } from "../../src/configuration.ts";

const good = "backends:\n  - type: http\n    config: {base_url: https://a.example}\n";
const http = "backends:\n  - type: http\n    config:\n      base_url: https://a.example\n";

/** Files as people write them wrong, each with all that is said of it. */
const wrong: readonly (readonly [name: string, text: string, ...problems: string[]])[] = [
  [
    "a pattern without quotes",
    `${http}      rules:\n        - match: *.jar\n`,
    '6:18: "*.jar" refers to nothing in this file; a value that begins with * has to be in quotes',
  ],
  [
    "a pattern without quotes, between brackets",
    `backends:\n  - {type: http, config: {rules: [{match: **/*.deb}]}}\n`,
    '2:43: "**/*.deb" refers to nothing in this file; a value that begins with * has to be in quotes',
  ],
  [
    "a reference to nothing",
    "backends:\n  - type: http\n    config: *common\n",
    '3:13: "*common" refers to nothing in this file; a value that begins with * has to be in quotes',
  ],
  [
    "a value that begins with &",
    `${http}      password: &secret\n`,
    '5:24: a value that begins with & has to be in quotes: "&…"',
  ],
  [
    "a value that begins with !",
    `${http}      password: !secret\n`,
    '5:17: a value that begins with ! has to be in quotes: "!…"',
  ],
  [
    "a value that begins with %",
    `${http}      password: %secret\n`,
    '5:17: a value that begins with % has to be in quotes: "%…"',
  ],
  [
    "a value that begins with @",
    `${http}      password: @secret\n`,
    '5:17: a value that begins with @ has to be in quotes: "@…"',
  ],
  [
    "a value that begins with a backtick",
    `${http}      prefix: \`/x\`\n`,
    '5:15: a value that begins with ` has to be in quotes: "`…"',
  ],
  [
    "a value with a colon",
    `${http}      password: secret: b\n`,
    '5:7: a value with ": " in it has to be in quotes: password: "…"',
  ],
  [
    "two documents",
    `http_port: 1\n---\n${good}`,
    '2:1: a second document begins here; keep one, and remove the line "---" or "..."',
  ],
  [
    "text after the end",
    `${good}...\nmore\n`,
    '5:1: a second document begins here; keep one, and remove the line "---" or "..."',
  ],
  ["a key without a colon", `http_port 8080\n${good}`, '1:1: write a colon after "http_port"'],
  ["backends without a colon", good.replace(":", ""), '1:1: write a colon after "backends"'],
  ["config without a colon", http.replace("config:", "config"), '3:5: write a colon after "config"'],
  ["an equals sign", `http_port = 8080\n${good}`, '1:1: write a colon instead of "=": http_port: …'],
  ["no space after a colon", `http_port:8080\n${good}`, "1:1: write a space after the colon: http_port: …"],
  [
    "no space after the colon of a type",
    good.replace("type: ", "type:"),
    "2:3: write a space after the colon: type: …",
  ],
  [
    "no space after the colon of the only key",
    http.replace("base_url: ", "base_url:"),
    '3:5: backends[0].config: "base_url:https://a.example" is not a mapping; write a space after the colon',
  ],
  ["no space after a dash", good.replace("- ", "-"), '2:3: write a space after "-": - entry'],
  ["two dashes", good.replace("- ", "-- "), '2:3: an entry of a list begins with one dash: "- "'],
  ["a tab before a list", good.replaceAll("  -", "\t-"), "2:1: this line is indented with a tab; use spaces"],
  ["a tab before a key", `${http}\tprefix: /x\n`, "5:1: this line is indented with a tab; use spaces"],
  [
    "a non-breaking space",
    `http_port:\u00a08080\n${good}`,
    "1:1: there is a non-breaking space in this line; write a plain one",
  ],
  [
    "a quote at the end of the file",
    http.replace("https://a", '"https://a'),
    '4:1: the " in this line is not closed; add one at the end of the value',
  ],
  [
    "a quote that the next one closes",
    `http_host: "0.0.0.0\nlog_level: "INFO"\n${good}`,
    '1:1: the " in this line is not closed; add one at the end of the value',
  ],
  [
    "a quote in quotes",
    `${http}      password: 'it's'\n`,
    "5:7: there is text after the closing '; put all of the value into the quotes, with '' for each ' in it",
  ],
  [
    "text after quotes",
    `http_host: "0.0.0.0" 8080\n${good}`,
    '1:1: there is text after the closing "; put all of the value into the quotes',
  ],
  [
    "a Windows path in double quotes",
    `cache_dir: "C:\\vault\\cache"\n${good}`,
    "1:21: in double quotes a backslash begins an escape; use single quotes, or write \\\\ for each \\",
  ],
  ["a duplicate key", `http_port: 1\nhttp_port: 2\n${good}`, "2:1: the key http_port is given twice; keep one of them"],
  [
    "a list for a mapping",
    http.replace("base_url", "- base_url"),
    '3:5: backends[0].config: a list is not a mapping; write its keys without "- "',
  ],
  [
    "backends as a mapping",
    "backends:\n  type: http\n",
    '1:1: backends: a mapping is not a list; begin each of its entries with "- ", indented below it',
  ],
  [
    "backends as a text",
    "backends: http\n",
    '1:1: backends: "http" is not a list; begin each of its entries with "- ", indented below it',
  ],
  [
    "a text for a mapping",
    http.replace("config:", "config: |"),
    '3:5: backends[0].config: "base_url: https://a.example\\n" is not a mapping; it was made a text by "|" or ">", so remove that',
  ],
  [
    "a key that is indented too little",
    `${http}     prefix: /x\n`,
    "5:1: this line is indented by more or fewer spaces than those it belongs to; all keys of a mapping, and all entries of a list, begin in the same column",
  ],
  [
    "an entry that is indented too far",
    `${http}   - type: pypi\n     config: {}\n`,
    "5:4: this line is indented by more or fewer spaces than those it belongs to; all keys of a mapping, and all entries of a list, begin in the same column",
  ],
  [
    "a key below one that has a value",
    `http_port: 1\n  http_host: 0.0.0.0\n${good}`,
    '2:3: this line is indented further than "http_port" above it, which has a value already; begin it in the same column',
  ],
  [
    "a name that is indented too far",
    good.replace("    config", "      config"),
    '3:7: this line is indented further than "type" above it, which has a value already; begin it in the same column',
  ],
  [
    "keys of config beside it",
    http.replace("      base_url", "    base_url"),
    "3:5: backends[0].config: a mapping is missing",
    '4:5: backends[0].base_url: belongs below "config"; indent it further',
  ],
  [
    "a first line that is indented",
    `  http_port: 1\n${good}`,
    "2:1: this does not belong to what is above it; check the indentation of this line and of the one above",
  ],
  [
    "brackets without a comma",
    good.replace("}", " prefix: /x}"),
    "3:24: between brackets, entries are separated by commas",
  ],
  ["a brace that is not closed", good.replace("}", ""), "3:13: the { here is not closed; add } at its end"],
  [
    "a list that is not closed",
    http.replace("https://a", "[https://a") + "      prefix: /x\n",
    "4:17: the [ here is not closed; add ] at its end",
  ],
  ["a brace too many", good.replace("}", "}}"), "3:42: there is a } too many; remove it"],
  [
    "a variable between brackets",
    good.replace("}", ", password: ${TOKEN}}"),
    '3:5: between brackets a variable has to be in quotes: "${TOKEN}"',
  ],
  [
    "a template",
    http.replace("https://a.example", "{{ upstream }}"),
    "4:18: a mapping or a list cannot be a key; put a text with brackets, or with {{ }}, into quotes",
  ],
  [
    "JSON that is not closed",
    '{"http_port": 8080, "backends": []\n',
    "1:1: the { here is not closed; add } at its end",
  ],
  [
    "a merge of a text",
    http.replace("base_url", "<<: hello\n      base_url"),
    '4:7: "<<" takes a mapping, or the name of one: <<: *name',
  ],
  [
    "a merge of nothing",
    http.replace("base_url", "<<: *base\n      base_url"),
    '4:11: "*base" refers to nothing in this file; a value that begins with * has to be in quotes',
  ],
  [
    "a merge conflict",
    `<<<<<<< HEAD\nhttp_port: 1\n=======\nhttp_port: 2\n>>>>>>> x\n${good}`,
    "1:1: this is the mark of a merge conflict; keep one side, and remove the marks",
  ],
  ["Markdown", "```yaml\n" + good + "```\n", "1:1: this is a fence of Markdown; remove the lines that begin with ```"],
  [
    "a web page",
    "<!DOCTYPE html>\n<html><title>404: Not found</title></html>\n",
    "1:1: this is a web page or XML, no configuration; look how the file got here",
  ],
  [
    "an INI file",
    "[server]\nhttp_port = 8080\n",
    '1:1: this is the section of an INI file; write YAML: "key: value" on each line',
  ],
  [
    "line ends of old Macs",
    good.replaceAll("\n", "\r"),
    "1:10: the lines of this file end in the way of old Macs; save it with the line ends of Linux or Windows",
  ],
];

for (const [name, text, ...problems] of wrong) {
  Deno.test(`a file that is no good YAML: ${name}`, async () => {
    const expected = problems.map((problem) => `c.yml:${problem}`).join("\n");
    await assert.rejects(
      loadConfig({ schema: configSchema, text, path: "c.yml", env: () => "" }),
      ({ message }: Error) => {
        assert.equal(message, expected);
        assert.ok(!/\bsecret\b/.test(message), "a value may be a secret");
        return true;
      },
    );
  });
}
