import assert from "node:assert/strict";
import { htmlType, jsonType } from "../../../src/backends/pypi/page_format.ts";
import type { PageFile, ProjectPage } from "../../../src/backends/pypi/page.ts";
import { parsePage } from "../../../src/backends/pypi/parse_page.ts";
import { renderPage } from "../../../src/backends/pypi/render_page.ts";
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

const linkOf = ({ url }: PageFile) => `../../files${new URL(url).pathname}`;
const sameLink = ({ url }: PageFile) => url;

function render(page: ProjectPage, form: "json" | "html", keep?: (file: PageFile) => boolean): string {
  return new TextDecoder().decode(renderPage(page, { form, linkOf, ...keep && { keep } }));
}

/** What a client makes of the page when it gets it in this form. */
function asClientsRead(page: ProjectPage, form: "json" | "html"): ProjectPage {
  const bytes = renderPage(page, { form, linkOf: sameLink });
  return parsePage(documentOf(bytes, form === "json" ? jsonType : htmlType));
}

const wheel = {
  filename: "holy_grail-1.0-py3-none-any.whl",
  url: "https://files.example/ab/holy_grail-1.0-py3-none-any.whl",
  hashes: { md5: "00", sha256, blake2b: "ff" },
  "requires-python": '>=3.8, <4, !="3.9"',
  size: 9_007_199_254_740_991,
  "upload-time": "2024-01-02T03:04:05.678901Z",
  yanked: 'breaks "<&>"',
  "core-metadata": { sha256: otherSha256 },
  "data-dist-info-metadata": { sha256: otherSha256 },
  "gpg-sig": true,
  provenance: "https://index.example/integrity/x?a=1&b=2",
  _private: { a: [1, null] },
  "some-day": true,
};
const sdist = {
  filename: "holy-grail-1.0.tar.gz",
  url: "../../files/holy-grail-1.0.tar.gz",
  hashes: {},
  yanked: false,
  provenance: null,
};
const fullPage = {
  _serial: 1,
  meta: { "api-version": "1.4", "_last-serial": 12, tracks: ["https://pypi.org/simple/holy-grail/"] },
  name: "holy-grail",
  "alternate-locations": ["https://mirror.example/simple/holy-grail/", "https://b.example/?a&b"],
  "project-status": { status: "archived", reason: 'no "more"' },
  files: [wheel, sdist],
  versions: ["0.9", "1.0"],
  "some-day": { a: 1 },
};

Deno.test("JSON to JSON: only the links of the files change", () => {
  const { files, ...others } = fullPage;
  assert.deepEqual(JSON.parse(render(parsePage(jsonDocument(fullPage)), "json")), {
    ...others,
    files: [
      { ...files[0], url: "../../files/ab/holy_grail-1.0-py3-none-any.whl" },
      { ...files[1], url: "../../files/files/holy-grail-1.0.tar.gz" },
    ],
  });
});

Deno.test("JSON to JSON: what counted from the page, or was said in a link, is not lost", () => {
  const file = { filename: "x.whl", url: `x.whl#sha256=${sha256}`, hashes: {}, provenance: "x.provenance" };
  const [rendered] = JSON.parse(render(parsePage(jsonDocument(jsonWith([file]))), "json")).files;
  assert.deepEqual(rendered, {
    filename: "x.whl",
    url: "../../files/simple/holy-grail/x.whl",
    hashes: { sha256 },
    provenance: `${pageUrl}x.provenance`,
  });
});

Deno.test("JSON to HTML: everything that HTML can say", () => {
  assert.equal(
    render(parsePage(jsonDocument(fullPage)), "html"),
    `<!DOCTYPE html>
<html>
  <head>
    <meta charset="utf-8">
    <meta name="pypi:repository-version" content="1.4">
    <meta name="pypi:tracks" content="https://pypi.org/simple/holy-grail/">
    <meta name="pypi:alternate-locations" content="https://mirror.example/simple/holy-grail/">
    <meta name="pypi:alternate-locations" content="https://b.example/?a&amp;b">
    <meta name="pypi:project-status" content="archived">
    <meta name="pypi:project-status-reason" content="no &quot;more&quot;">
    <title>Links for holy-grail</title>
  </head>
  <body>
    <h1>Links for holy-grail</h1>
    <a href="../../files/ab/holy_grail-1.0-py3-none-any.whl#sha256=${sha256}"` +
      ` data-requires-python="&gt;=3.8, &lt;4, !=&quot;3.9&quot;"` +
      ` data-core-metadata="sha256=${otherSha256}" data-dist-info-metadata="sha256=${otherSha256}" data-gpg-sig="true"` +
      ` data-yanked="breaks &quot;&lt;&amp;&gt;&quot;"` +
      ` data-provenance="https://index.example/integrity/x?a=1&amp;b=2">holy_grail-1.0-py3-none-any.whl</a><br>
    <a href="../../files/files/holy-grail-1.0.tar.gz">holy-grail-1.0.tar.gz</a><br>
  </body>
</html>
`,
  );
});

