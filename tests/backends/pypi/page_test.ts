import assert from "node:assert/strict";
import type { IndexDocument } from "../../../src/backends/pypi/index_document.ts";
import { parsePage } from "../../../src/backends/pypi/parse_page.ts";
import { VaultError } from "../../../src/errors.ts";
import {
  documentOf,
  factsOf,
  htmlDocument,
  htmlWith,
  jsonDocument,
  jsonWith,
  otherSha256,
  pageUrl,
  sha256,
} from "./fixture.ts";

const wheel = "holy_grail-1.0-py3-none-any.whl";
const wheelUrl = `https://files.example/ab/${wheel}`;
const plain = {
  filename: wheel,
  url: wheelUrl,
  hashes: {},
  uploadTime: null,
  coreMetadata: null,
  gpgSig: null,
  requiresPython: null,
  yanked: false,
  provenance: null,
};

const entries: Readonly<Record<string, { entry: Record<string, unknown>; facts: Record<string, unknown> }>> = {
  "no more than a link": { entry: {}, facts: {} },
  "hashes": {
    entry: { hashes: { sha256, SHA512: "ff", odd: 1 } },
    facts: { hashes: { sha256, sha512: "ff" } },
  },
  "a hash in the link alone": {
    entry: { url: `${wheelUrl}#sha256=${sha256}`, hashes: {} },
    facts: { hashes: { sha256 } },
  },
  "another hash in the link": {
    entry: { url: `${wheelUrl}#sha256=${otherSha256}`, hashes: { sha256 } },
    facts: { hashes: { sha256 } },
  },
  "the time of its upload": {
    entry: { "upload-time": "2024-01-02T03:04:05.678901Z" },
    facts: { uploadTime: Date.UTC(2024, 0, 2, 3, 4, 5, 678) },
  },
  "a time without a zone": {
    entry: { "upload-time": "2024-01-02T03:04:05" },
    facts: { uploadTime: Date.UTC(2024, 0, 2, 3, 4, 5) },
  },
  "a time in another zone": {
    entry: { "upload-time": "2024-01-02T03:04:05+02:00" },
    facts: { uploadTime: Date.UTC(2024, 0, 2, 1, 4, 5) },
  },
  "a time that is none": { entry: { "upload-time": "lately" }, facts: {} },
  "metadata with its hash": { entry: { "core-metadata": { sha256 } }, facts: { coreMetadata: { sha256 } } },
  "metadata without a hash": { entry: { "core-metadata": true }, facts: { coreMetadata: {} } },
  "no metadata": { entry: { "core-metadata": false, "dist-info-metadata": { sha256 } }, facts: {} },
  "metadata by its old name": { entry: { "dist-info-metadata": { sha256 } }, facts: { coreMetadata: { sha256 } } },
  "a signature": { entry: { "gpg-sig": true }, facts: { gpgSig: true } },
  "no signature": { entry: { "gpg-sig": false }, facts: { gpgSig: false } },
  "versions of Python": { entry: { "requires-python": ">=3.8,<4" }, facts: { requiresPython: ">=3.8,<4" } },
  "null for what is not said": {
    entry: { "requires-python": null, provenance: null, "core-metadata": null, "upload-time": null, yanked: null },
    facts: {},
  },
  "yanked": { entry: { yanked: true }, facts: { yanked: true } },
  "yanked for a reason": { entry: { yanked: "a <bug>" }, facts: { yanked: "a <bug>" } },
  "not yanked": { entry: { yanked: false }, facts: {} },
  "not yanked, since a reason is not empty": { entry: { yanked: "" }, facts: {} },
  "attestations": {
    entry: { provenance: "https://index.example/p" },
    facts: { provenance: "https://index.example/p" },
  },
  "a link from the host": { entry: { url: "/f/x.whl?t=1" }, facts: { url: "https://index.example/f/x.whl?t=1" } },
  "a link from the page": { entry: { url: "../../f/x.whl" }, facts: { url: "https://index.example/f/x.whl" } },
  "escapes as they came": {
    entry: { url: "https://h/a%2Bb%2f~%7E.whl" },
    facts: { url: "https://h/a%2Bb%2f~%7E.whl" },
  },
  "credentials left out": { entry: { url: "https://u:p@h/x.whl" }, facts: { url: "https://h/x.whl" } },
};

