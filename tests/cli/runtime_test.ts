import assert from "node:assert/strict";
import { checkRuntime, oldRuntime, refusesUpgrades } from "../../src/cli/runtime.ts";

for (const version of ["2.6.8", "2.7.7", "1.46.3"]) {
  Deno.test(`Deno ${version} is refused, unless it is allowed, and then warned of`, () => {
    assert.throws(() => checkRuntime({}, version), {
      code: "config_invalid",
      message: new RegExp(`on Deno ${version}, .*CVE-2026-44726.*--allow-old-runtime`),
    });
    assert.deepEqual(checkRuntime({ "allow-old-runtime": true }, version), [oldRuntime(version)]);
  });
}

for (const version of ["2.7.8", "2.9.6", "2.10.0", "3.0.0", "2.7.8-rc.1+abc"]) {
  Deno.test(`Deno ${version} is served on`, () => assert.deepEqual(checkRuntime({}, version), []));
}

Deno.test("which versions refuse requests for an upgrade", () => {
  const refusing = ["2.6.8", "2.8.2", "2.8.3", "2.9.6"].filter((version) => refusesUpgrades(version) !== null);
  assert.deepEqual(refusing, ["2.8.3", "2.9.6"]);
});