Deno.test("JSON to HTML: a page that says the least", () => {
  const html = render(parsePage(jsonDocument({ name: "a<b", files: [] })), "html");
  assert.match(html, /<meta name="pypi:repository-version" content="1\.0">\n {4}<title>Links for a&lt;b<\/title>/);
});

const anchor =
  `<a HREF="/ab/x-1.0.zip?t=1&amp;u=2#sha256=${sha256}&amp;egg=x" rel="internal" class='a "b"' data-yanked ` +
  `data-core-metadata="sha256=${otherSha256}" data-gpg-sig="false" data-some-day="&lt;">x-1.0 &amp; <i>more</i></a>`;
const head = '<meta name="pypi:repository-version" content="1.4"><meta name="viewport" content="x">' +
  '<meta name="pypi:project-status" content="archived"><meta name="pypi:project-status-reason" content="a &gt; b">' +
  '<meta name="pypi:tracks" content="https://t.example/"><meta name="pypi:alternate-locations" content="https://a/">' +
  '<base href="https://files.example/">';

Deno.test("HTML to HTML: only the links change, and every attribute is kept", () => {
  const html = render(parsePage(htmlDocument(htmlWith(anchor, head))), "html");
  assert.ok(
    html.includes(
      `<a href="../../files/ab/x-1.0.zip#sha256=${sha256}&amp;egg=x" rel="internal" class="a &quot;b&quot;" ` +
        `data-yanked="" data-core-metadata="sha256=${otherSha256}" data-gpg-sig="false" data-some-day="&lt;">` +
        "x-1.0 &amp; more</a>",
    ),
    html,
  );
});

const checkout = "git+https://git.example/x.git@v1#egg=holy-grail-1.0";

Deno.test("links that clients follow themselves are shown in both forms as they came", () => {
  const pages = [
    htmlDocument(htmlWith(`<a href="x-1.0.zip">x</a><a href="${checkout}" class="a">Grail</a>`)),
    jsonDocument(
      jsonWith([{ filename: "x-1.0.zip", url: "x-1.0.zip" }, { filename: "Grail", url: checkout, size: 1 }]),
    ),
  ].map(parsePage);
  const shown = pages.map((page) => [render(page, "html"), JSON.parse(render(page, "json")).files[1]]);
  assert.match(shown[0]![0], new RegExp(`<a href="${checkout.replaceAll("+", "[+]")}" class="a">Grail</a>`));
  assert.deepEqual(shown[0]![1], { filename: "holy-grail-1.0", url: checkout, hashes: {} });
  assert.match(shown[1]![0], new RegExp(`<a href="${checkout.replaceAll("+", "[+]")}">Grail</a>`));
  assert.deepEqual(shown[1]![1], { filename: "Grail", url: checkout, size: 1 });
});

