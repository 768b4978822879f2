import { freePort } from "../support/free_port.ts";
import { type Nginx, startNginx } from "../support/nginx.ts";
import { ServerProcess } from "../support/server_process.ts";
import { createTempDir } from "../support/temp_dir.ts";
import { vaultCommand, vaultEnvironment, writeVaultConfig } from "../support/vault_process.ts";
import { walk } from "../support/walk.ts";
import { waitUntil } from "../support/wait_until.ts";

/** One of the two programs that are compared, with a cache of its own. */
export interface Side extends AsyncDisposable {
  readonly name: "vault" | "nginx";
  /** Where a file of the upstream is had from. */
  url(file: string): string;
  pids(): number[];
  /** Removes the cached bodies from the disk. */
  forgetBodies(): Promise<void>;
}

/** Both sides over one upstream, with empty caches. */
export async function startSides(upstream: Nginx): Promise<AsyncDisposableStack & { readonly all: readonly Side[] }> {
  const stack = new AsyncDisposableStack();
  try {
    const vault = stack.use(await startVaultSide(upstream));
    const nginx = stack.use(await startNginxSide(upstream));
    return Object.assign(stack, { all: [vault, nginx] });
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

/** The vault with its log in a file, as nginx has its own: one line per request on both sides. */
export async function startVaultSide(upstream: Nginx, cacheDir?: string): Promise<Side> {
  const dir = await createTempDir("vault-bench-");
  const cache = cacheDir ?? dir.join("cache");
  const config = await writeVaultConfig(dir.join("config.yml"), {
    cacheDir: cache,
    upstream: `${upstream.url}/`,
    backend: ["ttl: 7d"],
  });
  const port = freePort();
  const serve = ["serve", "--config", config, "--host", "127.0.0.1", "--port", String(port)];
  const command = ["sh", "-c", 'exec "$@" > "$0" 2>&1', dir.join("log"), ...vaultCommand(), ...serve];
  const process = new ServerProcess(command, { env: vaultEnvironment(), clearEnv: true });
  const url = `http://127.0.0.1:${port}`;
  await waitUntil("the vault answers", () => {
    if (!process.running) throw new Error(Deno.readTextFileSync(dir.join("log")));
    return fetch(`${url}/healthz`).then((response) => response.body?.cancel().then(() => true), () => false);
  });
  return {
    name: "vault",
    url: (file) => `${url}/files/${file}`,
    pids: () => [process.pid],
    forgetBodies: () => emptyFolders(`${cache}/blobs/sha256`),
    async [Symbol.asyncDispose]() {
      await process[Symbol.asyncDispose]();
      await dir[Symbol.asyncDispose]();
    },
  };
}

/** nginx's proxy_cache, one worker, as its makers recommend for big files, and with locks that outlast a download. */
async function startNginxSide(upstream: Nginx): Promise<Side> {
  const dir = await createTempDir("vault-bench-");
  const nginx = await startNginx({
    root: dir.path,
    http: `
      proxy_cache_path ${dir.join("cache")} levels=1:2 keys_zone=bench:100m max_size=50g inactive=7d use_temp_path=off;
      upstream origin { server 127.0.0.1:${upstream.port}; keepalive 64; }`,
    server: `
      location /files/ {
        proxy_pass http://origin/;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_cache bench;
        proxy_cache_key $uri$is_args$args;
        proxy_cache_valid 200 7d;
        proxy_cache_lock on;
        proxy_cache_lock_timeout 1h;
        proxy_cache_lock_age 1h;
        proxy_max_temp_file_size 0;
      }`,
  });
  return {
    name: "nginx",
    url: (file) => `${nginx.url}/files/${file}`,
    pids: () => nginx.pids,
    forgetBodies: () => emptyFolders(dir.join("cache")),
    async [Symbol.asyncDispose]() {
      await nginx[Symbol.asyncDispose]();
      await dir[Symbol.asyncDispose]();
    },
  };
}

/** Removes the files below a directory and leaves the directories, which the programs may believe to be there. */
async function emptyFolders(directory: string): Promise<void> {
  for (const path of walk(directory)) await Deno.remove(`${directory}/${path}`);
}
