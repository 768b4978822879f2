// Whatever a client or an upstream sends is read in linear time: see tests/support/stall.ts.
import assert from "node:assert/strict";
import { constants, deflateRawSync } from "node:zlib";
import { parseChecksum, relativePath } from "../../src/backends/apt/checksums.ts";
import { parseParagraph } from "../../src/backends/apt/deb822.ts";
import { PackageLineParser } from "../../src/backends/apt/packages/line_parser.ts";
import { parsePdiffIndex } from "../../src/backends/apt/pdiff.ts";
import { parseRelease } from "../../src/backends/apt/release.ts";
import { ancestorsOf, encodePath, parseRequest as parseAptRequest } from "../../src/backends/apt/request.ts";
import { acceptClassOf } from "../../src/backends/oci/accept.ts";
import { listHeaders } from "../../src/backends/oci/response_headers.ts";
import { parseRequest as parseOciRequest } from "../../src/backends/oci/request.ts";
import { negotiate } from "../../src/backends/pypi/page_format.ts";
import { hashesIn } from "../../src/backends/pypi/hashes.ts";
import { isProjectName, normaliseName, projectsOf, versionOf } from "../../src/backends/pypi/names.ts";
import { TaskDocument } from "../../src/backends/shared/tasks/document.ts";
import { parsePage } from "../../src/backends/pypi/parse_page.ts";
import { parseProjectList } from "../../src/backends/pypi/project_list.ts";
import { parseRequest as parsePypiRequest } from "../../src/backends/pypi/request.ts";
import { versionsLeft } from "../../src/backends/pypi/versions.ts";
import { parseDigest } from "../../src/digest.ts";
import { formatCacheStatus } from "../../src/http/cache_status.ts";
import { notModified } from "../../src/http/conditional.ts";
import { parseHttpDate } from "../../src/http/date.ts";
import { parseTarget } from "../../src/http/path.ts";
import { parseContentRange, parseRanges, parseUnsatisfiedRange } from "../../src/http/range.ts";
import { redact, redactUrl } from "../../src/observe/redact.ts";
import { escapePath } from "../../src/store/fs_layout.ts";
import { parseChallenges } from "../../src/http/challenge.ts";
import { htmlDocument, htmlWith, jsonDocument, jsonWith, pageUrl } from "../backends/pypi/fixture.ts";
import { hostileTexts, longestStall, tolerableMs } from "../support/stall.ts";

/** More than a head may have. */
const headerLength = 100_000;
const bytesOf = (text: string) => new TextEncoder().encode(text);

interface Read {
  readonly pieces: readonly string[];
  readonly length?: number;
  read(text: string): unknown;
}

const versionPage = parsePage(jsonDocument(jsonWith([{ filename: "a-1.tar.gz", url: "https://h/a-1.tar.gz" }])));
const spaced = [" ", "\t", "\u2028", "\n", "a", ":", "0"];

const reads: Readonly<Record<string, Read>> = {
  "redact": {
    pieces: ["a.", "a", "://", "a@", "?a=", "&token", " ", "cookie=", "cookie: ", "Basic ", "bearer a", '"', "-"],
    read: redact,
  },
  "redactUrl": { pieces: ["a.", "a", "://", "a@", "?a=", "&token", "sig", "?", "="], read: redactUrl },
  "WWW-Authenticate": { pieces: ["a", "a=", ",", '"', "\\", ' "', " ", "a ", '\\"', "="], read: parseChallenges },
  "Accept, of pages": { pieces: ["a", ",", '"', "\\", ";q=", "0.0", " ", ";", "*/*"], read: negotiate },
  "Accept, of images": { pieces: ["a", ",", ";", ";q=0", ".0", "0", " "], read: acceptClassOf },
  "Link": {
    pieces: ["<", ">", "<a>", "; ", 'a="', '"', "a=b", " ", ","],
    read: (text) => listHeaders([["link", text]], { path: "/v2/a/tags/list", ns: null }),
  },
  "Range": { pieces: ["bytes=", "1", "-", ",", " ", "1-1,"], read: parseRanges },
  "Content-Range": {
    pieces: ["bytes ", "1", "-", "/", " ", "*"],
    read: (text) => [parseContentRange(text), parseUnsatisfiedRange(text)],
  },
  "If-None-Match": {
    pieces: ['"', "W/", ",", '"a"', " "],
    read: (text) => notModified(new Headers({ "if-none-match": text }), { etag: '"x"', lastModified: undefined }),
  },
  "dates": { pieces: ["Mon, ", "1", " ", "a", ":", "GMT"], read: parseHttpDate },
  "Cache-Status": { pieces: ["a", '"', "\\", "/", "*"], read: (detail) => formatCacheStatus({ hit: false, detail }) },
  "digests": { pieces: ["sha256:", "a", ":", "0"], read: quietly(parseDigest) },
  "hashes in links": { pieces: ["#", "&", "md5=", "a", "sha256="], read: hashesIn },
  "request targets": {
    pieces: ["/", "./", "../", "%2e/", "%", "a", "//", "?", "#", ":"],
    read: quietly((text) => parseTarget(`http://h/${text}`, "h")),
  },
  "paths of entries": { pieces: ["/", ".", "con", "/con", "a", "\u{1f600}"], length: 8192, read: escapePath },
  "paths of packages": {
    pieces: ["1", "_", "a_", ".tar", ".deb", "/", "%2e", "dists/"],
    read: (path) => [parseAptRequest(path), encodePath(path)],
  },
  "folders around a path": { pieces: ["/", "/a", "a", "/dists/"], read: ancestorsOf },
  "paths of pages": { pieces: ["/", "/files/", "a", "http/", "-", "."], read: parsePypiRequest },
  "paths of images": {
    pieces: ["/", "a", "a/", "-", "_", ".", "/manifests/", ":", "/blobs/"],
    read: (path) => parseOciRequest({ path: `/${path}`, query: "" }),
  },
  "names of projects": {
    pieces: ["-", ".", "a", "_", "1", ".win", "\n", ".tar.gz", "!"],
    read: (name) => [projectsOf(name), versionOf(name, "a"), isProjectName(name), normaliseName(name)],
  },
  "versions": {
    pieces: [".0", "a", "-", "0", ".", "_", "x"],
    read: (version) => versionsLeft(versionPage, [], [version]),
  },
  "fields of Debian's files": { pieces: spaced, read: parseParagraph },
  "checksums": { pieces: spaced, read: (line) => [parseChecksum(line, 32), relativePath(line)] },
  "Release files": {
    pieces: [
      "-----BEGIN PGP SIGNED MESSAGE-----\n",
      "Hash: SHA256\n",
      "\n",
      "-----BEGIN PGP SIGNATURE-----\n",
      " a",
      "- ",
    ],
    read: quietly((text) => parseRelease(bytesOf(text))),
  },
  "indexes of patches": {
    pieces: ["SHA256-Current: a\n", "SHA256-Download:\n", " ", "\n", ` ${"a".repeat(64)} 1 b\n`],
    read: quietly((text) => parsePdiffIndex(bytesOf(text))),
  },
  "lists of packages": {
    pieces: ["Filename: a\n", `SHA256: ${"a".repeat(64)}\n`, "\n", " ", "./", "Directory: /"],
    read: (text) => {
      const lines = new PackageLineParser(() => {});
      for (let at = 0; at < text.length; at += 1000) lines.write(bytesOf(text.slice(at, at + 1000)));
      lines.end();
    },
  },
  "HTML pages": {
    pieces: [
      "<div>",
      "<",
      "</",
      "<a href=x>",
      "</a>",
      "<p>",
      "<script>",
      "<!--",
      '"',
      "&",
      "&amp",
      "<a x",
      "<svg>",
      "<form>",
    ],
    read: quietly((text) => parsePage(htmlDocument(`<html>${text}`))),
  },
  "JSON pages": {
    pieces: ["[", "{", '"', '{"a":', "\\", "\\u0000", ","],
    read: quietly((text) => parsePage(jsonDocument(text))),
  },
};

