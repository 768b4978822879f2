import assert from "node:assert/strict";
import { fileKeyOf, Indexes, type IndexOptions, pathOfFile } from "../../../src/backends/pypi/indexes.ts";
import { VaultError } from "../../../src/errors.ts";

function index(url: string, changes: Partial<IndexOptions> = {}): IndexOptions {
  const fetch = () => Promise.reject(new Error("nothing is fetched here"));
  return { url, packagesUrl: null, fetch, idleTimeoutMs: 1, only: [], never: [], ...changes };
}

const ruled = new Indexes([
  index("https://own.example/simple", { only: ["corp-*", "shared"], never: ["corp-public"] }),
  index("https://pypi.example/simple", { never: ["corp-{a,b}", "*-secret"] }),
]);

const rules: [project: string, hosts: string[]][] = [
  ["corp-x", ["own.example", "pypi.example"]],
  ["corp-a", ["own.example"]],
  ["corp-public", ["pypi.example"]],
  ["shared", ["own.example", "pypi.example"]],
  ["flask", ["pypi.example"]],
  ["corp-secret", ["own.example"]],
];

for (const [project, hosts] of rules) {
  Deno.test(`"${project}" may come from ${hosts.join(", then ")}`, () => {
    assert.deepEqual(ruled.of(project).map(({ url }) => new URL(url).host), hosts);
    assert.equal(ruled.permit(project), true);
  });
}

Deno.test("a project that no index may have is refused, with the rules that say so", () => {
  const refusal = (error: unknown) =>
    error instanceof VaultError && error.code === "not_found" && /"a-secret".*"only" and "never"/.test(error.message);
  assert.equal(ruled.permit("a-secret"), false);
  assert.throws(() => ruled.of("a-secret"), refusal);
});

const nested = new Indexes([
  index("https://a.example/"),
  index("https://a.example/simple/", { never: ["barred"] }),
  index("https://a.example/simple/sub"),
]);

const pages: [url: string, project: string, owner: string | null][] = [
  ["https://a.example/x/", "x", "https://a.example"],
  ["https://a.example/simple/x/", "x", "https://a.example/simple"],
  ["https://a.example/simple/sub/x/", "x", "https://a.example/simple/sub"],
  ["https://a.example/simple/barred/", "barred", null],
  ["https://a.example/simple/y/", "x", null],
  ["https://b.example/simple/x/", "x", null],
];

for (const [url, project, owner] of pages) {
  Deno.test(`${url} is ${owner === null ? "of no index" : `of ${owner}`} as the page of "${project}"`, () => {
    assert.equal(nested.at(url, project)?.url ?? null, owner);
  });
}

const places: [packagesUrl: string | null, url: string, path: string][] = [
  ["https://f.example", "https://f.example/packages/ab/p-1.whl", "/packages/ab/p-1.whl"],
  ["https://f.example/", "https://f.example/packages/ab/p-1.whl", "/packages/ab/p-1.whl"],
  ["https://f.example/packages", "https://f.example/packages/ab/p-1.whl", "/packages/ab/p-1.whl"],
  ["https://f.example/a/b", "https://f.example/a/b/p-1%2B1.whl?q=1", "/packages/p-1%2B1.whl"],
  ["https://F.example:443/a", "https://f.example/a/p-1.whl", "/packages/p-1.whl"],
  ["https://f.example", "https://f.example/other/p-1.whl", "/files/p/https/f.example/other/p-1.whl"],
  ["https://f.example/a", "https://f.example/ab/p-1.whl", "/files/p/https/f.example/ab/p-1.whl"],
  ["https://f.example", "http://f.example/packages/p-1.whl", "/files/p/http/f.example/packages/p-1.whl"],
  ["https://f.example", "https://f.example/packages/q-1.whl", "/files/p/https/f.example/packages/q-1.whl"],
  ["https://f.example", "https://f.example/packages/p.bin", "/files/p/https/f.example/packages/p.bin"],
  [null, "https://f.example/packages/p-1.whl", "/files/p/https/f.example/packages/p-1.whl"],
];

for (const [packagesUrl, url, path] of places) {
  Deno.test(`with files at ${packagesUrl}, ${url} is at ${path}`, () => {
    const indexes = new Indexes([index("https://a.example/simple", { packagesUrl })]);
    assert.equal(pathOfFile(indexes.packagesBase, "p", url), path);
    const rest = /^\/packages(\/.*)/.exec(path)?.[1];
    if (rest !== undefined) assert.equal(indexes.packageUrl(rest), url.split("?")[0]);
  });
}

Deno.test("/packages is where the files of the first index are that says so", () => {
  const indexes = new Indexes([
    index("https://a.example/simple"),
    index("https://b.example/simple", { packagesUrl: "https://files.b.example" }),
    index("https://c.example/simple", { packagesUrl: "https://files.c.example" }),
  ]);
  assert.equal(indexes.packageUrl("/x.whl"), "https://files.b.example/packages/x.whl");
  const none = new Indexes([index("https://a.example/simple")]);
  assert.throws(() => none.packageUrl("/x.whl"), { code: "not_found", message: /packages_url/ });
});

const spellings: [name: string, urls: [string, ...string[]]][] = [
  ["a local version", ["https://h/x-1+cu.whl", "https://h/x-1%2Bcu.whl", "https://h/x-1%2bcu.whl"]],
  ["an epoch", ["https://h/x-1!2.whl", "https://h/x-1%212.whl"]],
  ["what needs no escape", ["https://h/~a/x.whl", "https://h/%7Ea/%78.whl"]],
  ["the scheme's own port", ["https://h/x.whl", "https://h:443/x.whl", "https://H/x.whl"]],
  ["a query", ["https://h/x.whl", "https://h/x.whl?token=1"]],
  ["credentials", ["https://h/x.whl", "https://me:secret@h/x.whl"]],
];

for (const [name, [first, ...others]] of spellings) {
  Deno.test(`a file has one key, whatever the spelling of ${name}`, () => {
    for (const other of others) assert.equal(fileKeyOf(other), fileKeyOf(first));
  });
}

Deno.test("files have keys of their own by scheme, host, port and path", () => {
  const urls = ["https://h/x", "http://h/x", "https://h:8443/x", "https://g/x", "https://h/X", "https://h/a/x"];
  const keys = urls.map(fileKeyOf);
  assert.equal(keys[0], "/files/https/h/x");
  assert.equal(new Set([...keys, fileKeyOf("https://h/a%2Fx")]).size, urls.length + 1);
});
