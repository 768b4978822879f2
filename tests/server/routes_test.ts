import assert from "node:assert/strict";
import { Routes } from "../../src/server/routes.ts";
import { fakeBackend } from "./fake_vault.ts";

const routes = new Routes([
  fakeBackend("short", "/http"),
  fakeBackend("long", "/http/maven"),
  fakeBackend("apt", "/apt"),
]);

const found = [
  { path: "/http/a/b", backend: "short", rest: "/a/b" },
  { path: "/http", backend: "short", rest: "/" },
  { path: "/http/", backend: "short", rest: "/" },
  { path: "/http/maven", backend: "long", rest: "/" },
  { path: "/http/maven/x.jar", backend: "long", rest: "/x.jar" },
  { path: "/http/maven2/x.jar", backend: "short", rest: "/maven2/x.jar" },
  { path: "/http//x", backend: "short", rest: "//x" },
];

for (const { path, backend, rest } of found) {
  Deno.test(`${path} belongs to ${backend}`, () => {
    const route = routes.find(path);
    assert.deepEqual([route?.backend.name, route?.path], [backend, rest]);
  });
}

for (const path of ["/", "/httpx", "/HTTP/a", "//http/a", "/other"]) {
  Deno.test(`${path} belongs to nobody, and the known prefixes are named`, () => {
    assert.equal(routes.find(path), null);
    const { code, message } = routes.unknown(path);
    assert.equal(code, "unknown_route");
    assert.ok(message.includes("/apt, /http, /http/maven"));
  });
}

Deno.test("the root prefix takes what no other takes", () => {
  const withRoot = new Routes([fakeBackend("root", "/"), fakeBackend("apt", "/apt")]);
  assert.deepEqual(withRoot.find("/x/y")?.path, "/x/y");
  assert.equal(withRoot.find("/apt/y")?.backend.name, "apt");
});

Deno.test("a backend at the root may have a few paths there, and is then no known prefix", () => {
  const few = { ...fakeBackend("few", "/"), serves: (path: string) => path.endsWith(".tgz") };
  const routes = new Routes([few, fakeBackend("apt", "/apt")]);
  assert.equal(routes.find("/a/-/a-1.0.0.tgz")?.backend.name, "few");
  assert.equal(routes.find("/apt/a.tgz")?.backend.name, "apt");
  assert.equal(routes.find("/a"), null);
  assert.match(routes.unknown("/a").message, /prefixes are \/apt$/);
});