for (const [name, { entry, facts }] of Object.entries(entries)) {
  Deno.test(`a file in JSON: ${name}`, () => {
    const page = parsePage(jsonDocument(jsonWith([{ filename: wheel, url: wheelUrl, ...entry }])));
    assert.deepEqual(page.files.map(factsOf), [{ ...plain, ...facts }]);
  });
}

const anchors: Readonly<Record<string, { anchor: string; facts: Record<string, unknown>; head?: string }>> = {
  "no more than a link": { anchor: `<a href="${wheelUrl}">${wheel}</a>`, facts: {} },
  "a hash": { anchor: `<a href="${wheelUrl}#sha256=${sha256}">x</a>`, facts: { hashes: { sha256 } } },
  "a hash beside others": { anchor: `<a href="${wheelUrl}#egg=x&amp;md5=AB">x</a>`, facts: { hashes: { md5: "ab" } } },
  "entities": {
    anchor: `<a href="/f/x.whl?a=1&amp;b=2" data-requires-python="&gt;=3.8, &#60;4">x</a>`,
    facts: { filename: "x.whl", url: "https://index.example/f/x.whl?a=1&b=2", requiresPython: ">=3.8, <4" },
  },
  "tags and attributes in capitals, quotes of other kinds": {
    anchor: `<A HREF='${wheelUrl}' DATA-REQUIRES-PYTHON=">3" Data-GPG-Sig=true>x</A>`,
    facts: { requiresPython: ">3", gpgSig: true },
  },
  "metadata with its hash": {
    anchor: `<a href="${wheelUrl}" data-core-metadata="sha256=${sha256}">x</a>`,
    facts: { coreMetadata: { sha256 } },
  },
  "metadata without a hash": {
    anchor: `<a href="${wheelUrl}" data-core-metadata="true">x</a>`,
    facts: { coreMetadata: {} },
  },
  "metadata by its old name": {
    anchor: `<a href="${wheelUrl}" data-dist-info-metadata="sha256=${sha256}">x</a>`,
    facts: { coreMetadata: { sha256 } },
  },
  "no metadata": {
    anchor: `<a href="${wheelUrl}" data-core-metadata="false" data-dist-info-metadata="true">x</a>`,
    facts: {},
  },
  "no signature": { anchor: `<a href="${wheelUrl}" data-gpg-sig="false">x</a>`, facts: { gpgSig: false } },
  "yanked": { anchor: `<a href="${wheelUrl}" data-yanked="">x</a>`, facts: { yanked: true } },
  "yanked, without a value": { anchor: `<a href="${wheelUrl}" data-yanked>x</a>`, facts: { yanked: true } },
  "yanked for a reason": {
    anchor: `<a href="${wheelUrl}" data-yanked="a &lt;bug&gt; &quot;of&quot; ours">x</a>`,
    facts: { yanked: 'a <bug> "of" ours' },
  },
  "attestations": {
    anchor: `<a href="${wheelUrl}" data-provenance="https://index.example/p?a=1&amp;b">x</a>`,
    facts: { provenance: "https://index.example/p?a=1&b" },
  },
  "a name that the link escapes": {
    anchor: `<a href="https://h/torch-2.1%2Bcpu-py3-none-any.whl">x</a>`,
    facts: {
      filename: "torch-2.1+cpu-py3-none-any.whl",
      url: "https://h/torch-2.1%2Bcpu-py3-none-any.whl",
    },
  },
  "links that count from a base": {
    head: `<BASE HREF="/mirror/files/"><base href="https://second.example/">`,
    anchor: `<a href="x.whl">x</a>`,
    facts: { filename: "x.whl", url: "https://index.example/mirror/files/x.whl" },
  },
  "a base behind the link": {
    anchor: `<a href="x.whl">x</a><base href="https://cdn.example/f/">`,
    facts: { filename: "x.whl", url: "https://cdn.example/f/x.whl" },
  },
  "a base that is no URL": {
    head: `<base href="http://[">`,
    anchor: `<a href="x.whl">x</a>`,
    facts: { filename: "x.whl", url: `${pageUrl}x.whl` },
  },
  "blanks around a link": { anchor: `<a href="\n ${wheelUrl} ">x</a>`, facts: {} },
  "text in parts": { anchor: `<a href="${wheelUrl}"><b>x</b> &amp; y</a>`, facts: {} },
};

