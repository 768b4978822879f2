import assert from "node:assert/strict";
import { edited } from "../../src/setup/edit/edit.ts";
import { cases, refused } from "./edit_cases.ts";

for (const [name, edit, before, after] of cases) {
  Deno.test(`${edit.kind}: ${name}, and a second time changes nothing`, () => {
    assert.equal(edited(before, edit), after);
    assert.equal(edited(after, edit), after);
  });
}

for (const [name, edit, text, message] of refused) {
  Deno.test(`${name} is refused`, () => {
    assert.throws(() => edited(text, edit), { name: "VaultError", message });
  });
}
