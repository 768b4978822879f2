import assert from "node:assert/strict";
import { createLogging, type Log, type Logging } from "../../src/observe/log.ts";
import { startApp } from "../support/app_fixture.ts";
import { startFakeUpstream } from "../support/fake_upstream.ts";
import type { RawRequest } from "../support/raw_client.ts";
import { type Event, filtered } from "./logstash.ts";
import { parsePipeline } from "./logstash_config.ts";
import { docs } from "./rule_files.ts";

const pipeline = parsePipeline(Deno.readTextFileSync(`${docs}/monitoring/logstash.conf`));

const asked: readonly [target: string, request?: RawRequest][] = [
  ["/files/a"],
  ["/files/a%20name%20with%20spaces.bin"],
  ['/files/"quoted"%22.bin'],
  ["/files/ünïcode-文件-🦕.bin"],
  ["/files/(odd):%20name%0Awith%20a%20line%20end"],
  ["/files/a?x=(y):%20z&token=SECRET:+upstream"],
  ["/files/a?x=(y):%20z&token=SECRET", { headers: { "x-request-id": "my-id:1.2" } }],
  ["/files/broken"],
  ["/files/broken%20(502):%20x"],
  ["/files/a", { method: "HEAD" }],
  ["/files/a", { method: "M-SEARCH" }],
  ["/nowhere/else:(not%20here):upstream%20x"],
  ["/files/%2e%2e/%ff"],
  ["/files/a", { headers: { host: "no host" } }],
  ["/-/healthz"],
  ["http://other.example/a%20b"],
];

Deno.test("Logstash makes the same fields of the log as text and as JSON, whatever clients ask for", async () => {
  const [text, json] = [recorded("text"), recorded("json")];
  {
    await using upstream = startFakeUpstream();
    upstream.serve("/a", { body: "a" });
    upstream.serve("/broken", { status: 503 });
    await using app = await startApp({ upstream: upstream.origin, log: both(text.logging.log, json.logging.log) });
    for (const [target, request] of asked) await app.ask(target, request);
    await app.idle();
  }
  const [texts, jsons] = [await text.lines(), await json.lines()];
  const filters = pipeline.get("filter")!;
  const events = texts.map((line, at) => ({
    line,
    event: filtered(filters, line),
    same: filtered(filters, jsons[at]!),
  }));
  const requests = events.filter(({ same }) => same.has("[vault][requestId]"));
  // The test itself asks for the metrics, which has a line at DEBUG.
  const others = requests.filter(({ event }) => event.get("[vault][path]") !== "/metrics");
  assert.equal(others.length, asked.length, texts.join("\n"));
  for (const { line, event, same } of events) {
    assert.equal(event.has("[tags]"), false, line);
    // What is not there is left out of the text, and empty in JSON.
    const wanted = [...same].filter(([name, value]) =>
      value !== "" && !(name === "[vault][cache]" && value === "none")
    );
    const [at, sameAt] = [event, same].map((one) => Number(one.get("[@timestamp]")));
    // Both are written one after the other; a wrong time zone makes a quarter of an hour at least.
    assert.ok(Math.abs(at! - sameAt!) < 60_000, line);
    assert.deepEqual(sorted(event), sorted(new Map(wanted)), line);
  }
  const miss = requests.find(({ event }) => event.get("[vault][path]") === "/files/a");
  assert.equal(miss?.event.get("[vault][cache]"), "miss");
  assert.equal(miss?.event.get("[vault][reason]"), "not cached");
  const broken = requests.find(({ event }) => event.get("[vault][path]") === "/files/broken");
  assert.equal(broken?.event.get("[log][level]"), "WARNING");
  assert.equal(broken?.event.get("[vault][status]"), 502);
  assert.match(String(broken?.event.get("[vault][note]")), /answered 503/);
});

function sorted(event: Event): [name: string, value: unknown][] {
  return [...event].filter(([name]) => name !== "[@timestamp]").sort(([a], [b]) => a < b ? -1 : 1);
}

/** A log in one of its formats, whose lines are kept. */
function recorded(format: "text" | "json"): { readonly logging: Logging; lines(): Promise<string[]> } {
  const chunks: Uint8Array[] = [];
  const write = (bytes: Uint8Array) => {
    chunks.push(bytes.slice());
    return Promise.resolve(bytes.byteLength);
  };
  const logging = createLogging({ level: "DEBUG", format, write });
  return {
    logging,
    async lines() {
      await logging.close();
      return (await new Blob(chunks as BlobPart[]).text()).trimEnd().split("\n");
    },
  };
}

function both(a: Log, b: Log): Log {
  const write = (level: "debug" | "info" | "warning" | "error"): Log["info"] => (message, fields) => {
    a[level](message, fields);
    b[level](message, fields);
  };
  return { debugs: true, debug: write("debug"), info: write("info"), warning: write("warning"), error: write("error") };
}
