import assert from "node:assert/strict";
import { openEgress } from "../../src/upstream/egress.ts";
import { startFakeUpstream } from "../support/fake_upstream.ts";
import { testCertificates } from "./certificates.ts";

Deno.test("an extra certificate authority is trusted", async () => {
  await using upstream = startFakeUpstream({ tls: testCertificates.localhost });
  upstream.serve("/", { body: "over TLS" });
  const egress = openEgress({ caCerts: [testCertificates.ca] });
  const response = await egress.fetch(new Request(`${upstream.origin.replace("127.0.0.1", "localhost")}/`));
  assert.equal(await response.text(), "over TLS");
  egress.close();
});

Deno.test("requests go through the proxy, with its credentials", async () => {
  await using proxy = startFakeUpstream();
  proxy.serve("http://upstream.test/f", (request) => ({ body: request.headers.get("proxy-authorization") ?? "none" }));
  const egress = openEgress({ proxy: proxy.origin.replace("//", "//us%40er:p%3Aw@") });
  const response = await egress.fetch(new Request("http://upstream.test/f"));
  assert.equal(await response.text(), `Basic ${btoa("us@er:p:w")}`);
  egress.close();
});

Deno.test("HTTP_PROXY and NO_PROXY hold without permission to read the environment", async () => {
  await using proxy = startFakeUpstream();
  await using upstream = startFakeUpstream();
  proxy.serve("http://upstream.test/f", { body: "through the proxy" });
  upstream.serve("/f", { body: "directly" });
  const program = new URL("./proxy_environment.ts", import.meta.url).pathname;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", "--allow-net", program, "http://upstream.test/f", upstream.url("/f")],
    env: { HTTP_PROXY: proxy.origin, NO_PROXY: "127.0.0.1" },
    stderr: "inherit",
  }).output();
  assert.equal(new TextDecoder().decode(stdout), "through the proxy\ndirectly\n");
});

Deno.test("a file that is no certificate is said to be none", () => {
  assert.throws(() => openEgress({ caCerts: ["hello"] }), { code: "config_invalid", message: /no PEM certificate/ });
});

Deno.test("a proxy of an unknown kind is refused, its password untold", () => {
  assert.throws(() => openEgress({ proxy: "ftp://user:secret@proxy.test" }), {
    code: "config_invalid",
    message: /^Cannot use the proxy "ftp:\/\/proxy.test\/": invalid proxy url$/,
  });
});

Deno.test({
  name: "a proxy that may not be connected to names the flag that allows it",
  permissions: { net: ["127.0.0.1:1"] },
  fn() {
    assert.throws(() => openEgress({ proxy: "http://proxy.test:3128" }), {
      code: "permission_missing",
      message: /start it with --allow-net=proxy.test:3128$/,
    });
  },
});

Deno.test("bodies that nobody reads hold up no other body of an upstream that speaks HTTP/2", async () => {
  const size = 4 * 1024 * 1024;
  const connections = new Set<number>();
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {}, ...testCertificates.localhost },
    (_request, { remoteAddr }) => {
      connections.add(remoteAddr.port);
      return new Response(new Uint8Array(size));
    },
  );
  const egress = openEgress({ caCerts: [testCertificates.ca] });
  const ask = () => egress.fetch(new Request(`https://localhost:${server.addr.port}/`));
  const unread = [await ask(), await ask(), await ask()];
  const wanted = await ask();
  // One connection for all would never get to the end of this one.
  assert.equal(connections.size, 4);
  assert.equal((await wanted.bytes()).length, size);
  await Promise.all(unread.map(({ body }) => body!.cancel()));
  egress.close();
  await server.shutdown();
});
