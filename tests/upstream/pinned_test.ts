import assert from "node:assert/strict";
import { openEgress } from "../../src/upstream/egress.ts";
import { withCheckedAddresses } from "../../src/upstream/pinned.ts";
import type { Lookup } from "../../src/upstream/private_network.ts";
import { lookupWithSystem } from "../../src/upstream/system_lookup.ts";
import { startFakeUpstream } from "../support/fake_upstream.ts";

const publicAddress = "203.0.114.1";
const names: Readonly<Record<string, readonly string[] | null>> = {
  "index.example": [publicAddress],
  "files.example": [publicAddress],
  "inside.example": ["10.0.0.7"],
  "also-inside.example": ["192.168.1.1"],
  "rebound.example": ["127.0.0.1"],
  "metadata.example": ["169.254.169.254"],
  "half.example": [publicAddress, "127.0.0.1"],
  "both.example": ["2a00:1450::1", publicAddress],
  "nowhere.example": [],
  "unknown.example": null,
};

/** Every connection it makes: `pool` as the client likes, or to an address. */
function checked(trusted: readonly string[], lookup: Lookup = (name) => Promise.resolve(names[name] ?? [])) {
  const connections: string[] = [];
  const fetchAt = (_: Request, address: string) => {
    connections.push(address);
    return address.includes(":") ? Promise.reject(new TypeError("unreachable")) : Promise.resolve(new Response("at"));
  };
  const pool = () => {
    connections.push("pool");
    return Promise.resolve(new Response("pool"));
  };
  const fetch = withCheckedAddresses(pool, { trusted, lookup, fetchAt });
  return { connections, fetch: (url: string) => fetch(new Request(url)) };
}

const hidden = [
  "http://169.254.169.254/latest/meta-data",
  "http://metadata.example/",
  "http://127.0.0.1:8080/",
  "http://2130706433/",
  "http://0x7f.1/",
  "http://0.0.0.0/",
  "http://[::1]/",
  "http://[::ffff:127.0.0.1]/",
  "http://[64:ff9b::7f00:1]/",
  "http://[fd00::1]/",
  "http://10.1.2.3/",
  "http://100.64.0.1/",
  "http://localhost/",
  "http://x.localhost./",
  "http://rebound.example/",
  "http://half.example/",
];

for (const url of hidden) {
  Deno.test(`${url}, named by a public upstream, is not connected to`, async () => {
    const { fetch, connections } = checked(["https://index.example/simple"]);
    await assert.rejects(fetch(url), { code: "denied", message: /not a public one; set "allow_private_redirects/ });
    assert.deepEqual(connections, []);
  });
}

Deno.test("what is connected to is the address that was checked, whatever the name says a moment later", async () => {
  let lookups = 0;
  const { fetch, connections } = checked(["https://index.example"], (name) => {
    return Promise.resolve(name === "rebound.example" && lookups++ > 0 ? ["127.0.0.1"] : [publicAddress]);
  });
  await fetch("http://rebound.example/");
  assert.deepEqual([connections, lookups], [[publicAddress], 1]);
});

Deno.test("URLs that the operator has configured are fetched as they are, wherever they lead", async () => {
  const { fetch, connections } = checked(["http://10.0.0.1:81/a", "http://rebound.example"], () => assert.fail());
  for (const url of ["http://10.0.0.1:81/b", "http://rebound.example/c"]) await fetch(url);
  assert.deepEqual(connections, ["pool", "pool"]);
});

Deno.test("an upstream in a private network may name others there, and neither this machine nor cloud metadata", async () => {
  const { fetch, connections } = checked(["http://inside.example"]);
  await fetch("http://also-inside.example/");
  await fetch("http://files.example/");
  await fetch("http://inside.example:8081/");
  assert.deepEqual(connections, ["192.168.1.1", publicAddress, "pool"]);
  for (const url of ["http://127.0.0.1/", "http://metadata.example/"]) {
    await assert.rejects(fetch(url), { code: "denied" });
  }
});

Deno.test("where one of several upstreams is public, none may name private addresses", async () => {
  const { fetch } = checked(["http://inside.example", "http://index.example"]);
  await assert.rejects(fetch("http://also-inside.example/"), { code: "denied" });
});

Deno.test("an address that cannot be reached is followed by the next", async () => {
  const { fetch, connections } = checked([]);
  assert.equal(await (await fetch("http://both.example/")).text(), "at");
  assert.deepEqual(connections, ["2a00:1450::1", publicAddress]);
});

Deno.test("a name without an address is a network error; one that may not be looked up is Deno's matter", async () => {
  const { fetch, connections } = checked([], (name) => Promise.resolve(names[name]!));
  await assert.rejects(fetch("http://nowhere.example/"), { name: "TypeError", message: /dns error/ });
  await fetch("http://unknown.example/");
  assert.deepEqual(connections, ["pool"]);
});

Deno.test("over https the certificate tells who answers: the name is checked, and fetched as usual", async () => {
  const { fetch, connections } = checked(["https://index.example"]);
  await fetch("https://files.example/");
  assert.deepEqual(connections, ["pool"]);
  await assert.rejects(fetch("https://rebound.example/"), { code: "denied" });
});

Deno.test("a connection to an address asks for the URL by its own name", async () => {
  await using upstream = startFakeUpstream();
  const { port } = new URL(upstream.origin);
  const url = `http://nowhere.invalid:${port}/a?b`;
  upstream.serve(url, (request) => ({ body: request.headers.get("host")! }));
  const { fetchAt, close } = openEgress({});
  const response = await fetchAt!(new Request(url), "127.0.0.1");
  assert.deepEqual([await response.text(), response.url], [`nowhere.invalid:${port}`, url]);
  close();
});

Deno.test("with a proxy, addresses are the proxy's matter", () => {
  const { fetchAt, close } = openEgress({ proxy: "http://127.0.0.1:1" });
  assert.equal(fetchAt, null);
  close();
});

const { signal } = new AbortController();

Deno.test(
  "names are looked up as the system does it, /etc/hosts included",
  { ignore: Deno.build.os !== "linux" },
  async () => {
    const line = Deno.readTextFileSync("/etc/hosts").split("\n").map((line) =>
      line.replace(/#.*/, "").trim().split(/\s+/)
    )
      .find(([address, name]) => address?.includes(".") && name !== undefined);
    if (line) assert.ok((await lookupWithSystem(line[1]!, signal))?.includes(line[0]!));
    assert.deepEqual(await lookupWithSystem("nowhere.invalid", signal), []);
  },
);

Deno.test("without permission nothing is known of a name", { permissions: { net: ["127.0.0.1"] } }, async () => {
  assert.equal(await lookupWithSystem("nowhere.invalid", signal), null);
});

Deno.test("a lookup ends with its request", async () => {
  await assert.rejects(lookupWithSystem("nowhere.invalid", AbortSignal.abort(new Error("gone"))), /gone/);
});
