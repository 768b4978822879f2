import assert from "node:assert/strict";
import { createTempDir } from "../support/temp_dir.ts";
import { createLogging, type Log, type LoggingOptions } from "../../src/observe/log.ts";

const decoder = new TextDecoder();

/** What a log wrote, once it is closed. */
async function written(options: Pick<LoggingOptions, "level" | "format">, use: (log: Log) => void): Promise<string> {
  let text = "";
  const write = (bytes: Uint8Array) => {
    text += decoder.decode(bytes);
    return Promise.resolve(bytes.length);
  };
  const logging = createLogging({ ...options, write });
  use(logging.log);
  await logging.close();
  return text;
}

const textLine = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - vault - (DEBUG|INFO|WARNING|ERROR|CRITICAL) - .*$/;

Deno.test("text lines are those of the original tool, in local time", async () => {
  const before = new Date();
  const line = await written(
    { level: "INFO", format: "text" },
    (log) => log.info("cache hit http /a 200 5 bytes 3 ms"),
  );
  assert.match(line, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - vault - INFO - cache hit http \/a 200 5 bytes 3 ms\n$/);
  const logged = new Date(line.slice(0, 23).replace(" ", "T").replace(",", "."));
  assert.ok(logged.getTime() >= before.getTime() && logged.getTime() <= Date.now());
});

const levels = [
  { level: "DEBUG", lines: ["DEBUG", "INFO", "WARNING", "ERROR"] },
  { level: "INFO", lines: ["INFO", "WARNING", "ERROR"] },
  { level: "WARNING", lines: ["WARNING", "ERROR"] },
  { level: "ERROR", lines: ["ERROR"] },
  { level: "CRITICAL", lines: [] },
] as const;

for (const { level, lines } of levels) {
  Deno.test(`level ${level} writes ${lines.length} of four`, async () => {
    const text = await written({ level, format: "text" }, (log) => {
      log.debug("a");
      log.info("b");
      log.warning("c");
      log.error("d");
    });
    assert.deepEqual(text.split("\n").filter((line) => line).map((line) => line.split(" - ")[2]), lines);
  });
}

Deno.test("a line stays one line, whatever is in it", async () => {
  const text = await written({ level: "INFO", format: "text" }, (log) => log.info("a\nb\r\x1b[31m\0c\u2028d {e} é"));
  assert.match(text, / - a\\nb\\u000d\\u001b\[31m\\u0000c\\u2028d \{e\} é\n$/);
  assert.match(text.trimEnd(), textLine);
});

Deno.test("JSON lines hold the message and its fields, which cannot hide the rest", async () => {
  const text = await written({ level: "INFO", format: "json" }, (log) => {
    log.warning("a\nb", { status: 502, backend: "http", level: "none", url: "https://u:p@h/" });
  });
  const { timestamp, ...line } = JSON.parse(text);
  assert.match(timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.deepEqual(line, {
    level: "WARNING",
    logger: "vault",
    message: "a\nb",
    status: 502,
    backend: "http",
    url: "https://***@h/",
  });
  assert.equal(text.indexOf("\n"), text.length - 1);
});

for (const format of ["text", "json"] as const) {
  Deno.test(`no credentials in ${format} lines`, async () => {
    const text = await written({ level: "INFO", format }, (log) => {
      log.info("GET https://user:hunter2@host/?X-Amz-Signature=hunter2", { header: "Authorization: Basic hunter2" });
    });
    assert.ok(!text.includes("hunter2"), text);
  });
}

Deno.test("several logs at once do not mix", async () => {
  const texts = await Promise.all(["first", "second"].map((name) => {
    return written({ level: "INFO", format: "text" }, (log) => log.info(name));
  }));
  assert.match(texts[0]!, /- first\n$/);
  assert.match(texts[1]!, /- second\n$/);
});

Deno.test("a log file is appended to", async () => {
  const file = await Deno.makeTempFile();
  try {
    for (const message of ["one", "two"]) {
      const logging = createLogging({ level: "INFO", format: "text", file });
      logging.log.info(message);
      await logging.close();
    }
    const lines = (await Deno.readTextFile(file)).trimEnd().split("\n");
    assert.deepEqual(lines.map((line) => line.split(" - ")[3]), ["one", "two"]);
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("a log file that cannot be opened is a configuration error that names it", () => {
  assert.throws(() => createLogging({ level: "INFO", format: "text", file: "/nowhere/at/all.log" }), {
    code: "config_invalid",
    message:
      'Cannot open the log file "/nowhere/at/all.log": its folder does not exist; choose another one with --log-file',
  });
});

Deno.test("a log changes its level, its format and its file while it is open, and keeps them where the file is wrong", async () => {
  await using dir = await createTempDir();
  const [first, second] = [dir.join("first.log"), dir.join("second.log")];
  const logging = createLogging({ level: "INFO", format: "text", file: first });
  logging.log.debug("left out");
  logging.log.info("in the first");
  assert.throws(() => logging.configure({ level: "DEBUG", format: "json", file: dir.join("none/x.log") }), {
    code: "config_invalid",
  });
  assert.equal(logging.log.debugs, false);
  logging.configure({ level: "DEBUG", format: "json", file: second });
  logging.log.debug("in the second");
  assert.equal(logging.log.debugs, true);
  await logging.close();
  const both = Deno.readTextFileSync(first) + Deno.readTextFileSync(second);
  assert.doesNotMatch(both, /left out/);
  assert.match(both, / - INFO - in the first\n/);
  assert.match(Deno.readTextFileSync(second), /"in the second"/);
});
