import assert from "node:assert/strict";
import { ServedReleases } from "../../../src/backends/apt/served_releases.ts";
import { FakeNow } from "../../support/fake_now.ts";

const host = "192.0.2.1";
const suite = "/dists/stable";
const inRelease = { suite, path: `${suite}/InRelease` };
const release = { suite, path: `${suite}/Release` };
const minute = 60_000;

Deno.test("a connection counts before the address it comes from, and strangers have nothing", () => {
  const clients = new ServedReleases();
  clients.remember({ host, port: 1 }, { ...inRelease, sha256: "old" });
  clients.remember({ host, port: 2 }, { ...inRelease, sha256: "new" });
  const last = (port: number, from = host) => clients.lastServed({ host: from, port }, suite);
  assert.deepEqual([last(1), last(2), last(3), last(1, "192.0.2.9")], ["old", "new", "new", null]);
  assert.equal(clients.lastServed({ host, port: 1 }, "/dists/other"), null);
});

Deno.test("of a suite the release given last counts, of a file that file's", () => {
  const clients = new ServedReleases();
  const client = { host, port: 1 };
  clients.remember(client, { ...release, sha256: "of Release" });
  clients.remember(client, { ...inRelease, sha256: "of InRelease" });
  assert.equal(clients.lastServed(client, suite), "of InRelease");
  assert.equal(clients.lastServed(client, release.path), "of Release");
});

Deno.test("an address is forgotten after a while; a connection is not as long as it asks", () => {
  using now = new FakeNow();
  const clients = new ServedReleases();
  clients.remember({ host, port: 1 }, { ...inRelease, sha256: "old" });
  clients.remember({ host, port: 2 }, { ...inRelease, sha256: "old" });
  for (const port of [1, 9, 1, 9]) {
    assert.equal(clients.lastServed({ host, port }, suite), "old");
    now.advance(3 * minute);
  }
  now.advance(4 * minute);
  assert.deepEqual([1, 2, 9].map((port) => clients.lastServed({ host, port }, suite)), ["old", null, null]);
  now.advance(15 * minute);
  assert.equal(clients.lastServed({ host, port: 1 }, suite), null);
});