Deno.test("HTML to JSON: what an archive is keeps standing behind its link", () => {
  const page = parsePage(htmlDocument(htmlWith('<a href="/x/tarball/main#md5=ab&egg=holy-grail-2.0">x</a>')));
  const [file] = JSON.parse(render(page, "json")).files;
  assert.match(file.url, /\/x\/tarball\/main#egg=holy-grail-2\.0$/);
});

Deno.test("HTML to HTML: what the head says to clients is kept, but not its base", () => {
  const html = render(parsePage(htmlDocument(htmlWith(anchor, head))), "html");
  assert.deepEqual([...html.matchAll(/<(?:meta name|base)[^>]*>/g)].map(([tag]) => tag), [
    '<meta name="pypi:repository-version" content="1.4">',
    '<meta name="pypi:project-status" content="archived">',
    '<meta name="pypi:project-status-reason" content="a &gt; b">',
    '<meta name="pypi:tracks" content="https://t.example/">',
    '<meta name="pypi:alternate-locations" content="https://a/">',
  ]);
});

Deno.test("HTML to JSON: everything that HTML has said, as version 1.0, and not by a name that breaks pip 22.3", () => {
  const page = parsePage(htmlDocument(htmlWith(anchor, head), "https://index.example/simple/X_/"));
  assert.deepEqual(JSON.parse(render(page, "json")), {
    meta: { "api-version": "1.0", tracks: ["https://t.example/"] },
    name: "x-",
    "alternate-locations": ["https://a/"],
    "project-status": { status: "archived", reason: "a > b" },
    files: [{
      filename: "x-1.0.zip",
      "core-metadata": { sha256: otherSha256 },
      "gpg-sig": false,
      yanked: true,
      hashes: { sha256 },
      url: "../../files/ab/x-1.0.zip",
    }],
  });
});

Deno.test("HTML to JSON: a page that says the least", () => {
  const page = parsePage(htmlDocument('<a href="a.whl" data-dist-info-metadata="true">a.whl</a>'));
  assert.deepEqual(JSON.parse(render(page, "json")), {
    meta: { "api-version": "1.0" },
    name: "holy-grail",
    files: [{
      filename: "a.whl",
      "core-metadata": true,
      yanked: false,
      hashes: {},
      url: "../../files/simple/holy-grail/a.whl",
    }],
  });
});

for (const form of ["json", "html"] as const) {
  Deno.test(`a page from JSON says the same in ${form}, as far as that goes`, () => {
    const page = parsePage(jsonDocument(fullPage));
    const seen = asClientsRead(page, form);
    const lost = form === "json" ? {} : { uploadTime: null };
    const kept = (hashes: PageFile["hashes"]) => form === "json" || !hashes.sha256 ? hashes : { sha256 };
    assert.deepEqual(
      seen.files.map(factsOf),
      page.files.map((file) => ({ ...factsOf(file), ...lost, hashes: kept(file.hashes) })),
    );
  });

  Deno.test(`a page from HTML says the same in ${form}`, () => {
    const page = parsePage(htmlDocument(htmlWith(`${anchor}<br><a href="/y.zip">y</a>`, head)));
    assert.equal(page.files.length, 2);
    assert.deepEqual(asClientsRead(page, form).files.map(factsOf), page.files.map(factsOf));
  });
}

Deno.test("JSON to HTML to JSON: a file without a time and with one hash comes back as it was", () => {
  const { "upload-time": _, ...file } = { ...wheel, hashes: { sha256 } };
  const page = parsePage(
    jsonDocument(jsonWith([file, { ...sdist, url: "https://h/s.tar.gz", filename: "s.tar.gz" }])),
  );
  const back = asClientsRead(asClientsRead(page, "html"), "json");
  assert.deepEqual(back.files.map(factsOf), page.files.map(factsOf));
});

function pageOf(files: readonly string[], versions: readonly string[]): ProjectPage {
  const entries = files.map((filename) => ({ filename, url: `https://h/${filename}`, hashes: {} }));
  return parsePage(jsonDocument(jsonWith(entries, { versions })));
}

const hidden: Readonly<Record<string, { files: string[]; hide: RegExp; versions: string[]; left: string[] }>> = {
  "with all its files": {
    files: ["holy-grail-1.0.tar.gz", "holy_grail-2.0.tar.gz", "holy_grail-2.0-py3-none-any.whl"],
    hide: /2\.0/,
    versions: ["1.0", "2.0"],
    left: ["1.0"],
  },
  "not with some of them": {
    files: ["holy_grail-2.0.tar.gz", "holy_grail-2.0-py3-none-any.whl"],
    hide: /whl/,
    versions: ["2.0"],
    left: ["2.0"],
  },
  "not where it never had one": {
    files: ["holy_grail-2.0.tar.gz"],
    hide: /2\.0/,
    versions: ["1.0", "2.0"],
    left: ["1.0"],
  },
  "in another spelling": {
    files: ["holy_grail-2.0rc1.tar.gz", "holy_grail-3.0.post1.zip", "holy_grail-4.0+cpu-py3-none-any.whl"],
    hide: /./,
    versions: ["2.0-RC.1", "3.0-post1", "4.0.0", "4.0+CPU"],
    left: ["4.0.0"],
  },
  "not where a file in another spelling is left": {
    files: ["holy_grail-2.0.tar.gz", "holy-grail-2.zip"],
    hide: /tar/,
    versions: ["2.0"],
    left: ["2.0"],
  },
};

for (const [name, { files, hide, versions, left }] of Object.entries(hidden)) {
  Deno.test(`a version is hidden: ${name}`, () => {
    const page = pageOf(files, versions);
    assert.deepEqual(JSON.parse(render(page, "json", ({ filename }) => !hide.test(filename))).versions, left);
  });
}

Deno.test("versions stay as they came where every file is shown", () => {
  const page = pageOf(["holy_grail-1.0.tar.gz"], ["1.0", "1.0.0"]);
  assert.deepEqual(JSON.parse(render(page, "json", () => true)).versions, ["1.0", "1.0.0"]);
});

Deno.test("files that are not to be shown are in neither form", () => {
  const page = pageOf(["holy_grail-1.0.tar.gz", "holy_grail-2.0.tar.gz"], ["1.0", "2.0"]);
  for (const form of ["json", "html"] as const) {
    const text = render(page, form, ({ filename }) => !filename.includes("2.0"));
    assert.ok(text.includes("holy_grail-1.0.tar.gz") && !text.includes("2.0"), text);
  }
});

Deno.test("5,000 files go from each form to each", () => {
  const entries = Array.from({ length: 5000 }, (_, n) => ({
    ...wheel,
    filename: `holy_grail-1.${n}-py3-none-any.whl`,
    url: `https://files.example/packages/${n}/holy_grail-1.${n}-py3-none-any.whl`,
    hashes: { sha256: n.toString(16).padStart(64, "0") },
    yanked: n % 2 === 0,
  }));
  const json = parsePage(jsonDocument(jsonWith(entries)));
  const html = asClientsRead(json, "html");
  const timeless = json.files.map((file) => ({ ...factsOf(file), uploadTime: null }));
  assert.deepEqual(html.files.map(factsOf), timeless);
  assert.deepEqual(asClientsRead(html, "html").files.map(factsOf), timeless);
  assert.deepEqual(asClientsRead(html, "json").files.map(factsOf), timeless);
});
