import assert from "node:assert/strict";
import { optionalEnv, processEnv, readEnv } from "../../src/config/env.ts";
import { asPermissionMissing, remedyOfExecutable } from "../../src/config/permission.ts";
import { configSchema } from "../../src/configuration.ts";

const forbidden = { permissions: { env: false } } as const;

Deno.test("a variable that may not be read is an error that names the flag", forbidden, () => {
  const message = /"VAULT_TEST": start Deno with --allow-env=VAULT_TEST$/;
  assert.throws(() => processEnv("VAULT_TEST"), { code: "permission_missing", message });
  const all = /--allow-env=VAULT_TEST,VAULT_OTHER$/;
  assert.throws(() => readEnv(processEnv, ["VAULT_TEST", "VAULT_OTHER"]), { code: "permission_missing", message: all });
});

Deno.test("a variable that is only useful is absent when it may not be read", forbidden, () => {
  assert.equal(optionalEnv(processEnv, "VAULT_TEST"), undefined);
});

Deno.test("optionalEnv lets every other error through", () => {
  assert.throws(() => optionalEnv(() => assert.fail("broken"), "X"), /broken/);
});

const refusals: [text: string, message: RegExp][] = [
  [
    'Requires write access to "./cache"',
    /^Not permitted to write to "\.\/cache": start Deno with --allow-write=\.\/cache$/,
  ],
  ['Requires net access to "a.example:443"', /use the network address "a.example:443": .*--allow-net=a.example:443$/],
  ['Requires sys access to "statfs"', /--allow-sys=statfs$/],
  ['Requires all access to "/proc/x"', /use "\/proc\/x": start Deno with --allow-all$/],
  ["Requires read access", /--allow-read$/],
  ['Requires all access to "/dev/stdin"', /^Cannot use "\/dev\/stdin": .* a command that takes them wants -$/],
  ['Requires all access to "/proc/self/fd/63"', /^Cannot use "\/proc\/self\/fd\/63": .* or a named pipe; /],
];

for (const [text, message] of refusals) {
  Deno.test(`${text}, in words`, () => {
    const error = new Deno.errors.NotCapable(`${text}, run again with the flag`);
    assert.match(asPermissionMissing(error)?.message ?? "", message);
  });
}

Deno.test("what an executable was compiled without is told by the variable of make compile", () => {
  const remedies = [
    ["--allow-read=/etc/vault/key", "add /etc/vault/key to CONFIG of make compile"],
    ["--allow-write=/var/log/vault", "add /var/log/vault to CACHE_DIR of make compile"],
    ["--allow-net=a.example:443", "add a.example:443 to NET of make compile"],
    ["--allow-read", "compile it again with that flag"],
    ["--allow-sys=statfs", "compile it again with that flag"],
  ] as const;
  for (const [flag, how] of remedies) {
    assert.equal(remedyOfExecutable(flag), `this executable was compiled without ${flag}; ${how}`);
  }
});

Deno.test("other errors are none of a permission", () => {
  assert.equal(asPermissionMissing(new Deno.errors.NotFound("x")), null);
});

Deno.test("a configuration is read without any permission to read the environment", {
  permissions: { env: false, read: false },
}, async () => {
  const { loadConfig } = await import("../../src/config/load.ts");
  const config = await loadConfig({ schema: configSchema, env: processEnv });
  assert.ok(config.backends.length > 0);
});
