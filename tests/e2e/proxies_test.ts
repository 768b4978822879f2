import assert from "node:assert/strict";
import { canConnect } from "../support/can_connect.ts";
import { curl, download } from "../support/clients.ts";
import { FakeUpstream } from "../support/fake_upstream.ts";
import { freePort } from "../support/free_port.ts";
import { missingPrograms } from "../support/programs.ts";
import { createRandomFile, mib } from "../support/random_file.ts";
import { ServerProcess } from "../support/server_process.ts";
import { createTempDir, type TempDir } from "../support/temp_dir.ts";
import { testInTurn } from "../support/thorough.ts";
import { projectRoot, VaultProcess } from "../support/vault_process.ts";
import { waitUntil } from "../support/wait_until.ts";

interface Proxy {
  readonly name: string;
  /** The example in docs/deploy. */
  readonly example: string;
  /** Makes a configuration for the port of that example, and the command that runs it. */
  readonly command: (dir: TempDir, example: string, port: number) => Promise<string[]>;
}

const proxies: readonly Proxy[] = [{
  name: "nginx",
  example: "nginx.conf",
  async command(dir, example, port) {
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    const paths = temporary.map((name) => `${name}_temp_path ${dir.join(name)};`).join(" ");
    const site = example.replace("listen 80;", `listen 127.0.0.1:${port};`);
    const text = `daemon off; pid ${
      dir.join("nginx.pid")
    }; error_log stderr; events {} http { access_log off; ${paths} `;
    await Deno.writeTextFile(dir.join("nginx.conf"), `${text}\n${site}}`);
    return ["nginx", "-c", dir.join("nginx.conf"), "-p", dir.path];
  },
}, {
  name: "caddy",
  example: "Caddyfile",
  async command(dir, example, port) {
    const site = example.replace("vault.example.com {", `http://:${port} {\n\tbind 127.0.0.1`);
    await Deno.writeTextFile(dir.join("Caddyfile"), `{\n\tadmin off\n}\n${site}`);
    return ["caddy", "run", "--adapter", "caddyfile", "--config", dir.join("Caddyfile")];
  },
}];

/** An address of this machine that is no trusted proxy, and what a client could write to pass for somebody else. */
const stranger = ["--interface", "127.0.0.2", "-H", "Host: vault.example.com"];
const lies = [
  "X-Forwarded-For: 192.0.2.66",
  "X-Forwarded-Host: evil.example",
  "X-Forwarded-Proto: https",
  "X-Forwarded-Prefix: /evil",
  "X-Real-IP: 192.0.2.66",
  "Forwarded: for=192.0.2.66;host=evil.example;proto=https",
].flatMap((header) => ["-H", header]);

for (const { name, example, command } of proxies) {
  const ignore = Deno.build.os !== "linux" || missingPrograms(name, "curl", "cmp").length > 0;
  testInTurn(
    { name: `the example for ${name} in front: whole bodies, ranges, events, and nobody is believed`, ignore },
    async () => {
      await using dir = await createTempDir();
      await using upstream = new FakeUpstream({});
      const file = await createRandomFile(dir.path, "big.bin", 8 * mib);
      upstream.serve("/big.bin", { body: await Deno.readFile(file.path), etag: '"1"' });
      const lines = [
        ...[`cache_dir: ${dir.join("cache")}`, "trusted_proxies: [127.0.0.1]", "backends:"],
        `  - {type: http, name: files, config: {prefix: /files, base_url: "${upstream.origin}/", ttl: 1h}}`,
        `  - {type: npm, name: npm, config: {prefix: /npm, registry_url: "${upstream.origin}"}}`,
      ];
      const config = dir.join("config.yml");
      await Deno.writeTextFile(config, lines.join("\n"));
      await using vault = await VaultProcess.start({ args: ["--config", config] });
      const text = await Deno.readTextFile(`${projectRoot}/docs/deploy/${example}`);
      const port = freePort();
      const own = text.replace("127.0.0.1:8080", new URL(vault.url("")).host);
      assert.notEqual(own, text);
      const environment = { HOME: dir.path, PATH: `${Deno.env.get("PATH")}:/usr/sbin` };
      await using proxy = new ServerProcess(await command(dir, own, port), { env: environment, clearEnv: true });
      const url = `http://127.0.0.1:${port}`;
      await waitUntil("the proxy accepts connections", () => {
        assert.ok(proxy.running, proxy.output);
        return canConnect(port);
      });

      const args = [...stranger, ...lies];
      assert.ok((await download(`${url}/files/big.bin`, file, { args })).right, "fetched");
      assert.ok((await download(`${url}/files/big.bin`, file, { args })).right, "cached");
      const range = { start: 3 * mib - 7, end: 5 * mib };
      const part = await download(`${url}/files/big.bin`, file, { args, range });
      assert.deepEqual([part.status, part.right], [206, true]);
      const [line] = await vault.waitForLine(/cache hit files .* 206 .*/);
      assert.match(line, / client 127\.0\.0\.2 /);

      const script = await curl(...args, `${url}/-/setup/npm`);
      assert.match(script.text, /http:\/\/vault\.example\.com\b/);
      assert.doesNotMatch(script.text, /evil|https:\/\/vault\.example\.com/);
      const purge = await curl(
        ...args,
        "-X",
        "POST",
        "-H",
        "Content-Type: application/json",
        "-d",
        "{}",
        `${url}/-/api/v1/evict`,
      );
      assert.equal(purge.status, 403, purge.text);
      const events = new AbortController();
      const stream = await fetch(`${url}/-/events`, { signal: events.signal });
      const first = await stream.body!.getReader().read();
      assert.ok(!first.done && first.value.length > 0, "an event comes at once, not with the end");
      events.abort();
      assert.doesNotMatch(vault.output, /evil|192\.0\.2\.66/);

      const direct = await curl(...args, vault.url("/-/setup/npm"));
      assert.doesNotMatch(direct.text, /evil|https:\/\/vault\.example\.com/, "nor where there is no proxy at all");
    },
  );
}
