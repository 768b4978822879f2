import assert from "node:assert/strict";
import { noLog } from "../../src/observe/log.ts";
import { firstAfterMs, WarmSchedule } from "../../src/warm/schedule.ts";
import { startFakeUpstream } from "../support/fake_upstream.ts";
import { waitUntil } from "../support/wait_until.ts";
import { noSettings, openText, openWarmScene, type WarmScene } from "./scene.ts";

Deno.test("lists are warmed a while after the start, and again after each pause, never two runs at once", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body: "aa" });
  upstream.serve("/b", { body: "bbb" });
  await using scene = await openWarmScene([files(upstream.origin)]);
  const { schedule, lines, waits, next } = start(scene, ["images.txt", `${upstream.origin}/b`], "/files/{a,none}\n");
  assert.equal(upstream.requests.length, 0);
  await next();
  assert.equal(lines.at(-1), "INFO Warmed 2 lists: 2 new (5 bytes), 0 cached, 1 failed");
  assert.match(lines.at(-2)!, /^WARNING Cannot warm images\.txt:1: \/files\/none: .*upstream answered 404/);
  await next();
  assert.equal(lines.at(-1), "INFO Warmed 2 lists: 0 new, 2 cached (5 bytes), 1 failed");
  assert.deepEqual(waits, [firstAfterMs, 3_600_000, 3_600_000]);
  await schedule.stop();
});

Deno.test("a list that cannot be read is a failure of that list alone", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/b", { body: "bbb" });
  await using scene = await openWarmScene([files(upstream.origin)]);
  const { schedule, lines, next } = start(scene, ["gone.txt", `${upstream.origin}/b`], null);
  await next();
  assert.match(
    lines.at(-2)!,
    /^WARNING Cannot warm gone\.txt: Cannot read the list "gone\.txt": there is no such file/,
  );
  assert.equal(lines.at(-1), "INFO Warmed 2 lists: 1 new (3 bytes), 0 cached, 1 failed");
  await schedule.stop();
});

Deno.test("a schedule that is stopped in the middle of a run begins nothing more", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body: "aa" });
  upstream.serve("/b", { body: "bbb" });
  const hold = upstream.hold("/a");
  await using scene = await openWarmScene([files(upstream.origin)]);
  const { schedule, lines, begin } = start(scene, ["list"], "/files/a\n/files/b\n", 1);
  begin();
  await hold.reached;
  await schedule.stop();
  assert.equal(lines.at(-1), "INFO Stopped warming 1 list: 0 new, 0 cached, 0 failed");
  hold.release();
  assert.equal(upstream.count("/b"), 0);
});

function files(origin: string): unknown {
  return { type: "http", name: "files", config: { base_url: origin, retries: 0, ttl: "1h" } };
}

/** A schedule whose pauses end when the test says so. */
function start({ client, sources }: WarmScene, lists: readonly string[], text: string | null, jobs = 2) {
  const lines: string[] = [];
  const waits: number[] = [];
  let wake = () => {};
  const write = (level: string) => (message: string) => void lines.push(`${level} ${message}`);
  const schedule = new WarmSchedule({
    ...{ lists, client, sources, jobs, settings: noSettings, everyMs: 3_600_000 },
    log: { ...noLog, info: write("INFO"), warning: write("WARNING"), error: write("ERROR") },
    openFile: () => text === null ? Promise.reject(new Deno.errors.NotFound()) : openText(text),
    delay: (ms, signal) => {
      waits.push(ms);
      return new Promise((resolve, reject) => {
        wake = resolve;
        signal.addEventListener("abort", () => reject(signal.reason));
      });
    },
  });
  const next = async () => {
    const before = waits.length;
    wake();
    await waitUntil("the run has ended", () => waits.length > before);
  };
  return { schedule, lines, waits, next, begin: () => wake() };
}
