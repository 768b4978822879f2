import assert from "node:assert/strict";
import { statOrNull } from "../../src/store/regular_files.ts";
import { networkFailure } from "../../src/upstream/network_error.ts";
import { missingPrograms } from "../support/programs.ts";
import { createTempDir, type TempDir } from "../support/temp_dir.ts";

const ignore = missingPrograms("openssl").length > 0;
const forServers = ["-addext", "basicConstraints=critical,CA:FALSE"];
const named = ["-addext", "subjectAltName=IP:127.0.0.1"];

/**
 * Makes a self-signed certificate; `signing` are the extensions and, where another one is to sign it, that one. A name
 * has one key, which the first certificate of that name makes.
 */
async function makeCertificate(dir: TempDir, name: string, signing: readonly string[]) {
  const [cert, key] = [dir.join(`${name}.crt`), dir.join(`${name}.key`)];
  const withKey = statOrNull(key) !== null ? ["-new", "-key", key] : ["-newkey", "rsa:2048", "-nodes", "-keyout", key];
  const args = ["req", "-x509", ...withKey, "-days", "2", "-out", cert, "-subj", "/CN=127.0.0.1", ...signing];
  const { success, stderr } = await new Deno.Command("openssl", { args, stdin: "null" }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return {
    cert: await Deno.readTextFile(cert),
    key: await Deno.readTextFile(key),
    signs: ["-CA", cert, "-CAkey", key],
  };
}

/** What a client that trusts `ca` gets of a server with this certificate: "here", or why it gets nothing. */
async function askServer(server: { cert: string; key: string }, ca: string): Promise<string> {
  const { cert, key } = server;
  const handler = () => new Response("here");
  await using https = Deno.serve({ port: 0, hostname: "127.0.0.1", cert, key, onListen() {} }, handler);
  using client = Deno.createHttpClient({ caCerts: [ca] });
  try {
    return await (await fetch(`https://127.0.0.1:${https.addr.port}/`, { client })).text();
  } catch (error) {
    const { kind, reason } = networkFailure(error);
    return `${kind}: ${reason}`;
  }
}

Deno.test({
  name: "self-signed certificates as `ca`: what is wrong with them is said, and the documented ones work",
  ignore,
}, async (t) => {
  await using dir = await createTempDir();
  const cases: readonly [what: string, extensions: readonly string[], expected: RegExp][] = [
    ["as openssl makes it", [], /^tls: .* one of an authority.*basicConstraints CA:FALSE and a subjectAltName/],
    ["with a name", named, /^tls: .* one of an authority/],
    ["of a server, without a name", forServers, /^tls: .* no subjectAltName, and its CN does not count/],
    ["of a server, with a name", [...forServers, ...named], /^here$/],
  ];
  for (const [what, extensions, expected] of cases) {
    await t.step(what, async () => {
      const server = await makeCertificate(dir, "server", extensions);
      assert.match(await askServer(server, server.cert), expected);
    });
  }
  await t.step("signed by an authority of one's own", async () => {
    const authority = await makeCertificate(dir, "ca", []);
    const server = await makeCertificate(dir, "server", [...authority.signs, ...forServers, ...named]);
    assert.equal(await askServer(server, authority.cert), "here");
  });
});
