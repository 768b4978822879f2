import assert from "node:assert/strict";
import { type ModulesRequest, parseRequest } from "../../../src/backends/jsr/request.ts";

const manifest = "/@std/path/1.0.8-rc.1_meta.json";

const cases: Readonly<Record<string, ModulesRequest>> = {
  "/@std/path/meta.json": { kind: "package" },
  "/@std/path/1.0.8_meta.json": { kind: "version" },
  "/@std/path/1.0.8-rc.1/mod.ts": { kind: "module", manifest, file: "/mod.ts" },
  "/@std/path/1.0.8-rc.1/posix/%C3%BCber%20all.ts": { kind: "module", manifest, file: "/posix/über all.ts" },
  "/@std/path": { kind: "unknown" },
  "/@std/path/": { kind: "unknown" },
  "/@std/path/latest/mod.ts": { kind: "unknown" },
  "/std/path/meta.json": { kind: "unknown" },
  "/@std/path/1.0.8/": { kind: "unknown" },
};

for (const [path, expected] of Object.entries(cases)) {
  Deno.test(`JSR: ${path} is ${expected.kind}`, () => assert.deepEqual(parseRequest(path), expected));
}
