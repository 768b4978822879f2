import assert from "node:assert/strict";
import { startApp } from "../../support/app_fixture.ts";
import { startFakeUpstream } from "../../support/fake_upstream.ts";
import { waitUntil } from "../../support/wait_until.ts";

Deno.test("the access line says why upstream was asked, and DEBUG what it answered and why nothing is kept", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body: "a", headers: { "cache-control": "no-store" } });
  upstream.serve("/b", { body: "b", headers: { "cache-control": "max-age=600" } });
  await using app = await startApp({ upstream: upstream.origin });
  for (const path of ["/files/a", "/files/b"]) await app.ask(path);
  await waitUntil("it is kept", () => app.lines.some((line) => line.startsWith("INFO Transfer complete")));
  await app.ask("/files/b");
  const told = (beginning: string) => app.lines.filter((line) => line.startsWith(beginning));
  assert.deepEqual(told("DEBUG Miss"), ["DEBUG Miss files /a: not cached", "DEBUG Miss files /b: not cached"]);
  assert.deepEqual(told("DEBUG Upstream GET").map((line) => line.replace(/\d+ ms$/, "")), [
    `DEBUG Upstream GET "${upstream.origin}/a": 200, 1 bytes, `,
    `DEBUG Upstream GET "${upstream.origin}/b": 200, 1 bytes, `,
  ]);
  assert.deepEqual(told("DEBUG Not storing"), [
    "DEBUG Not storing files /a, only passing it on: upstream says Cache-Control: no-store",
  ]);
  const access = told("INFO cache ").map((line) => line.replace(/.*? upstream [^ ]+/, ""));
  assert.deepEqual(access, [" (not cached)", " (not cached)", ""]);
});

Deno.test("an upstream's 403 over plain http names the proxy it came through", async () => {
  await using proxy = startFakeUpstream();
  proxy.serve("http://upstream.test/a", { status: 403 });
  await using app = await startApp({ upstream: "http://upstream.test", backend: { proxy: proxy.origin } });
  const { body } = await app.ask("/files/a");
  assert.match(
    new TextDecoder().decode(body),
    new RegExp(`upstream answered 403 through the proxy "${proxy.origin}"; check the credentials of this backend`),
  );
});
