import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { withoutPrivate } from "../../../src/backends/npm/audit.ts";
import { createNpmPackage } from "../../support/npm/npm_package.ts";
import { NpmRegistry } from "../../support/npm/npm_registry.ts";
import { NpmScene, type NpmVault } from "./scene.ts";

const bulk = "/-/npm/v1/security/advisories/bulk";
const question = { tool: ["1.0.0"], "@acme/secret": ["2.0.0"] };

function post(vault: NpmVault, path: string, body: BodyInit, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${vault.app.origin}/npm${path}`, {
    method: "POST",
    body,
    headers: { "content-type": "application/json", ...headers },
  });
}

Deno.test("an audit of either form is passed on as it comes, packed or not (npm/cli #4382, nexus #119, #153)", async () => {
  await using scene = await NpmScene.create();
  scene.registry.advisories = { tool: [{ id: 1, title: "bad", severity: "high" }] };
  await using vault = await scene.start();
  const text = JSON.stringify(question);
  const plain = await post(vault, bulk, text, { authorization: "Bearer of-the-client" });
  assert.deepEqual(await plain.json(), scene.registry.advisories);
  const packed = await post(vault, bulk, new Uint8Array(gzipSync(text)), { "content-encoding": "gzip" });
  assert.deepEqual(await packed.json(), scene.registry.advisories);
  const quick = await post(vault, "/-/npm/v1/security/audits/quick", JSON.stringify({ requires: {} }));
  assert.deepEqual(await quick.json(), { actions: [], advisories: {}, muted: [], metadata: {} });
  assert.deepEqual(scene.registry.audits, [question, question, { requires: {} }]);
  assert.ok(scene.registry.requests.every(({ headers }) => headers.get("authorization") === null));
});

Deno.test("private scopes are left out of audits", async () => {
  await using scene = await NpmScene.create();
  await using own = new NpmRegistry();
  await using vault = await scene.start({ scopes: { "@acme": { registry_url: own.url } } });
  const text = JSON.stringify(question);
  await (await post(vault, bulk, text)).text();
  await (await post(vault, bulk, new Uint8Array(gzipSync(text)), { "content-encoding": "gzip" })).text();
  assert.deepEqual(scene.registry.audits, [{ tool: ["1.0.0"] }, { tool: ["1.0.0"] }]);
  for (const [body, coding] of [["not json", ""], ["[]", ""], ["{}", "br"], ["{}", "gzip"]] as const) {
    const refused = await post(vault, bulk, body, coding === "" ? {} : { "content-encoding": coding });
    assert.deepEqual([refused.status, (await refused.json()).code], [400, "bad_request"]);
  }
  assert.equal(scene.registry.audits.length, 2, "what cannot be read could name them");
});

Deno.test("the registry is down: an audit is 502, and never an empty answer (NORA PR 805)", async () => {
  await using scene = await NpmScene.create();
  await using vault = await scene.start();
  scene.registry.fault = () => new Response("no", { status: 503 });
  const answer = await post(vault, bulk, "{}");
  assert.deepEqual([answer.status, (await answer.json()).code], [502, "upstream_failed"]);
});

Deno.test("offline an audit is empty, with a notice that clients print", async () => {
  await using scene = await NpmScene.create();
  await using vault = await scene.start({ offline: true });
  for (const [path, count] of [[bulk, 0], ["/-/npm/v1/security/audits/quick", 4]] as const) {
    const answer = await post(vault, path, "{}");
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get("npm-notice")!, /^Not audited: this vault is offline/);
    assert.equal(Object.keys(await answer.json()).length, count);
  }
});

Deno.test("a body that is too large is refused", async () => {
  await using scene = await NpmScene.create();
  await using vault = await scene.start();
  const answer = await post(vault, bulk, new Uint8Array(17 * 1024 * 1024));
  assert.deepEqual([answer.status, (await answer.json()).code], [413, "too_large"]);
});

const namesPrivate = (text: string) => /@acme/i.test(text);

const questions: readonly (readonly [what: string, sent: string, kept: string])[] = [
  [
    "a tree, at every depth",
    JSON.stringify({
      name: "@acme/app",
      requires: { tool: "^1", "@acme/secret": "^2" },
      dependencies: {
        tool: {
          version: "1.0.0",
          requires: { "@acme/secret": "^2" },
          dependencies: { "@acme/secret": { version: "2.0.0" } },
        },
        "@acme/secret": { version: "2.0.0" },
      },
    }),
    '{"name":"","requires":{"tool":"^1"},"dependencies":{"tool":{"version":"1.0.0","requires":{},"dependencies":{}}}}',
  ],
  ["a tree without dependencies", '{"name":"app","requires":{"@acme/secret":"1"}}', '{"name":"app","requires":{}}'],
  [
    "a package by another name, and lists",
    '{"install":["@acme/a@1","b@2"],"remove":["@acme/c"],"dependencies":{"x":{"version":"npm:@acme/a@1.0.0"}}}',
    '{"install":["b@2"],"remove":[],"dependencies":{"x":{}}}',
  ],
  ["odd names", '{"__proto__":["1"],"constructor":["1"],"@ACME/x":["1"]}', '{"__proto__":["1"],"constructor":["1"]}'],
  ["a package called dependencies", '{"dependencies":{"x":1},"@acme/y":["1"]}', '{"dependencies":{"x":1}}'],
];

for (const [what, sent, expected] of questions) {
  Deno.test(`private packages are left out of an audit: ${what}`, () => {
    const kept = withoutPrivate(new TextEncoder().encode(sent), { coding: null, maxBytes: 1e6, namesPrivate });
    assert.equal(new TextDecoder().decode(kept), expected);
  });
}

Deno.test("a body that unpacks to far more than it has is refused", () => {
  const bomb = new Uint8Array(gzipSync(new Uint8Array(10_000_000)));
  assert.throws(() => withoutPrivate(bomb, { coding: "gzip", maxBytes: 1_000_000, namesPrivate }), {
    code: "bad_request",
  });
});

Deno.test("search, ping, keys and attestations", async () => {
  await using scene = await NpmScene.create();
  scene.registry.publish(createNpmPackage("tool", "1.0.0"));
  await using vault = await scene.start();
  assert.deepEqual(await vault.json("/-/ping"), {});
  assert.equal((await vault.json("/-/v1/search?text=too&size=20")).objects[0].package.name, "tool");
  assert.equal((await vault.json("/-/npm/v1/keys")).keys.length, 1);
  assert.deepEqual(await vault.json("/-/npm/v1/attestations/tool@1.0.0"), {
    attestations: [{ subject: "tool@1.0.0" }],
  });
  const asked = scene.registry.requests.length;
  await vault.json("/-/npm/v1/keys");
  await vault.json("/-/npm/v1/attestations/tool@1.0.0");
  assert.equal(scene.registry.requests.length, asked, "both are cached");
});

const writes: readonly [method: string, path: string, says: RegExp][] = [
  ["PUT", "/tool", /only reads; publish, and change anything else, at the registry itself/],
  ["DELETE", "/tool/-rev/1", /only reads; publish/],
  ["PUT", "/-/user/org.couchdb.user:frodo", /only reads; log in at the registry itself/],
  ["POST", "/-/v1/login", /only reads; log in/],
  ["POST", "/-/npm/v1/oidc/token/exchange/package/tool", /only reads; log in/],
  ["POST", "/tool", /only reads; publish/],
  ["PUT", "/-/package/tool/dist-tags/next", /only reads; publish/],
];

Deno.test("what would change something is 405 with a message, and accounts are 401", async () => {
  await using scene = await NpmScene.create();
  await using vault = await scene.start();
  for (const [method, path, says] of writes) {
    const answer = await fetch(`${vault.app.origin}/npm${path}`, { method, body: method === "DELETE" ? null : "{}" });
    const { error, code } = await answer.json();
    assert.deepEqual([answer.status, code], [405, "method_not_allowed"], `${method} ${path}`);
    assert.match(error, says);
  }
  for (const path of ["/-/whoami", "/-/npm/v1/user", "/-/npm/v1/tokens"]) {
    const { status, text } = await vault.ask(path);
    assert.deepEqual([status, typeof JSON.parse(text).error], [401, "string"]);
  }
  assert.deepEqual(scene.registry.lines, []);
});
