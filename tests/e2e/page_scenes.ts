import { startFakeUpstream } from "../support/fake_upstream.ts";
import { createTempDir } from "../support/temp_dir.ts";
import { VaultProcess } from "../support/vault_process.ts";
import { waitUntil } from "../support/wait_until.ts";

/** Names that would be markup, code or another direction of text, where nobody minds them. */
export const hostileNames = [
  "<script>document.title=1</script>",
  "<img src=x onerror=document.title=1>",
  '"onmouseover="document.title=1',
  "\u202etxt.exe\u2066\u200f",
  "__proto__",
  "constructor",
  "x".repeat(5000),
  "&lt;b&gt;${1}`",
];

export interface PageScene extends AsyncDisposable {
  readonly vault: VaultProcess;
  /** Asks for something below `/files` as a client that reads the answer to its end, or to where it breaks. */
  ask(path: string): Promise<void>;
  /** Has the vault read a configuration without this backend. */
  removeBackend(name: string): Promise<void>;
}

type Keys = Readonly<Record<string, unknown>>;

/** Starts a vault with these backends by name, of http where none says its type; it ends with `stack`. */
async function startVault(stack: AsyncDisposableStack, backends: Readonly<Record<string, Keys>>) {
  const dir = stack.use(await createTempDir());
  const config = {
    cache_dir: dir.join("cache"),
    backends: Object.entries(backends).map(([name, { type = "http", ...keys }]) => ({
      ...{ type, name, config: { prefix: `/${name}`, retries: 0, ...keys } },
    })),
  };
  const path = dir.join("config.yml");
  await Deno.writeTextFile(path, JSON.stringify(config));
  const vault = stack.use(await VaultProcess.start({ args: ["--config", path] }));
  return {
    vault,
    async removeBackend(name: string) {
      const left = config.backends.filter((backend) => backend.name !== name);
      await Deno.writeTextFile(path, JSON.stringify({ ...config, backends: left }));
      Deno.kill(vault.pid, "SIGHUP");
    },
    async ask(path: string) {
      await fetch(vault.url(path)).then((response) => response.arrayBuffer()).catch(() => {});
    },
  };
}

/** A vault that nobody has asked for anything. */
export async function startEmpty(): Promise<PageScene> {
  await using stack = new AsyncDisposableStack();
  const scene = await startVault(stack, { files: { base_url: "http://127.0.0.1:9/" } });
  const started = stack.move();
  return { ...scene, [Symbol.asyncDispose]: () => started.disposeAsync() };
}

/** A vault with something of everything: cached, missing, failing, hostile and on its way. */
export async function startBusy() {
  await using stack = new AsyncDisposableStack();
  const upstream = stack.use(startFakeUpstream());
  const headers = { "cache-control": "max-age=600", "x-note": "<script>document.title=1</script>" };
  const names = ["/model.bin", ...hostileNames.map((name) => `/${encodeURIComponent(name)}`)];
  for (const name of names) upstream.serve(name, { body: "b".repeat(20_000), headers });
  upstream.serve("/bad", { status: 503 });
  upstream.serve("/slow.iso", { body: "s".repeat(1_000_000) });
  const transfer = upstream.hold("/slow.iso", 300_000);
  const base_url = upstream.origin;
  const scene = await startVault(stack, { files: { base_url, timeout: "10m" }, mirror: { base_url, ttl: "1h" } });
  for (const name of [...names, ...names, "/bad", "/missing"]) await scene.ask(`/files${name}`);
  await scene.ask("/mirror/model.bin");
  const slow = fetch(scene.vault.url("/files/slow.iso")).then((response) => response.arrayBuffer()).catch(() => null);
  await transfer.reached;
  const resources = stack.move();
  return {
    ...scene,
    ...{ transfer, slow },
    async [Symbol.asyncDispose]() {
      transfer.release();
      await slow;
      await resources.disposeAsync();
    },
  };
}

/** A vault most of whose upstreams give it trouble. */
export async function startFailing(): Promise<PageScene> {
  await using stack = new AsyncDisposableStack();
  const upstream = stack.use(startFakeUpstream());
  const gone = startFakeUpstream();
  await gone[Symbol.asyncDispose]();
  upstream.serve("/bad", { status: 503 });
  upstream.serve("/cut", { body: "c".repeat(50_000), fault: { kind: "close", afterBytes: 20_000 } });
  upstream.serve("/api/models/acme/m/revision/main", {
    ...{ status: 401, body: "{}" },
    headers: { ratelimit: '"api";r=3;t=200', "ratelimit-policy": '"fixed window";"api";q=500;w=300' },
  });
  const scene = await startVault(stack, {
    files: { base_url: upstream.origin },
    gone: { base_url: gone.origin },
    elsewhere: { base_url: "http://mirror.example/", username: "me", password: "secret" },
    hub: { type: "huggingface", base_url: upstream.origin, token: "hf_expired" },
  });
  const paths = ["/files/bad", "/files/cut", "/files/none", "/hub/api/models/acme/m/revision/main", "/nowhere/at/all"];
  for (const path of paths) await scene.ask(path);
  await waitUntil("an upstream is down", async () => {
    await scene.ask("/gone/x");
    const upstreams = await (await fetch(scene.vault.url("/-/api/v1/upstreams"))).json();
    return upstreams.some(({ state }: { state: string }) => state === "down");
  });
  const started = stack.move();
  return { ...scene, [Symbol.asyncDispose]: () => started.disposeAsync() };
}
