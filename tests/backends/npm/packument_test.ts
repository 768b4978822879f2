import assert from "node:assert/strict";
import { type Packument, scanPackument } from "../../../src/backends/npm/packument.ts";
import {
  type Links,
  type PackumentShown,
  writeDistTags,
  writePackument,
  writeVersion,
} from "../../../src/backends/npm/write_packument.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Odd, and valid: white space, escapes, numbers that a parser would print otherwise, unknown keys. */
const document = String.raw`
{ "_id": "tool", "name" : "tool", "dist-tags":{"latest":"2.0.0","next":"3.0.0-rc.1"},
  "stagedVersions": [1.10, 1e3, "\u00e9"],
  "versions": {
    "1.0.0": {"name":"tool","version":"1.0.0", "odd": {"tarball": "https://r.test/no"}, "dist": {"shasum":"aa",
      "tarball":"http:\/\/r.test\/tool\/-\/tool-1.0.0.tgz" , "signatures":[{"sig":"x\/y=="}], "size": 1.0}},
    "2.0.0": {"version":"2.0.0","scripts":{"postinstall":"x"},"readme":"long }\" text","bin":{},
      "dist":{"tarball":"https://r.test/tool/-/tool-2.0.0.tgz",
        "attestations":{"url":"https://r.test/-/npm/v1/attestations/tool@2.0.0","provenance":{}}}},
    "3.0.0-rc.1": {"dist":{"tarball":"https://r.test/~/11/tool.tgz"}}
  },
  "time": {"created":"2020-01-01T00:00:00.000Z","1.0.0":"2020-01-01T00:00:00.000Z","2.0.0":"2021-01-01T00:00:00.000Z",
    "3.0.0-rc.1":"2022-01-01T00:00:00.000Z","modified":"2022-01-01T00:00:00.000Z"},
  "readme": "€ and 🦀" }
`;

const vault: Links = { kind: "vault", base: "http://vault.test/npm" };

function scan(text = document, wantsMembers = true): Packument {
  return scanPackument(encoder.encode(text), { name: "tool", wantsMembers });
}

function shownAs(shown: Partial<PackumentShown>): PackumentShown {
  return { links: { kind: "as_sent" }, hidden: [], files: null, ...shown };
}

function full(shown: Partial<PackumentShown> = {}): string {
  return decoder.decode(writePackument(scan(), "full", shownAs(shown)));
}

// deno-lint-ignore no-explicit-any
function abbreviated(shown: Partial<PackumentShown> = {}): any {
  return JSON.parse(decoder.decode(writePackument(scan(), "abbreviated", shownAs(shown))));
}

Deno.test("the whole document says the same where nothing is replaced", () => {
  assert.deepEqual(JSON.parse(full()), JSON.parse(document));
});

Deno.test("links lead to the vault, and every other byte of a version stays", () => {
  const written = full({ links: vault });
  const expected = JSON.parse(document);
  for (const version of ["1.0.0", "2.0.0"]) {
    expected.versions[version].dist.tarball = `http://vault.test/npm/tool/-/tool-${version}.tgz`;
  }
  expected.versions["3.0.0-rc.1"].dist.tarball = "http://vault.test/npm/tool/-/tool-3.0.0-rc.1.tgz";
  expected.versions["2.0.0"].dist.attestations.url = "http://vault.test/npm/-/npm/v1/attestations/tool@2.0.0";
  assert.deepEqual(JSON.parse(written), expected);
  assert.ok(
    written.includes(
      String
        .raw`"tarball":"http://vault.test/npm/tool/-/tool-1.0.0.tgz" , "signatures":[{"sig":"x\/y=="}], "size": 1.0}`,
    ),
  );
  assert.ok(written.includes(String.raw`"stagedVersions": [1.10, 1e3, "\u00e9"]`), "numbers and escapes stay");
});

Deno.test("links lead to the public registry by the name that clients know", () => {
  const { versions } = JSON.parse(full({ links: { kind: "registry", base: "https://public.test" } }));
  assert.equal(versions["1.0.0"].dist.tarball, "https://public.test/tool/-/tool-1.0.0.tgz");
  assert.equal(versions["2.0.0"].dist.attestations.url, "https://public.test/-/npm/v1/attestations/tool@2.0.0");
});

