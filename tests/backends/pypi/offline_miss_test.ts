import assert from "node:assert/strict";
import { offlineMiss } from "../../../src/backends/pypi/offline_miss.ts";

const lines: readonly (readonly [path: string, line: string | null])[] = [
  ["/simple/requests/", "pypi:requests"],
  ["/requests/", "pypi:requests"],
  ["/files/requests/https/files.example/ab/requests-2.32.0-py3-none-any.whl", "pypi:requests==2.32.0"],
  ["/files/requests/https/files.example/ab/requests-2.32.0-py3-none-any.whl.metadata", "pypi:requests==2.32.0"],
  ["/files/my-app/https/files.example/my_app-1.0.post1.tar.gz", "pypi:my-app==1.0.post1"],
  ["/packages/ab/requests-2.32.0.tar.gz", "pypi:requests==2.32.0"],
  ["/packages/ab/notes.txt", null],
  ["/simple/", null],
  ["/pypi/requests/json", null],
  ["/a/b/c/d", null],
];

for (const [path, line] of lines) {
  Deno.test(`${path} is missed as ${line ?? "its path"}`, () => {
    assert.deepEqual(offlineMiss(path, null), { status: 410, line });
    assert.equal(offlineMiss(path, "inner").line, line && `${line} backend=inner`);
  });
}
