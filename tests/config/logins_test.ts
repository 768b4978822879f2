import assert from "node:assert/strict";
import { loadConfig } from "../../src/config/load.ts";
import { configSchema } from "../../src/configuration.ts";

const env = (name: string) => ({ USER: "me", EMPTY: "" })[name];

/** Loads a backend with these keys; what was warned of comes along. */
async function load(...lines: string[]) {
  const keys = ["base_url: https://a.example", ...lines].map((line) => `      ${line}\n`).join("");
  const warnings: string[] = [];
  const text = `backends:\n  - type: http\n    config:\n${keys}`;
  const config = await loadConfig({
    schema: configSchema,
    path: "c.yml",
    text,
    env,
    warn: (warning) => warnings.push(warning),
  });
  return { keys: config.backends[0]!.config as Record<string, unknown>, warnings };
}

const incomplete =
  'c.yml:5:7: backends[0].config.username: a username needs a password; write password: "" if it has none';

const refused = [
  ["a username alone", "username: me"],
  ["a password that is a comment", "username: me", "password: #secret"],
  ["a password whose variable is empty", "username: me", "password: ${EMPTY}"],
  ["a password whose variable may be missing", "username: ${USER}", "password: ${NONE:-}"],
];

for (const [name, ...lines] of refused) {
  Deno.test(`a login without a password is refused: ${name}`, async () => {
    await assert.rejects(load(...lines), { message: incomplete });
  });
}

Deno.test("an empty password has to be written", async () => {
  const { keys } = await load("username: a-token", 'password: ""');
  assert.deepEqual([keys.username, keys.password], ["a-token", ""]);
});

for (const [user, password] of [["${NONE:-}", "${NONE:-}"], ["${EMPTY}", "${EMPTY}"], ["${NONE}", "${NONE}"]]) {
  Deno.test(`a login of variables that are not set is none: ${user} and ${password}`, async () => {
    const { keys } = await load(`username: ${user}`, `password: ${password}`);
    assert.deepEqual([keys.username, keys.password], [undefined, undefined]);
  });
}

const bare = 'backends[0].config.token has a "$" before a name, and is taken as it is written; write ${NAME} if the ' +
  "variable is meant";

for (
  const [token, warnings] of [
    ["$TOKEN", [bare]],
    ["$token", [bare]],
    ["prefix-$CI_JOB_TOKEN", [bare]],
    ["${USER}-$CI_JOB_TOKEN", [bare]],
    ["${USER}", []],
    ["pa$$WORD", []],
    ["pa$Word", []],
    ["costs $5", []],
    ["$${TOKEN}", []],
  ] as const
) {
  Deno.test(`${token} is ${warnings.length > 0 ? "perhaps meant as a variable" : "what it says"}`, async () => {
    const { keys, warnings: told } = await load(`token: ${token}`);
    assert.deepEqual(told, warnings);
    assert.equal(keys.token, token.replace("${USER}", "me").replace("$${", "${"));
  });
}