/** Errors are as good as any other result. */
function quietly(read: (text: string) => unknown): (text: string) => unknown {
  return (text) => {
    try {
      return read(text);
    } catch {
      return null;
    }
  };
}

for (const [name, { pieces, length = headerLength, read }] of Object.entries(reads)) {
  Deno.test(`${name}: no text takes long to read`, () => {
    for (const text of hostileTexts(pieces, length)) {
      const start = performance.now();
      read(text);
      const ms = Math.round(performance.now() - start);
      assert.ok(ms < tolerableMs, `${ms} ms for ${text.length} characters, ${JSON.stringify(text.slice(0, 40))} …`);
    }
  });
}

const documents: Readonly<Record<string, () => unknown>> = {
  "80,000 elements that are never closed": () =>
    parsePage(htmlDocument(htmlWith("<div>".repeat(80_000) + "<p><li></ul>".repeat(20_000)))),
  "a form in each of 80,000 elements": () => parsePage(htmlDocument(`<a href=a-1.whl>${"<b><form>".repeat(80_000)}`)),
  "80,000 attributes": () => parsePage(htmlDocument(`<a href=x ${manyOf(80_000, (n) => `a${n}=b `)}>`)),
  "a Release file with 50,000 messages": () =>
    quietly((text) => parseRelease(bytesOf(text)))("-----BEGIN PGP SIGNED MESSAGE-----\nHash: x\n".repeat(50_000)),
  "a list of projects that all have one name": () =>
    parseProjectList(jsonDocument({ projects: Array.from({ length: 20_000 }, () => ({ name: "a-._".repeat(9) })) })),
  "a field that is all spaces": () => parseParagraph(`a:${" ".repeat(headerLength)}\u2028x`),
};

function manyOf(count: number, text: (n: number) => string): string {
  return Array.from({ length: count }, (_, n) => text(n)).join("");
}

for (const [name, read] of Object.entries(documents)) {
  Deno.test(`${name}: read without a long stall`, async () => {
    const ms = await longestStall(read);
    assert.ok(ms < 2 * tolerableMs, `${Math.round(ms)} ms`);
  });
}

Deno.test("a packed page that unpacks to 1 GiB is not unpacked beyond its limit", async () => {
  const description = { contentType: "text/html", coding: "gzip", askedUrl: pageUrl, url: pageUrl };
  const limits = { maxBytes: 8 * 1024 * 1024, pauses: true };
  const document = new TaskDocument(description, await gzipOfZeros(1024), limits);
  const ms = await longestStall(() => assert.rejects(() => document.bytes(), /larger than/));
  assert.ok(ms < tolerableMs, `${Math.round(ms)} ms`);
});

/** So many MiB of zeros: one deflated block that ends at a byte, again and again (RFC 1951 §3.2.3). */
async function gzipOfZeros(mebibytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const head = new Uint8Array([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]);
  const block = new Uint8Array(deflateRawSync(new Uint8Array(1 << 20), { finishFlush: constants.Z_FULL_FLUSH }));
  return await new Blob([head, ...Array.from({ length: mebibytes }, () => block)]).bytes();
}
