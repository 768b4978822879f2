import assert from "node:assert/strict";
import { VaultError } from "../../src/errors.ts";
import { noLog } from "../../src/observe/log.ts";
import type { Credentials, ProtocolCredentials } from "../../src/upstream/credentials.ts";
import { UpstreamHealth } from "../../src/upstream/health.ts";
import { withLoginState } from "../../src/upstream/login_state.ts";

const bearer: Credentials = { kind: "bearer", token: "t" };
const registry: ProtocolCredentials = {
  kind: "protocol",
  isConfidential: true,
  urls: [],
  authenticate: (fetch) => fetch,
};
const challenge = (scheme: string) => ({ "www-authenticate": `${scheme} realm="x"` });
const denied = (upstreamStatus: number) => new VaultError("denied", "no", { upstreamStatus });

type Answer = [status: number, headers?: Record<string, string>] | Error;

const cases: readonly [name: string, credentials: Credentials, answer: Answer, expected: string | null][] = [
  ["what is there is sent", bearer, [200], "accepted"],
  ["it is not there", bearer, [404], "accepted"],
  ["it redirects", bearer, [302], "accepted"],
  ["a token is not valid", bearer, [401], "refused"],
  ["a token is not valid, and another one is asked for", bearer, [401, challenge("Bearer")], "refused"],
  ["a login is not enough for this", bearer, [403], null],
  ["it fails", bearer, [503], null],
  ["it does not answer", bearer, new Error("reset"), null],
  ["no credentials are configured", { kind: "none" }, [401], null],
  ["a registry is asked anonymously", { ...registry, isConfidential: false }, [200], null],
  ["a registry sends an image", registry, [200], "accepted"],
  ["a token server refuses the login", registry, denied(401), "refused"],
  ["a token server is too far away to be sent the login", registry, denied(403), null],
  ["a registry with tokens does not let this login read this", registry, [401, challenge("Bearer")], null],
  ["a registry with passwords refuses the login", registry, [401, challenge("Basic")], "refused"],
];

Deno.test("what upstreams make of the vault's credentials", async () => {
  for (const [name, credentials, answer, expected] of cases) {
    const health = new UpstreamHealth({ log: noLog, slowMs: 1000 });
    const send = () =>
      answer instanceof Error
        ? Promise.reject(answer)
        : Promise.resolve(new Response(null, { status: answer[0], headers: answer[1] ?? {} }));
    const fetch = withLoginState(send, { credentials, origins: ["https://up.test/base"], health });
    const ask = (url: string, headers = {}) => fetch(new Request(url, { headers })).catch(() => {});
    await ask("https://cdn.test/x");
    await ask("https://up.test/base/x", { authorization: "Bearer of-a-client" });
    assert.equal(health.statistics.find("https://up.test"), null, `${name}: asked with other credentials`);
    await ask("https://up.test/base/x");
    assert.equal(health.statistics.find("https://up.test")?.login ?? null, expected, name);
  }
});
