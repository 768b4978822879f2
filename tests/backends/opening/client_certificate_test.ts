import assert from "node:assert/strict";
import https from "node:https";
import type { TLSSocket } from "node:tls";
import { startBackends } from "../../support/app_fixture.ts";
import { type Certificates, createCertificates, createClientCertificate } from "../../support/certificates.ts";
import { missingPrograms } from "../../support/programs.ts";
import { createTempDir } from "../../support/temp_dir.ts";

const ignore = missingPrograms("openssl").length > 0;
const manifestType = "application/vnd.oci.image.manifest.v1+json";

interface Asked {
  readonly path: string;
  /** The name in the client's certificate; null where it showed none. */
  readonly client: string | null;
}

/** A server on 127.0.0.1 that asks its clients for a certificate and, where it `demands` one, serves nobody without. */
class MutualTlsServer implements AsyncDisposable {
  readonly asked: Asked[] = [];
  /** Paths with the URLs that they redirect to; everything else is there. */
  readonly redirects = new Map<string, string>();
  readonly #server: https.Server;

  constructor(server: https.Server) {
    this.#server = server;
    server.on("request", (request, response) => {
      const path = request.url ?? "";
      const { subject } = (request.socket as TLSSocket).getPeerCertificate() ?? {};
      this.asked.push({ path, client: subject?.CN?.toString() ?? null });
      const location = this.redirects.get(path);
      if (location !== undefined) return response.writeHead(302, { location }).end();
      const body = JSON.stringify({ schemaVersion: 2, mediaType: manifestType, layers: [], annotations: { path } });
      response.writeHead(200, { "content-type": manifestType, "content-length": body.length }).end(body);
    });
  }

  static async start({ ca, cert, key }: Certificates, demands: boolean): Promise<MutualTlsServer> {
    const [authority, own, secret] = await Promise.all([ca, cert, key].map((path) => Deno.readTextFile(path)));
    const options = { ca: authority!, cert: own!, key: secret!, requestCert: true, rejectUnauthorized: demands };
    const server = https.createServer(options);
    // Whoever shows no certificate is cut off, which is what is tested.
    server.on("tlsClientError", () => {});
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new MutualTlsServer(server);
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  get url(): string {
    return `https://${this.host}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

Deno.test({ name: "an upstream that asks who the vault is gets its certificate", ignore }, async (t) => {
  await using dir = await createTempDir();
  const server = await createCertificates(dir);
  const alice = await createClientCertificate(dir, "alice");
  const bob = await createClientCertificate(dir, "bob");
  await using upstream = await MutualTlsServer.start(server, true);
  await using elsewhere = await MutualTlsServer.start(server, false);
  const common = { prefix: "/x", retries: 0, ca: server.ca };
  const files = (own: object) => [{ type: "http", name: "x", config: { ...common, base_url: upstream.url, ...own } }];

  await t.step("its name arrives", async () => {
    await using app = await startBackends(files({ client_certificate: alice }));
    assert.equal((await app.ask("/x/a")).status, 200);
    assert.deepEqual(upstream.asked.at(-1), { path: "/a", client: "alice" });
  });

  await t.step("without one, the error says what is missing", async () => {
    await using app = await startBackends(files({}));
    const { status, text } = await app.ask("/x/b");
    assert.equal(status, 502);
    assert.match(text, /certificate of the vault's own; name one with client_certificate/);
  });

  await t.step("another origin, to which it redirects, is shown none", async () => {
    upstream.redirects.set("/c", `${elsewhere.url}/c`);
    await using app = await startBackends(files({ client_certificate: alice }));
    assert.equal((await app.ask("/x/c")).status, 200);
    assert.deepEqual(elsewhere.asked.at(-1), { path: "/c", client: null });
  });

  await t.step("a registry has its own, and one that a client names gets none", async () => {
    const registry = { registry_url: upstream.url, client_certificate: bob };
    const config = { ...common, client_certificate: alice, registries: "any", allow_private_redirects: true };
    await using app = await startBackends([{
      type: "oci",
      name: "x",
      config: { ...config, repositories: [registry] },
    }]);
    assert.equal((await app.ask(`/v2/app/manifests/1?ns=${upstream.host}`)).status, 200);
    assert.equal(upstream.asked.at(-1)?.client, "bob");
    assert.equal((await app.ask(`/v2/app/manifests/1?ns=${elsewhere.host}`)).status, 200);
    assert.equal(elsewhere.asked.at(-1)?.client, null);
  });

  await t.step("an index has the backend's, unless it has its own", async () => {
    const index = (name: string, own: object) => ({ index_url: `${upstream.url}/${name}`, ...own });
    const indexes = [index("one", { never: "y" }), index("two", { only: "y", client_certificate: bob })];
    const config = { ...common, client_certificate: alice, indexes };
    await using app = await startBackends([{ type: "pypi", name: "x", config }]);
    for (const name of ["x", "y"]) await app.ask(`/x/simple/${name}/`);
    assert.deepEqual(upstream.asked.slice(-2), [
      { path: "/one/x/", client: "alice" },
      { path: "/two/y/", client: "bob" },
    ]);
  });

  await t.step("a renewed one is used once the files are read again, a wrong one is not", async () => {
    await using app = await startBackends(files({ client_certificate: alice }));
    await app.ask("/x/before");
    await Deno.copyFile(bob.cert, alice.cert);
    await assert.rejects(
      app.renewCertificates(),
      /alice\.key" as client_certificate\.key: .* was made for another key/,
    );
    await app.ask("/x/between");
    await Deno.copyFile(bob.key, alice.key);
    await app.renewCertificates();
    await app.ask("/x/after");
    assert.deepEqual(upstream.asked.slice(-3), [
      { path: "/before", client: "alice" },
      { path: "/between", client: "alice" },
      { path: "/after", client: "bob" },
    ]);
  });

  await t.step("a backend that asks no upstream needs none", async () => {
    const missing = { cert: dir.join("none.pem"), key: dir.join("none.key") };
    await using app = await startBackends(files({ client_certificate: missing, offline: true }));
    assert.equal((await app.ask("/x/d")).status, 404);
    await assert.rejects(startBackends(files({ client_certificate: missing })), {
      message: `Cannot use "${missing.cert}" as client_certificate.cert: there is no such file`,
    });
  });
});
