import assert from "node:assert/strict";
import { edited } from "../../src/setup/edit/edit.ts";
import { cases, refused } from "./edit_cases.ts";

for (const [name, edit, before, after] of cases) {
  Deno.test(`${edit.kind}: ${name}, and a second time changes nothing`, () => {
    assert.equal(edited(before, edit), after);
    assert.equal(edited(after, edit), after);
  });
}

Deno.test("line ends, a missing last one and a byte order mark stay, whatever the format", () => {
  const plain = cases.filter(([, edit, before]) => edit.kind !== "own" && /^[^\r\uFEFF]+\n$/.test(before));
  assert.deepEqual(
    new Set(plain.map(([, { kind }]) => kind)),
    new Set(["values", "tables", "json", "yaml", "xml", "sources"]),
  );
  for (const [name, edit, before, after] of plain) {
    const crlf = (text: string) => text.replaceAll("\n", "\r\n");
    assert.equal(edited(crlf(before), edit), crlf(after), name);
    assert.equal(edited(`\uFEFF${before}`, edit), `\uFEFF${after}`, name);
    if (edit.kind !== "tables") assert.equal(edited(before.slice(0, -1), edit), after.slice(0, -1), name);
  }
});

for (const [name, edit, text, message] of refused) {
  Deno.test(`${name} is refused`, () => {
    assert.throws(() => edited(text, edit), { name: "VaultError", message });
  });
}
