import assert from "node:assert/strict";
import http2 from "node:http2";
import { curl } from "../support/clients.ts";
import { missingPrograms } from "../support/programs.ts";
import { mib } from "../support/random_file.ts";
import { RawClient } from "../support/raw_client.ts";
import { createScene } from "../support/scene.ts";
import { sha256Of } from "../support/store_fixture.ts";
import type { VaultProcess } from "../support/vault_process.ts";
import { waitUntil } from "../support/wait_until.ts";

/** Descriptors the vault may have: then half as many requests at once, and half of those for one client. */
const openFiles = 256;
const perClient = openFiles / 4;

const ignore = missingPrograms("nginx", "curl", "sh").length > 0;

Deno.test(
  { name: "clients that read nothing, and connections that say nothing, leave the vault alive", ignore },
  async (t) => {
    await using scene = await createScene();
    const file = await scene.addFile("large.bin", 8 * mib);
    await using vault = await scene.startVault({ openFiles });
    const path = `/files/${file.name}`;
    assert.equal((await curl(vault.url(path))).status, 200);

    await t.step("12 connections of 100 HTTP/2 streams: as many are answered as one client may have", async () => {
      const sessions = Array.from({ length: 12 }, () => http2.connect(vault.url("")));
      const streams = sessions.flatMap((session) =>
        Array.from({ length: 100 }, () => session.request({ ":path": path }))
      );
      const statuses = await Promise.all(streams.map(statusOf));
      assert.ok(statuses.filter((status) => status === 200).length <= perClient);
      assert.ok(statuses.filter((status) => status === 503).length > 0);
      assert.equal((await curl(vault.url("/healthz"))).status, 200);
      assert.ok(descriptorsOf(vault) < openFiles / 2, `${descriptorsOf(vault)} descriptors`);
      for (const session of sessions) session.destroy();
      await waitUntil("the vault has room again", async () => (await curl(vault.url(path))).status === 200);
      assert.match(await metricsOf(vault), /^vault_errors_total\{backend="\w+",code="overloaded"\} [1-9]/m);
    });

    await t.step({
      name: "more idle, silent and half-sent connections than files: they are closed, and it answers",
      // Before 2.7.8, Deno never tells that it has stopped to accept connections. Such runtimes serve only when told to.
      ignore: vault.output.includes("which has known holes"),
      fn: async () => {
        const waiting = await Promise.all(Array.from({ length: 40 }, () => connect(vault, "")));
        for (const client of waiting) {
          await client.request(path);
          await client.readSome(1000);
        }
        const idle: RawClient[] = [];
        for (let i = 0; i < 2 * openFiles; i++) {
          const said = ["", "GET / HTTP/1.1\r\nhost", "GET /healthz HTTP/1.1\r\nhost: v\r\n\r\n"][i % 3]!;
          const client = await connect(vault, said).catch(() => null);
          if (client) idle.push(client);
        }
        await vault.waitForLine(/Cannot accept connections: .*Too many open files/);
        await waitUntil("the vault answers", async () => (await curl(vault.url(path))).status === 200);
        assert.ok(vault.running);
        assert.match(await metricsOf(vault), /^vault_accept_failures_total [1-9]/m);
        for (const client of waiting) {
          const { body } = await client.answer();
          assert.equal(sha256Of(body), file.sha256, "a request under way is answered to its end");
        }
        for (const client of [...waiting, ...idle]) client[Symbol.dispose]();
      },
    });
  },
);

async function connect(vault: VaultProcess, said: string): Promise<RawClient> {
  const client = await RawClient.connect(vault.url(""));
  await client.send(new TextEncoder().encode(said));
  return client;
}

function statusOf(stream: http2.ClientHttp2Stream): Promise<number | null> {
  const { promise, resolve } = Promise.withResolvers<number | null>();
  stream.on("response", (headers) => resolve(Number(headers[":status"])));
  stream.on("error", () => resolve(null));
  return promise;
}

async function metricsOf(vault: VaultProcess): Promise<string> {
  return new TextDecoder().decode((await curl(vault.url("/metrics"))).body);
}

function descriptorsOf({ pid }: VaultProcess): number {
  return [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
}
