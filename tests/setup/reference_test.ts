import assert from "node:assert/strict";
import { clientReference, referenceFile } from "./client_reference.ts";

Deno.test("docs/clients.md is as tests/setup/write_reference.ts writes it", async () => {
  assert.equal(await Deno.readTextFile(referenceFile), clientReference());
});
