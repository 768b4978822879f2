import assert from "node:assert/strict";
import { startBackends } from "../../support/app_fixture.ts";
import { type FakeUpstream, startFakeUpstream } from "../../support/fake_upstream.ts";

const told = ({ requests }: FakeUpstream, header: string) => requests.map(({ headers }) => headers.get(header));

Deno.test("mirrors are asked in order, with the credentials and name that are configured, and aliases never", async () => {
  await using down = startFakeUpstream();
  await using mirror = startFakeUpstream();
  await using elsewhere = startFakeUpstream();
  down.serve("/debian/README", { status: 503 });
  mirror.serve("/debian/README", { status: 302, headers: { location: elsewhere.url("/README") } });
  elsewhere.serve("/README", { body: "read me" });
  await using alias = startFakeUpstream();
  const config = {
    mirror_url: [down.url("/debian/"), mirror.url("/debian")],
    aliases: alias.url("/debian"),
    username: "me",
    password: "hunter2",
    user_agent: "test/1",
    retries: 0,
    allow_private_redirects: true,
  };
  await using app = await startBackends([{ type: "apt", name: "debian", config }]);
  for (const target of ["/debian/README", alias.url("/debian/README")]) {
    const { status, text } = await app.ask(target);
    assert.deepEqual([status, text], [200, "read me"], target);
  }
  const basic = `Basic ${btoa("me:hunter2")}`;
  assert.deepEqual([down, mirror, elsewhere].map((server) => told(server, "authorization")), [[basic], [basic], [
    null,
  ]]);
  assert.deepEqual([down, mirror, elsewhere].map((server) => told(server, "user-agent")), Array(3).fill(["test/1"]));
  assert.equal(alias.requests.length, 0);
});

for (const [ttl, asked] of [["0s", 2], ["forever", 1]] as const) {
  Deno.test(`with ttl: ${ttl}, what may change is asked for ${asked} times by two requests`, async () => {
    await using mirror = startFakeUpstream();
    mirror.serve("/README", { body: "read me" });
    await using app = await startBackends([{
      type: "apt",
      name: "debian",
      config: { mirror_url: mirror.origin, ttl },
    }]);
    assert.equal((await app.ask("/debian/README")).text, "read me");
    await app.idle();
    assert.equal((await app.ask("/debian/README")).text, "read me");
    assert.equal(mirror.requests.length, asked);
  });
}
