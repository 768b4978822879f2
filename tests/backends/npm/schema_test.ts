import assert from "node:assert/strict";
import { configOf } from "../../support/app_fixture.ts";

const registry = { registry_url: "https://npm.example.com" };

for (
  const [what, scopes, message] of [
    ["without its @", { acme: registry }, /scopes\.acme: is not a scope; write for example "@mycompany"/],
    ["with a package", { "@acme/tool": registry }, /@acme\/tool.* is not a scope/],
    ["twice, in two cases", { "@acme": registry, "@Acme": registry }, /@Acme.* is a scope that is named above/],
  ] as const
) {
  Deno.test(`a scope ${what} is refused`, async () => {
    const backend = { type: "npm", name: "npm", config: { scopes } };
    await assert.rejects(configOf([backend], { cacheDir: "/var/cache/vault" }), { code: "config_invalid", message });
  });
}
