import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { ServerProcess } from "../support/server_process.ts";

const fixture = fileURLToPath(new URL("shutdown_fixture.ts", import.meta.url));
const dayMs = 86_400_000;

async function start(timeoutMs: number): Promise<{ program: ServerProcess; url: string }> {
  const command = [Deno.execPath(), "run", "--quiet", "--no-prompt", "--allow-net", fixture, String(timeoutMs)];
  const program = new ServerProcess(command);
  const [, url = ""] = await program.waitForLine(/^ready (.*)/);
  return { program, url };
}

/** A response under way: its first bytes are here. */
async function begin(url: string): Promise<ReadableStreamDefaultReader<Uint8Array>> {
  const { body } = await fetch(url);
  const reader = body!.getReader();
  assert.equal(new TextDecoder().decode((await reader.read()).value), "begun");
  return reader;
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`${signal} lets a response under way finish`, async () => {
    const { program, url } = await start(dayMs);
    await using _ = program;
    const reader = await begin(`${url}/until-shutdown`);
    Deno.kill(program.pid, signal);
    assert.equal(new TextDecoder().decode((await reader.read()).value), ", done");
    assert.equal((await reader.read()).done, true);
    assert.equal((await program.status).code, 0);
    assert.deepEqual(program.lines.slice(-3), ["close, time left: true", "Stopped", "ended"]);
  });
}

Deno.test("while responses finish, no connection is accepted any more", async () => {
  const { program, url } = await start(dayMs);
  await using _ = program;
  const reader = await begin(`${url}/forever`);
  Deno.kill(program.pid, "SIGTERM");
  await program.waitForLine(/^accepts no more/);
  await assert.rejects(fetch(`${url}/forever`), TypeError);
  assert.ok(program.running);
  Deno.kill(program.pid, "SIGKILL");
  await assert.rejects(reader.read());
});

Deno.test("a second signal ends at once", async () => {
  const { program, url } = await start(dayMs);
  await using _ = program;
  const reader = await begin(`${url}/forever`);
  Deno.kill(program.pid, "SIGTERM");
  await program.waitForLine(/a second signal ends at once/);
  Deno.kill(program.pid, "SIGTERM");
  assert.equal((await program.status).code, 0);
  await assert.rejects(reader.read());
});

Deno.test("a response that does not end is cut when the time is over", async () => {
  const { program, url } = await start(50);
  await using _ = program;
  const reader = await begin(`${url}/forever`);
  Deno.kill(program.pid, "SIGTERM");
  assert.equal((await program.status).code, 0);
  assert.equal(program.lines.at(-1), "ended");
  await assert.rejects(reader.read());
});
