import assert from "node:assert/strict";
import { formatFilePath, type IndexRequest, parseRequest } from "../../../src/backends/pypi/request.ts";

const cases: [path: string, meaning: IndexRequest][] = [
  ["/", { kind: "moved", path: "/simple/" }],
  ["/simple", { kind: "moved", path: "/simple/" }],
  ["/simple/", { kind: "list" }],
  ["/simple/flask/", { kind: "page", project: "flask", toRoot: "../../" }],
  ["/flask/", { kind: "page", project: "flask", toRoot: "../" }],
  ["/simple/simple/", { kind: "page", project: "simple", toRoot: "../../" }],
  ["/simple/packages/", { kind: "page", project: "packages", toRoot: "../../" }],
  ["/files/", { kind: "page", project: "files", toRoot: "../" }],
  ["/simple/flask", { kind: "moved", path: "/simple/flask/" }],
  ["/flask", { kind: "moved", path: "/flask/" }],
  ["/simple/Zope.Interface/", { kind: "moved", path: "/simple/zope-interface/" }],
  ["/a__b", { kind: "moved", path: "/a-b/" }],
  ["/packages/ab/x-1.0.tar.gz", { kind: "package", rest: "/ab/x-1.0.tar.gz" }],
  ["/packages/x-1.0%2Blocal.whl", { kind: "package", rest: "/x-1.0%2Blocal.whl" }],
  ["/files/x/https/h/a/x.whl", { kind: "file", project: "x", url: "https://h/a/x.whl" }],
  ["/files/A_b/http/h:8080/x.whl", { kind: "file", project: "a-b", url: "http://h:8080/x.whl" }],
  ["/files/x/http/h%3A8080/x.whl", { kind: "file", project: "x", url: "http://h:8080/x.whl" }],
  ["/files/x/http/%5B::1%5D%3a80/x.whl", { kind: "file", project: "x", url: "http://[::1]:80/x.whl" }],
  ["/files/x/https/h/a%2Bb/x.whl", { kind: "file", project: "x", url: "https://h/a%2Bb/x.whl" }],
];

for (const [path, meaning] of cases) {
  Deno.test(`${path} means ${meaning.kind}`, () => assert.deepEqual(parseRequest(path), meaning));
}

const meaningless = [
  "/simple/flask/1.0/",
  "/simple//",
  "//",
  "/simple/-flask/",
  "/simple/a%2Fb/",
  "/files/x/ftp/h/x.whl",
  "/files/x/https/h",
  "/files/x/https//x.whl",
  "/files/x/https/user@h/x.whl",
  "/files/x/https/user%40h/x.whl",
  "/files/x/https/h%2Fpath/x.whl",
  "/files/x/https/h%3Fquery/x.whl",
  "/files/x/https/h:port/x.whl",
  "/files/a%2Fb/https/h/x.whl",
  "/files/%3Fx/https/h/x.whl",
];

for (const path of meaningless) {
  Deno.test(`${path} means nothing`, () => assert.deepEqual(parseRequest(path), { kind: "unknown" }));
}

const urls = [
  "https://files.example/packages/ab/x-1.0-py3-none-any.whl",
  "http://127.0.0.1:8080/x-1.0.tar.gz",
  "http://[::1]:8080/x-1.0.tar.gz",
  "https://files.example/whl/cu118/x-2.0%2Bcu118.whl",
  "https://files.example/a//b/x.whl",
];

for (const url of urls) {
  Deno.test(`the path of ${url} leads back to it`, () => {
    assert.deepEqual(parseRequest(formatFilePath("x", url)), { kind: "file", project: "x", url });
  });
}

Deno.test("a query is no part of the path of a file", () => {
  assert.equal(formatFilePath("x", "https://h/x.whl?token=1"), "/files/x/https/h/x.whl");
});
