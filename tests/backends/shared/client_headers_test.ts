import assert from "node:assert/strict";
import { ClientHeaders } from "../../../src/backends/shared/client_headers.ts";

const client = new Headers({
  "accept": "text/html",
  "api-version": "2",
  "authorization": "Bearer 1",
  "cookie": "a=b",
  "metadata-flavor": "Google",
  "private-token": "1",
  "remote-user": "admin",
  "ssl-client-s-dn": "CN=admin",
  "user-agent": "curl",
  "x-forwarded-host": "evil.example",
  "x-jfrog-art-api": "1",
});

Deno.test("a header of the client's is sent upstream from the time its Vary has named it", () => {
  const headers = new ClientHeaders();
  assert.deepEqual(headers.sent(client), [["accept", "text/html"]]);
  assert.equal(headers.offered(client, "api-version"), "2");
  assert.deepEqual(headers.sent(client), [["accept", "text/html"], ["api-version", "2"]]);
  assert.deepEqual(headers.sent(new Headers()), []);
});

Deno.test("a header that this client does not send is sent for the next one", () => {
  const headers = new ClientHeaders();
  assert.equal(headers.offered(new Headers(), "api-version"), undefined);
  assert.deepEqual(headers.sent(new Headers({ "api-version": "3" })), [["api-version", "3"]]);
});

const neverSent = [
  "authorization",
  "cookie",
  "if-none-match",
  "metadata-flavor",
  "private-token",
  "remote-user",
  "ssl-client-s-dn",
  "user-agent",
  "x-forwarded-host",
  "x-jfrog-art-api",
];

for (const name of neverSent) {
  Deno.test(`Vary: ${name} never makes the vault send it on`, () => {
    const headers = new ClientHeaders();
    assert.equal(headers.offered(client, name), undefined);
    assert.deepEqual(headers.sent(client), [["accept", "text/html"]]);
  });
}

Deno.test("a Vary of thousands of names, or of what is no name, costs no memory and does not throw", () => {
  const headers = new ClientHeaders();
  for (let i = 0; i < 5000; i++) headers.offered(client, `name-${i}`);
  assert.equal(headers.offered(client, "no name"), undefined);
  const all = new Headers(Array.from({ length: 5000 }, (_, i) => [`name-${i}`, "1"] as [string, string]));
  assert.ok(headers.sent(all).length < 50);
});
