import assert from "node:assert/strict";
import { type Administration, Administrators } from "../../src/server/administrator.ts";
import { socketClient } from "../../src/server/exchange.ts";
import { textOf } from "../support/text_of.ts";

interface Case {
  readonly name: string;
  readonly client?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly administration?: Administration;
  /** What the refusal says; absent where the change is allowed. */
  readonly refused?: RegExp;
  /** False where a client is no administrator; the same as not refused when absent. */
  readonly isOne?: boolean;
}

const cases: readonly Case[] = [
  { name: "a program on this machine" },
  { name: "a program on this machine, by another address of it", client: "127.3.2.1", headers: { host: "localhost" } },
  { name: "a program on this machine, by IPv6", client: "::1", headers: { host: "[::1]:8080" } },
  { name: "a program on this machine, by an IPv4 address in IPv6", client: "::ffff:127.0.0.1" },
  {
    name: "a page of the vault's own",
    headers: { origin: "http://localhost:8080", host: "localhost:8080", "sec-fetch-site": "same-origin" },
  },
  { name: "a client elsewhere", client: "192.0.2.7", refused: /yours has the address 192\.0\.2\.7/ },
  { name: "an address that only begins so", client: "127.0.0.1.example.com", refused: /own machine/ },
  { name: "a client without an address", client: "local", refused: /own machine/ },
  ...["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"].map((name) => ({
    name: `a client behind a proxy on this machine, with ${name}`,
    headers: { [name]: "127.0.0.1" },
    refused: /A proxy has passed this request on/,
  })),
  {
    name: "a web page whose name leads to this machine",
    headers: { host: "rebound.example.com:8080", origin: "http://rebound.example.com:8080" },
    refused: /ask for http:\/\/127\.0\.0\.1/,
  },
  { name: "a host that only begins so", headers: { host: "localhost.example.com" }, refused: /Host of this request/ },
  {
    name: "another web page on this machine",
    headers: { host: "localhost:8080", origin: "http://localhost:3000" },
    refused: /A web page of another site/,
    isOne: true,
  },
  {
    name: "a page without an origin",
    headers: { host: "localhost:8080", origin: "null" },
    refused: /A web page of another site/,
    isOne: true,
  },
  ...["cross-site", "same-site", "none"].map((site) => ({
    name: `a page whose browser says ${site}`,
    headers: { "sec-fetch-site": site },
    refused: /A web page of another site/,
    isOne: true,
  })),
  {
    name: "nobody, where the configuration says so",
    administration: "nobody",
    refused: /administration: nobody/,
  },
];

for (const { name, client = "127.0.0.1", headers = {}, administration, refused, isOne } of cases) {
  Deno.test(`${refused === undefined ? "may change things" : "may change nothing"}: ${name}`, async () => {
    const administrators = new Administrators(() => administration ?? "loopback");
    const asker = { client: { host: client, port: 1 } };
    const sent = new Headers({ host: "127.0.0.1:8080", ...headers });
    const refusal = administrators.refusal("POST", sent, asker);
    assert.equal(administrators.isOne(sent, asker), isOne ?? refused === undefined);
    if (refused === undefined) return assert.equal(refusal, null);
    assert.equal(refusal?.status, 403);
    assert.ok(refusal.headers.some(([name, value]) => name === "content-type" && value === "application/problem+json"));
    const { type, title, status, detail } = JSON.parse(await textOf(refusal.body));
    assert.deepEqual([type, title, status], ["about:blank", "Forbidden", 403]);
    assert.match(detail, refused);
  });
}

Deno.test("who can open the control socket may change things, whatever the network may not", () => {
  const administrators = new Administrators(() => "nobody");
  const asker = { client: socketClient };
  assert.equal(administrators.refusal("POST", new Headers(), asker), null);
  assert.equal(administrators.isOne(new Headers(), asker), true);
  assert.equal(administrators.isOne(new Headers(), { client: { ...socketClient } }), false, "a name is no socket");
});
