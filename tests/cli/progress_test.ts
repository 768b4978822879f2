import assert from "node:assert/strict";
import type { Io } from "../../src/cli/io.ts";
import type { Unit } from "../../src/observe/shown_count.ts";
import { describeWork, Progress, shownTime } from "../../src/cli/progress.ts";

const gib = 1024 ** 3;
const unit: Unit = ["item", "items"];

Deno.test("a work is described by its bar, items, bytes, speed and time left", () => {
  const work = { unit, done: 12, total: 40, bytes: gib, totalBytes: 4 * gib };
  assert.equal(
    describeWork(work, { bytes: 16 * 1024 * 1024, done: 1 }),
    "[######------------------]  25 %  12 of 40 items  1 GiB of 4 GiB  16 MiB/s  3 min left",
  );
  assert.equal(describeWork({ ...work, total: null, totalBytes: null }, { bytes: 0, done: 0 }), "12 items  1 GiB");
  assert.equal(
    describeWork({ ...work, bytes: 0, totalBytes: null }, { bytes: 0, done: 2 }),
    "[#######-----------------]  30 %  12 of 40 items  14 s left",
  );
  assert.equal(
    describeWork({ ...work, total: null, totalBytes: null, doing: "working out dependencies" }, { bytes: 0, done: 0 }),
    "12 items  1 GiB  working out dependencies",
  );
  assert.deepEqual([0.2, 89, 90, 5400].map(shownTime), ["1 s", "89 s", "2 min", "1.5 h"]);
});

Deno.test("on a terminal one line is redrawn, at most five times a second, and other lines stand above it", () => {
  const { io, written } = recordingIo(() => 60);
  let now = 0;
  const progress = new Progress(io, () => now);
  progress.show({ unit, done: 1, total: null, bytes: 0, totalBytes: null });
  progress.show({ unit, done: 2, total: null, bytes: 0, totalBytes: null });
  now = 300;
  progress.line("a line");
  progress.show({ unit, done: 3, total: null, bytes: 0, totalBytes: null });
  progress.end();
  assert.deepEqual(written.join(""), "<clear>1 item<clear>a line\n1 item<clear>3 items<clear>");
});

Deno.test("a line never grows wider than the terminal", () => {
  const { io, written } = recordingIo(() => 20);
  new Progress(io, () => 0).show({ unit, done: 1, total: 3, bytes: gib, totalBytes: 2 * gib });
  assert.equal(written.at(-1)!.length, 19);
});

Deno.test("what is shown takes no more than its line, whatever is in it", () => {
  const { io, written } = recordingIo(() => 60);
  const progress = new Progress(io, () => 0);
  progress.show({ unit, done: 1, total: null, bytes: 0, totalBytes: null, doing: "a\n\x1b[31m" });
  progress.line("a name\nAll is well\n  backends:");
  assert.deepEqual(written, [
    "<clear>",
    "1 item  a\\n\\u001b[31m",
    "<clear>",
    "a name\n  All is well\n  backends:\n1 item  a\\n\\u001b[31m",
  ]);
});

Deno.test("elsewhere only the lines are written", () => {
  const { io, written } = recordingIo();
  const progress = new Progress(io, () => 0);
  progress.show({ unit, done: 1, total: 3, bytes: 0, totalBytes: null });
  progress.line("a line");
  progress.end();
  assert.deepEqual(written, ["a line\n"]);
});

function recordingIo(columns?: () => number): { io: Io; written: string[] } {
  const written: string[] = [];
  const io = { stdout() {}, stderr: (text: string) => void written.push(text), env: () => undefined };
  const terminal = columns && { columns, clearLine: () => void written.push("<clear>") };
  return { io: { ...io, ...terminal && { terminal } }, written };
}
