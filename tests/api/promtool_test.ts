import assert from "node:assert/strict";
import { startApp } from "../support/app_fixture.ts";
import { startFakeUpstream } from "../support/fake_upstream.ts";

const promtool = await new Deno.Command("promtool", { args: ["--version"] }).output().then(() => true, () => false);

Deno.test({
  name: "promtool finds nothing wrong with the metrics",
  ignore: !promtool,
  async fn() {
    await using upstream = startFakeUpstream();
    upstream.serve("/a", { body: "a" });
    upstream.serve("/b", { status: 503 });
    await using app = await startApp({ upstream: upstream.origin });
    for (const path of ["/files/a", "/files/a", "/files/b"]) await app.ask(path);
    await app.idle();
    await app.ask("/-/api/v1/entries");
    const { text } = await app.ask("/metrics");
    for (const name of ["first_byte_seconds_count", "duration_seconds_count", "host_failures_total", "breaker_open"]) {
      assert.match(text, new RegExp(`^vault_upstream_${name}\\{`, "m"));
    }
    assert.match(text, /^vault_entries 1$/m);
    assert.match(text, /^vault_leaked_upstream_urls_total\{backend="files"\} 0$/m);
    const child = new Deno.Command("promtool", {
      args: ["check", "metrics"],
      stdin: "piped",
      stderr: "piped",
      stdout: "piped",
    })
      .spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(text));
    await writer.close();
    const { code, stdout, stderr } = await child.output();
    assert.deepEqual([code, new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr)], [0, ""]);
  },
});
