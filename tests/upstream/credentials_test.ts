import assert from "node:assert/strict";
import { registryCredentials } from "../../src/backends/oci/auth/registry_credentials.ts";
import { type CredentialsOptions, withCredentials } from "../../src/upstream/credentials.ts";

async function sent(request: Request, options: Partial<CredentialsOptions>): Promise<Record<string, string>> {
  let headers: Headers | undefined;
  const fetch = withCredentials((passed) => {
    headers = passed.headers;
    return Promise.resolve(new Response());
  }, {
    credentials: { kind: "none" },
    headers: [],
    origins: ["https://up.test/base"],
    userAgent: "vault/1",
    ...options,
  });
  await fetch(request);
  return Object.fromEntries(headers ?? []);
}

const common = { "user-agent": "vault/1", "accept-encoding": "identity" };
const basic = { kind: "basic", username: "jürgen", password: "pa:ss" } as const;
const bearer = { kind: "bearer", token: "t0ken" } as const;
const headers = [["x-key", "k"], ["x-many", "1"], ["x-many", "2"]] as const;

const cases: readonly (readonly [string, string, Partial<CredentialsOptions>, Record<string, string>])[] = [
  ["no credentials", "https://up.test/a", {}, common],
  ["Basic is UTF-8", "https://up.test/a", { credentials: basic }, {
    ...common,
    authorization: "Basic asO8cmdlbjpwYTpzcw==",
  }],
  ["Bearer", "https://up.test/a", { credentials: bearer }, { ...common, authorization: "Bearer t0ken" }],
  ["a registry's wait for its challenge", "https://up.test/a", {
    credentials: registryCredentials({ login: { username: "u", password: "p" }, insecure: true }),
  }, common],
  ["extra headers", "https://up.test/a", { headers }, { ...common, "x-key": "k", "x-many": "1, 2" }],
  ["another host gets none", "https://cdn.test/a", { credentials: bearer, headers }, common],
  ["another port gets none", "https://up.test:8443/a", { credentials: bearer, headers }, common],
  ["another scheme gets none", "http://up.test/a", { credentials: bearer, headers }, common],
  ["a default port is the same origin", "https://up.test:443/a", { credentials: bearer }, {
    ...common,
    authorization: "Bearer t0ken",
  }],
  ["each of several origins gets them", "https://two.test/a", {
    credentials: bearer,
    origins: ["https://one.test", "https://two.test/x/"],
  }, { ...common, authorization: "Bearer t0ken" }],
];

for (const [name, url, options, expected] of cases) {
  Deno.test(name, async () => assert.deepEqual(await sent(new Request(url), options), expected));
}

Deno.test("what the request already has is left alone", async () => {
  const own = { authorization: "Bearer own", "user-agent": "apt/2", "accept-encoding": "gzip", range: "bytes=1-" };
  assert.deepEqual(await sent(new Request("https://up.test/a", { headers: own }), { credentials: basic }), own);
});