for (const [name, { anchor, facts, head = "" }] of Object.entries(anchors)) {
  Deno.test(`a file in HTML: ${name}`, () => {
    const page = parsePage(htmlDocument(htmlWith(anchor, head)));
    assert.deepEqual(page.files.map(factsOf), [{ ...plain, ...facts }]);
  });
}

const links = ["ftp://h/x.whl", "file:///x.whl", "http://[", "javascript:void(0)", "data:,x"];

Deno.test("JSON: what has no link that leads to a file is left out", () => {
  const bad = [{ filename: wheel }, { url: wheelUrl }, { filename: 1, url: wheelUrl }, null, "x", []];
  const files = [...bad, ...links.map((url) => ({ filename: wheel, url }))];
  assert.deepEqual(parsePage(jsonDocument(jsonWith(files))).files, []);
});

Deno.test("HTML: what has no link that leads to a file is left out, and so are folders and orders of a listing", () => {
  const others = ["../", "?C=N;O=D", "/", "mailto:a@b", "#top", ""];
  const html = htmlWith(`${[...links, ...others].map((link) => `<a href="${link}">x</a>`).join("")}<a name="x">y</a>`);
  assert.deepEqual(parsePage(htmlDocument(html)).files, []);
});

const checkout = "git+https://git.example/holy/grail.git@v1.0#egg=holy-grail-1.0";

const outside: readonly [link: string, name: string][] = [
  [checkout, "holy-grail-1.0"],
  ["git+ssh://git@git.example/holy/grail.git", "grail.git"],
  ["hg+http://hg.example/grail#subdirectory=x&egg=holy-grail-2.0", "holy-grail-2.0"],
];

for (const [url, name] of outside) {
  Deno.test(`links to version control stay as they are: ${url}`, () => {
    const html = parsePage(htmlDocument(htmlWith(`<a href="${url}" rel="x">Grail</a>`)));
    const entry = { filename: name, url, hashes: {} };
    const json = parsePage(jsonDocument(jsonWith([entry])));
    const others = [{ url, name, source: { form: "json", entry } }];
    assert.deepEqual([json.files, json.outside], [[], others]);
    const source = { form: "html", attributes: { href: url, rel: "x" }, text: "Grail" };
    assert.deepEqual([html.files, html.outside], [[], [{ url, name, source }]]);
  });
}

Deno.test("HTML: forms and scripts do not matter where there are files", () => {
  const html = htmlWith('<script></script><form></form><a href="holy_grail-1.0.tar.gz">x</a>');
  assert.equal(parsePage(htmlDocument(html)).files.length, 1);
});

Deno.test("a page with nothing on it is the page of a project without files", () => {
  assert.deepEqual(parsePage(jsonDocument(jsonWith([]))).files, []);
  assert.deepEqual(parsePage(htmlDocument("<!DOCTYPE html><html></html>")).files, []);
});

Deno.test("the project's name is what the page says, or else its URL", () => {
  assert.equal(parsePage(jsonDocument({ ...jsonWith([]), name: "Holy.Grail" })).name, "Holy.Grail");
  assert.equal(parsePage(jsonDocument({ files: [] })).name, "holy-grail");
  assert.equal(parsePage(htmlDocument("<html>")).name, "holy-grail");
});

Deno.test("a higher minor version is read, and so is a page that does not say its version", () => {
  for (const meta of [{ "api-version": "1.99" }, { "api-version": 1 }, {}, undefined]) {
    assert.deepEqual(parsePage(jsonDocument({ meta, files: [] })).files, []);
  }
  parsePage(htmlDocument(htmlWith("", `<META NAME="PyPI:Repository-Version" CONTENT="1.99">`)));
});