Deno.test("the abbreviated form has what installers need, and unknown keys of the document", () => {
  const { versions, ...rest } = abbreviated({ links: vault });
  assert.deepEqual(rest, {
    name: "tool",
    "dist-tags": { latest: "2.0.0", next: "3.0.0-rc.1" },
    stagedVersions: [1.10, 1e3, "é"],
    modified: "2022-01-01T00:00:00.000Z",
  });
  assert.deepEqual(Object.keys(versions["1.0.0"]), ["name", "version", "dist"]);
  assert.deepEqual(versions["2.0.0"].hasInstallScript, true);
  assert.equal(versions["1.0.0"].dist.tarball, "http://vault.test/npm/tool/-/tool-1.0.0.tgz");
});

Deno.test("versions that are hidden are gone everywhere, and latest is the newest release before", () => {
  const { versions, time, "dist-tags": tags } = JSON.parse(full({ hidden: ["2.0.0", "3.0.0-rc.1"] }));
  assert.deepEqual(Object.keys(versions), ["1.0.0"]);
  assert.deepEqual(Object.keys(time), ["created", "1.0.0", "modified"]);
  assert.deepEqual(tags, { latest: "1.0.0" });
  const all = JSON.parse(full({ hidden: ["1.0.0", "2.0.0", "3.0.0-rc.1"] }));
  assert.deepEqual([all.versions, all["dist-tags"]], [{}, {}]);
});

Deno.test("a tag that points at a version that is shown is never moved", () => {
  assert.deepEqual(JSON.parse(full({ hidden: ["3.0.0-rc.1"] }))["dist-tags"], { latest: "2.0.0" });
  assert.deepEqual(JSON.parse(full({ hidden: ["1.0.0"] }))["dist-tags"], { latest: "2.0.0", next: "3.0.0-rc.1" });
});

Deno.test("only versions whose tarballs are there are shown", () => {
  const { versions } = JSON.parse(full({ files: ["tool-1.0.0.tgz", "tool-3.0.0-rc.1.tgz"] }));
  assert.deepEqual(Object.keys(versions), ["1.0.0", "3.0.0-rc.1"]);
});

Deno.test("one version is cut out, by its number or a tag", () => {
  const cut = (wanted: string, shown: Partial<PackumentShown> = {}) => {
    const bytes = writeVersion(scan(), wanted, shownAs(shown));
    return bytes && decoder.decode(bytes);
  };
  assert.equal(
    cut("3.0.0-rc.1", { links: vault }),
    '{"dist":{"tarball":"http://vault.test/npm/tool/-/tool-3.0.0-rc.1.tgz"}}',
  );
  assert.equal(JSON.parse(cut("latest")!).version, "2.0.0");
  assert.equal(JSON.parse(cut("latest", { hidden: ["2.0.0"] })!).version, "1.0.0");
  assert.equal(cut("2.0.0", { hidden: ["2.0.0"] }), null);
  assert.equal(cut("9.9.9"), null);
  assert.deepEqual(JSON.parse(decoder.decode(writeDistTags(scan(), shownAs({})))), {
    latest: "2.0.0",
    next: "3.0.0-rc.1",
  });
});

Deno.test("a document without versions, and one without times", () => {
  const unpublished = scan('{"name":"tool","time":{"unpublished":{"name":"frodo"}}}');
  assert.deepEqual(JSON.parse(decoder.decode(writePackument(unpublished, "full", shownAs({})))), {
    name: "tool",
    time: { unpublished: { name: "frodo" } },
  });
  assert.deepEqual(scan('{"name":"tool","versions":{}}').times, []);
});

const refused: Readonly<Record<string, string>> = {
  "the document about another package": '{"name":"other","versions":{}}',
  "a document without a name": '{"versions":{}}',
  "an error in JSON": '{"error":"not found"}',
  "a list": "[]",
  "a web page": "<html>",
  "nothing": "",
  "one that is cut short": document.slice(0, -300),
  "one that is cut short in a string": document.slice(0, 100),
  "one with something behind it": `${document}x`,
  "one that says its versions twice": '{"name":"tool","versions":{},"versions":{}}',
  "one with a broken escape in a name": '{"name":"too\\x","versions":{}}',
  "one with a comma too many": '{"name":"tool",}',
};

for (const [what, text] of Object.entries(refused)) {
  Deno.test(`${what} is refused`, () => {
    assert.throws(() => scan(text), { code: "upstream_failed" });
  });
}
