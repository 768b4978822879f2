import assert from "node:assert/strict";
import { createApp } from "../../src/app.ts";
import { loadConfig } from "../../src/config/load.ts";
import { configSchema } from "../../src/configuration.ts";
import { VaultError } from "../../src/errors.ts";
import { noLog } from "../../src/observe/log.ts";
import { createClientInProcess } from "../../src/warm/client_in_process.ts";
import { openClientOverHttp } from "../../src/warm/client_over_http.ts";
import type { VaultClient } from "../../src/warming.ts";
import { startBackends } from "../support/app_fixture.ts";
import { startFakeUpstream } from "../support/fake_upstream.ts";
import { freePort } from "../support/free_port.ts";
import { createTempDir } from "../support/temp_dir.ts";

/** The same promises for a client in this process, and one of a vault elsewhere. */
function promises(name: string, open: (backends: readonly unknown[], top: object) => Promise<Opened>): void {
  Deno.test(`${name}: what it asks for is cached, as for a client`, async () => {
    await using upstream = startFakeUpstream();
    upstream.serve("/a", { body: "hello" });
    await using opened = await open([http(upstream.origin)], {});
    const first = await opened.client.request("/files/a");
    assert.equal(first.status, 200);
    assert.equal(await first.text(), "hello");
    assert.match(first.headers.get("cache-status")!, /fwd=uri-miss/);
    assert.equal(await (await opened.client.request("/files/a")).text(), "hello");
    assert.equal(upstream.requests.length, 1);
  });

  Deno.test(`${name}: redirects within the vault are followed`, async () => {
    await using upstream = startFakeUpstream();
    upstream.serve("/requests/", { body: "<a href=x-1.tar.gz>x</a>", headers: { "content-type": "text/html" } });
    const pypi = { type: "pypi", name: "pypi", config: { index_url: upstream.origin, retries: 0 } };
    await using opened = await open([pypi], {});
    const response = await opened.client.request("/pypi/simple/Requests", { headers: { accept: "text/html" } });
    assert.equal(response.status, 200);
    await response.body?.cancel();
  });

  Deno.test(`${name}: an error of the vault is an answer`, async () => {
    await using opened = await open([http("http://127.0.0.1:1")], {});
    const response = await opened.client.request("/nothing/here");
    assert.equal(response.status, 404);
    assert.match(await response.text(), /known prefixes/);
  });

  Deno.test(`${name}: a signal ends a request`, async () => {
    await using opened = await open([http("http://127.0.0.1:1")], {});
    await assert.rejects(
      opened.client.request("/files/a", { signal: AbortSignal.abort(new Error("enough")) }),
      /enough/,
    );
  });
}

interface Opened extends AsyncDisposable {
  readonly client: VaultClient;
}

function http(origin: string): unknown {
  return { type: "http", name: "files", config: { base_url: origin, retries: 0, ttl: "1h" } };
}

promises("in this process", async (backends, top) => {
  const cacheDir = await Deno.makeTempDir({ prefix: "vault-test-" });
  const text = JSON.stringify({ cache_dir: cacheDir, cache_min_free: 0, ...top, backends });
  const config = await loadConfig({ schema: configSchema, text, env: () => undefined });
  const app = await createApp(config, { log: noLog, version: "0.0.0" });
  return {
    client: createClientInProcess(app),
    async [Symbol.asyncDispose]() {
      await app.close(0);
      await Deno.remove(cacheDir, { recursive: true });
    },
  };
});

promises("over http", async (backends, top) => {
  const vault = await startBackends(backends, { top: { ...top } });
  const client = openClientOverHttp(vault.origin);
  await client.check();
  return {
    client,
    async [Symbol.asyncDispose]() {
      client.close();
      await vault[Symbol.asyncDispose]();
    },
  };
});

Deno.test("requests of the program itself do not count in max_requests, and pass for its own under server_names", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body: "hello" });
  await using dir = await createTempDir();
  const top = { cache_dir: dir.path, cache_min_free: 0, max_requests: 1, server_names: ["vault.example.com"] };
  const text = JSON.stringify({ ...top, backends: [http(upstream.origin)] });
  const config = await loadConfig({ schema: configSchema, text, env: () => undefined });
  const app = await createApp(config, { log: noLog, version: "0.0.0" });
  try {
    const client = createClientInProcess(app);
    const both = await Promise.all([client.request("/files/a"), client.request("/files/a")]);
    assert.deepEqual(await Promise.all(both.map((one) => one.text())), ["hello", "hello"]);
  } finally {
    await app.close(0);
  }
});

Deno.test("a vault that cannot be reached, and what is no URL", async () => {
  const client = openClientOverHttp(`http://127.0.0.1:${freePort()}`);
  await assert.rejects(client.request("/a"), (error) => error instanceof VaultError && error.code === "upstream_down");
  await assert.rejects(client.check(), /Cannot reach the vault at .*: connection refused$/);
  client.close();
  await using upstream = startFakeUpstream();
  upstream.serve("/-/healthz", { body: "<html>ok</html>" });
  const other = openClientOverHttp(upstream.origin);
  await assert.rejects(other.check(), /There is no vault at .*: \/-\/healthz answers something else than a vault/);
  other.close();
  assert.throws(() => openClientOverHttp("vault:8080"), /not the URL of a vault/);
});
