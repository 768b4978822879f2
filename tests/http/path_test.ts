import assert from "node:assert/strict";
import { VaultError } from "../../src/errors.ts";
import { parseTarget } from "../../src/http/path.ts";

const targets = [
  { name: "plain", url: "http://h/a/b.tar.gz", path: "/a/b.tar.gz", query: "" },
  { name: "root", url: "http://h/", path: "/", query: "" },
  { name: "query", url: "http://h/a?x=1&y=/../2", path: "/a", query: "?x=1&y=/../2" },
  { name: "empty query", url: "http://h/a?", path: "/a", query: "?" },
  { name: "fragment", url: "http://h/a#b/../c", path: "/a", query: "" },
  { name: "fragment behind a query", url: "http://h/a?q#b", path: "/a", query: "?q" },
  { name: "no path, as for CONNECT", url: "http://evil.example:443", path: "/", query: "" },
  { name: "another host and scheme", url: "https://user:pw@evil.example:444/a?b", path: "/a", query: "?b" },
  { name: "double slash", url: "http://h//x/y", path: "//x/y", query: "" },
  { name: "unreserved characters unescaped", url: "http://h/%41%7e%2D/%62", path: "/A~-/b", query: "" },
  { name: "escapes in capitals", url: "http://h/%c3%a9%2b", path: "/%C3%A9%2B", query: "" },
  { name: "an escaped slash stays", url: "http://h/@scope%2fname", path: "/@scope%2Fname", query: "" },
  { name: "what should be escaped", url: 'http://h/{a}|"b"', path: "/%7Ba%7D%7C%22b%22", query: "" },
  { name: "dots that are no segments", url: "http://h/a../..b/.c/d.", path: "/a../..b/.c/d.", query: "" },
  { name: "dot segments", url: "http://h/./a/././b/.c/.", path: "/a/b/.c/", query: "" },
  { name: "an escaped dot segment", url: "http://h/a/%2e/%2E/b", path: "/a/b", query: "" },
  { name: "a percent sign, escaped", url: "http://h/100%25", path: "/100%25", query: "" },
  { name: "escaped twice is just a name", url: "http://h/%252e%252e/a", path: "/%252e%252e/a", query: "" },
  {
    name: "allowed punctuation",
    url: "http://h/a+b,c;d=e:f@g!h$i&j'k(l)m*n",
    path: "/a+b,c;d=e:f@g!h$i&j'k(l)m*n",
    query: "",
  },
  { name: "a query without a path", url: "http://evil.example?a=/private/b", path: "/", query: "?a=/private/b" },
  { name: "parameters of names with dots", url: "http://h/a..;v=1/.b;c", path: "/a..;v=1/.b;c", query: "" },
  { name: "a segment of 4 kB", url: `http://h/${"a".repeat(4096)}`, path: `/${"a".repeat(4096)}`, query: "" },
];

for (const { name, url, path, query } of targets) {
  Deno.test(`target: ${name}`, () => {
    const { origin, ...target } = parseTarget(url, "h");
    assert.deepEqual(target, { path, query });
    assert.ok(url.startsWith(origin) && /^https?:\/\/[^/]+$/.test(origin), origin);
  });
}

const refused = [
  { name: "dot-dot", path: "/a/../../etc/passwd" },
  { name: "dot-dot at the end", path: "/a/.." },
  { name: "escaped dot-dot", path: "/a/%2e%2e/b" },
  { name: "half escaped dot-dot", path: "/a/.%2E/b" },
  { name: "dot-dot before an escaped slash", path: "/a/%2e%2e%2fb" },
  { name: "dot-dot behind an escaped slash", path: "/a%2f../b" },
  { name: "dot-dot between escaped slashes", path: "/a%2F%2E%2E%2Fb" },
  { name: "dot-dot with a parameter, as Tomcat reads it", path: "/a/..;/b" },
  { name: "dot-dot with a parameter of a name", path: "/a/..;x=1/b" },
  { name: "dot-dot with a parameter at the end", path: "/a/..;" },
  { name: "escaped dot-dot with a parameter", path: "/a/%2e%2E;/b" },
  { name: "dot-dot with an escaped parameter", path: "/a/..%3b/b" },
  { name: "dot-dot with a parameter behind an escaped slash", path: "/a%2f..;b" },
  { name: "dot-dot before a NUL", path: "/a/..%00/b" },
  { name: "a dot with a parameter", path: "/a/.;/b" },
  { name: "backslash", path: "/a\\..\\b" },
  { name: "escaped backslash", path: "/a/..%5cb" },
  { name: "escaped NUL", path: "/a%00b" },
  { name: "NUL", path: "/a\0b" },
  { name: "escaped line feed", path: "/a%0Ab" },
  { name: "escaped delete", path: "/a%7Fb" },
  { name: "malformed escape", path: "/a%zz" },
  { name: "half an escape", path: "/a%4" },
  { name: "lone percent sign", path: "/100%" },
  { name: "escapes that are not UTF-8", path: "/%ff%fe" },
  { name: "an overlong encoding of a slash", path: "/..%c0%af.." },
  { name: "longer than 8 KiB", path: `/${"a".repeat(8192)}` },
];

const isBadRequest = (error: unknown) => error instanceof VaultError && error.code === "bad_request";

for (const { name, path } of refused) {
  Deno.test(`refused: ${name}`, () => {
    assert.throws(() => parseTarget(`http://h${path}`, "h"), isBadRequest);
  });
}

const hosts = ["", "h", "h:80", "h:", "192.0.2.1", "[2001:db8::1]:8080", "[fe80::1%25eth0]", "my_host.example.", "a,b"];

for (const host of hosts) {
  Deno.test(`"${host}" may stand in the Host header`, () => {
    assert.equal(parseTarget(`http://${host}/a`, host).path, "/a");
  });
}

const noHosts = [
  "h/priv/secret?",
  "h/priv/secret#",
  "h?",
  "h/",
  "user@h",
  "h\\priv",
  "a b",
  "\xe9",
  "h:80/priv",
  "[::1",
  "h:x",
];

for (const host of noHosts) {
  Deno.test(`refused: "${host}" in the Host header, whatever path it would make`, () => {
    assert.throws(() => parseTarget(`http://${host}/a`, host), isBadRequest);
  });
}
