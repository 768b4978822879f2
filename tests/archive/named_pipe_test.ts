import assert from "node:assert/strict";
import { createFileSink } from "../../src/archive/file_sink.ts";
import { openFileSource } from "../../src/archive/file_source.ts";
import { openNamed } from "../../src/archive/named_pipe.ts";
import { createTempDir } from "../support/temp_dir.ts";

const ignore = Deno.build.os === "windows";

async function makePipe(path: string): Promise<string> {
  assert.ok((await new Deno.Command("mkfifo", { args: [path] }).output()).success);
  return path;
}

function shell(command: string, pipe: string): Promise<Deno.CommandOutput> {
  return new Deno.Command("sh", { args: ["-c", command, "sh", pipe] }).output();
}

Deno.test("a named pipe has all that its writer wrote, and then an end", { ignore }, async () => {
  await using dir = await createTempDir();
  const pipe = await makePipe(dir.join("pipe"));
  const source = openFileSource(pipe);
  const writing = shell('head -c 300000 /dev/zero > "$1"', pipe);
  let length = 0;
  const into = new Uint8Array(65_536);
  for (let read; (read = await source.read(into)) !== null;) length += read;
  source.close();
  await writing;
  assert.equal(length, 300_000);
});

Deno.test("a named pipe whose writer leaves without a word is empty", { ignore }, async () => {
  await using dir = await createTempDir();
  const pipe = await makePipe(dir.join("pipe"));
  const source = openFileSource(pipe);
  const [read] = await Promise.all([source.read(new Uint8Array(10)), shell(': > "$1"', pipe)]);
  source.close();
  assert.equal(read, null);
});

Deno.test("a named pipe hands its reader what is written", { ignore }, async () => {
  await using dir = await createTempDir();
  const pipe = await makePipe(dir.join("pipe"));
  const sink = createFileSink(pipe);
  const reading = shell('cat "$1"', pipe);
  await sink.write(new TextEncoder().encode("first, "));
  await sink.write(new TextEncoder().encode("second"));
  await sink.finish();
  assert.equal(new TextDecoder().decode((await reading).stdout), "first, second");
});

Deno.test("waiting for the other end of a named pipe ends with its signal", { ignore }, async () => {
  await using dir = await createTempDir();
  const pipe = await makePipe(dir.join("pipe"));
  const abort = new AbortController();
  const opening = openNamed(pipe, { read: true }, abort.signal);
  abort.abort(new Error("enough"));
  await assert.rejects(opening, { message: "enough" });
  await shell(': > "$1"', pipe);
});
