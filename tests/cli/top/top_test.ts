// deno-lint-ignore-file no-control-regex -- what is written to a terminal is full of them
import assert from "node:assert/strict";
import type { Screen } from "../../../src/cli/io.ts";
import { findServer } from "../../../src/cli/control/running_servers.ts";
import { run } from "../../../src/cli/run.ts";
import { startApp } from "../../support/app_fixture.ts";
import { startFakeUpstream } from "../../support/fake_upstream.ts";
import { runCaptured } from "../../support/run_captured.ts";

const ignore = Deno.build.os === "windows";

/** A terminal that a test presses keys on. */
class FakeScreen implements Screen {
  readonly #keys = new TransformStream<string>();
  readonly #writer = this.#keys.writable.getWriter();
  readonly #reader = this.#keys.readable.getReader();
  written = "";
  isRaw = false;
  resized = () => {};
  columns = 80;

  size() {
    return { columns: this.columns, rows: 24 };
  }

  write(text: string): void {
    this.written += text;
  }

  setRaw(isRaw: boolean): void {
    this.isRaw = isRaw;
    this.written += isRaw ? "<raw>" : "<cooked>";
  }

  async read(): Promise<string | null> {
    return (await this.#reader.read()).value ?? null;
  }

  onResize(changed: () => void): () => void {
    this.resized = changed;
    return () => this.resized = () => {};
  }

  press(keys: string): Promise<void> {
    return this.#writer.write(keys);
  }
}

Deno.test(
  { name: "a server is shown, by its cache directory or its address, to people and to programs", ignore },
  async () => {
    await using upstream = startFakeUpstream();
    await using app = await startApp({ upstream: upstream.origin, top: { administration: "nobody" } });
    const refused = await runCaptured(["top", "--cache-dir", app.cacheDir]);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /^No server runs on the cache directory .*; or name its address with --url\n$/);
    await app.takeCommands();
    upstream.serve("/x", { body: "body", headers: { "cache-control": "max-age=60" } });
    for (const path of ["x", "x", "gone"]) {
      await app.ask(`/files/${path}`);
      await app.idle();
    }
    for (const where of [["--cache-dir", app.cacheDir], ["--url", app.origin]]) {
      const shown = await runCaptured(["top", ...where]);
      assert.deepEqual([shown.code, shown.stderr], [0, ""]);
      const lines = shown.stdout.split("\n");
      assert.match(lines[0]!, /^Artifact Vault 0\.0\.0 {2}http:\/\/127\.0\.0\.1:\d+ +up \d+ s$/);
      assert.match(shown.stdout, /^UPSTREAMS 1 /m);
      assert.match(shown.stdout, /^GET \/files\/x +\d+ s {2}200 hit /m);
      assert.match(shown.stdout, /^GET \/files\/x .* not cached; fetched$/m);
      assert.match(shown.stdout, /^GET \/files\/gone .*404/m);
      const json = await runCaptured(["top", ...where, "--json", "--once"]);
      const { url, lost, stats, requests, ...others } = JSON.parse(json.stdout);
      assert.deepEqual([json.code, url, lost, stats.total.requests, requests.length], [0, app.origin, null, 3, 3]);
      assert.deepEqual(Object.keys(others), ["at", "upstreams", "transfers", "problems"]);
    }
  },
);

Deno.test({ name: "on a terminal it is drawn until q or ^C, and then the terminal is as it was", ignore }, async () => {
  await using app = await startApp({ upstream: "http://127.0.0.1:9" });
  await app.takeCommands();
  for (const key of ["q", "\x03"]) {
    const screen = new FakeScreen();
    const env = (name: string) => name === "LC_ALL" ? "C.UTF-8" : undefined;
    let stdout = "";
    const ended = run(["top", "--cache-dir", app.cacheDir], {
      ...{ stdout: (text) => void (stdout += text), stderr: (text) => void (stdout += text), env, screen },
    });
    while (!screen.written.includes("q quits")) await new Promise((resolve) => setTimeout(resolve, 1));
    assert.ok(screen.isRaw);
    assert.match(screen.written, /^<raw>\x1b\[\?1049h\x1b\[\?25l\x1b\[\?7l\x1b\[2J\x1b\[1;1H\x1b\[2K.*Artifact Vault/);
    [screen.columns, screen.written] = [40, ""];
    screen.resized();
    const [, top = ""] = /\x1b\[1;1H\x1b\[2K(.*?)\x1b\[2;1H/s.exec(screen.written) ?? [];
    assert.equal(top.replace(/\x1b\[\d+m/g, "").length, 40, "drawn anew at the new width");
    await screen.press("x\x1b[A");
    await screen.press(key);
    assert.equal(await ended, 0);
    assert.match(screen.written, /\x1b\[0m\x1b\[\?7h\x1b\[\?25h\x1b\[\?1049l<cooked>$/);
    assert.equal(stdout, "");
  }
});

Deno.test({ name: "the control socket passes requests on to the API, for everything", ignore }, async () => {
  await using app = await startApp({ upstream: "http://127.0.0.1:9", top: { administration: "nobody" } });
  await app.takeCommands();
  const { api } = await findServer(app.cacheDir, null);
  const ask = async (method: "GET" | "POST", path: string, body: unknown = null) => {
    const answer = await api.ask({ method, path: `/-/api/v1${path}`, body });
    return [answer.status, await new Response(answer.body).json()];
  };
  assert.deepEqual(await ask("POST", "/pin", { patterns: ["a/*"] }), [200, { added: ["a/*"], known: [] }]);
  const [status, config] = await ask("GET", "/config");
  assert.deepEqual([status, config.administration], [200, "nobody"]);
  assert.equal((await app.ask("/-/api/v1/config")).status, 403, "the network may not");
  const stopped = new AbortController();
  const events = await api.ask({ method: "GET", path: "/-/events", body: null }, stopped.signal);
  const reader = events.body.getReader();
  assert.match(new TextDecoder().decode((await reader.read()).value), /^retry: /);
  stopped.abort();
  await assert.rejects(async () => {
    while (!(await reader.read()).done);
  });
});