const types: readonly (readonly [contentType: string | undefined, form: "json" | "html"])[] = [
  ["application/vnd.pypi.simple.v1+json", "json"],
  ["Application/JSON; charset=utf-8", "json"],
  ["text/html", "html"],
  ["application/vnd.pypi.simple.v1+html", "html"],
  ["text/plain", "html"],
  [undefined, "html"],
];

for (const [contentType, form] of types) {
  Deno.test(`a page of the type ${contentType} is read as ${form}`, () => {
    const body = form === "json" ? '\uFEFF{"files": []}' : "\uFEFF<html></html>";
    assert.equal(parsePage(documentOf(body, contentType)).source.form, form);
  });
}

const refused: Readonly<Record<string, { document: IndexDocument; says: RegExp }>> = {
  "text in the place of JSON": { document: jsonDocument("not found"), says: /says that it is JSON, and is not$/ },
  "JSON that is cut short": { document: jsonDocument('{"files": ['), says: /says that it is JSON, and is not$/ },
  "a list": { document: jsonDocument([]), says: /no JSON object$/ },
  "null": { document: jsonDocument("null"), says: /no JSON object$/ },
  "an error in JSON": { document: jsonDocument({ message: "no such project" }), says: /no list "files"$/ },
  "files that are no list": { document: jsonDocument({ files: {} }), says: /no list "files"$/ },
  "a later version of the API": {
    document: jsonDocument({ meta: { "api-version": "2.0" }, files: [] }),
    says: /version 2\.0 of the API, and we know version 1$/,
  },
  "a later version of the API in HTML": {
    document: htmlDocument(htmlWith("", '<meta name="pypi:repository-version" content="10.0">')),
    says: /version 10\.0 of the API/,
  },
  "text": { document: htmlDocument("Welcome"), says: /not HTML$/ },
  "nothing at all": { document: htmlDocument(""), says: /not HTML$/ },
  "XML": { document: htmlDocument("<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>"), says: /not HTML$/ },
  "JSON that says it is HTML": { document: htmlDocument('{"files": []}'), says: /not HTML$/ },
  "a page to sign in at": {
    document: htmlDocument(htmlWith('<form><input name=u><INPUT type="Password"></form><a href="/forgot">Forgot?</a>')),
    says: /asks for a password/,
  },
  "a page with a form": {
    document: htmlDocument(htmlWith('<form></form><a href="/help">Help</a>')),
    says: /for people/,
  },
  "a page that needs a browser": { document: htmlDocument(htmlWith("<SCRIPT></SCRIPT>")), says: /for people/ },
  "a page that leads elsewhere": {
    document: htmlDocument(htmlWith("", '<meta HTTP-Equiv="Refresh" content="0; url=/login">')),
    says: /for people/,
  },
};

for (const [name, { document, says }] of Object.entries(refused)) {
  Deno.test(`no page of a project: ${name}`, () => {
    assert.throws(() => parsePage(document), (error) => {
      assert.ok(error instanceof VaultError);
      assert.equal(error.code, "upstream_failed");
      assert.ok(error.message.startsWith(`Cannot read "${pageUrl}"`), error.message);
      assert.match(error.message, says);
      return true;
    });
  });
}

const encodings: readonly [contentType: string, bytes: readonly number[]][] = [
  ["text/html", [0xc3, 0xa9]],
  ["text/html; charset=UTF-8", [0xc3, 0xa9]],
  ['text/html;a=b; charset="iso-8859-1"', [0xe9]],
  ["text/html; charset=none-such", [0xc3, 0xa9]],
];

for (const [contentType, letter] of encodings) {
  Deno.test(`a page of type ${contentType} is read in its encoding`, () => {
    const bytes = new Uint8Array([
      ...new TextEncoder().encode('<a href="/caf'),
      ...letter,
      ...new TextEncoder().encode('/x.whl">x</a>'),
    ]);
    const [file] = parsePage(documentOf(bytes, contentType)).files;
    assert.equal(file!.url, "https://index.example/caf%C3%A9/x.whl");
  });
}
