import { freePort } from "../support/free_port.ts";
import { type Nginx, startNginx } from "../support/nginx.ts";
import type { BackendEntry } from "../support/oci/scene.ts";
import { ServerProcess } from "../support/server_process.ts";
import { createTempDir, type TempDir } from "../support/temp_dir.ts";
import { oldRuntimeAllowed, vaultCommand, vaultEnvironment, writeVaultConfig } from "../support/vault_process.ts";
import { walk } from "../support/walk.ts";
import { waitUntil } from "../support/wait_until.ts";

/** One of the programs that are compared, with a cache of its own. */
export interface Side extends AsyncDisposable {
  readonly name: string;
  /** Where something of the upstream is had from. */
  url(path: string): string;
  pids(): number[];
}

/** A side with the files of an nginx. */
export interface FileSide extends Side {
  /** Removes the cached bodies from the disk. */
  forgetBodies(): Promise<void>;
}

/** The vault, and what it is compared with. */
export interface Sides<S extends Side> extends AsyncDisposable {
  readonly vault: S;
  readonly peers: readonly S[];
}

/** Starts one after the other. Where one cannot be started, those before are ended again. */
export async function startSides<S extends Side>(
  startVault: () => Promise<S>,
  ...startPeers: readonly (() => S | Promise<S>)[]
): Promise<Sides<S>> {
  await using stack = new AsyncDisposableStack();
  const vault = stack.use(await startVault());
  const peers: S[] = [];
  for (const start of startPeers) peers.push(stack.use(await start()));
  const started = stack.move();
  return { vault, peers, [Symbol.asyncDispose]: () => started.disposeAsync() };
}

/** The vault and nginx over one upstream, with empty caches. */
export function startFileSides(upstream: Nginx): Promise<Sides<FileSide>> {
  return startSides(() => startFileVault(upstream), () => startNginxSide(upstream));
}

/** The vault with an http backend for the upstream; its cache is removed with it unless it is the caller's. */
export async function startFileVault(upstream: Nginx, cacheDir?: string): Promise<FileSide> {
  const dir = await createTempDir("vault-bench-");
  const cache = cacheDir ?? dir.join("cache");
  const config = { cacheDir: cache, upstream: `${upstream.url}/`, backend: ["ttl: 7d"] };
  const vault = await startVault(dir, await writeVaultConfig(dir.join("config.yml"), config));
  return {
    ...vault,
    url: (file) => vault.url(`/files/${file}`),
    forgetBodies: () => emptyFolders(`${cache}/blobs/sha256`),
  };
}

/** The vault with one backend and an empty cache; its URLs begin with the backend's name, as its prefix does. */
export async function startBackend(backend: BackendEntry, base = `/${backend.name}`): Promise<Side> {
  const dir = await createTempDir("vault-bench-");
  const config = { cache_dir: dir.join("cache"), backends: [backend] };
  await Deno.writeTextFile(dir.join("config.yml"), JSON.stringify(config));
  const vault = await startVault(dir, dir.join("config.yml"));
  return { ...vault, url: (path) => vault.url(base + path) };
}

/** The upstream itself, which stays the caller's: what it takes when there is nothing between the client and it. */
export function straightTo(upstream: Nginx): Side {
  return {
    name: "straight",
    url: (path) => upstream.url + path,
    pids: () => upstream.pids,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** The vault with its log in a file, as its peers have theirs: one line per request. Removes `dir` in the end. */
export async function startVault(dir: TempDir, config: string): Promise<Side> {
  const port = freePort();
  const serve = ["serve", oldRuntimeAllowed, "--config", config, "--host", "127.0.0.1", "--port", String(port)];
  const process = startLogged([...vaultCommand(), ...serve], dir.join("log"), vaultEnvironment());
  const url = `http://127.0.0.1:${port}`;
  await waitUntil("the vault answers", () => isUp(process, `${url}/healthz`, dir.join("log")));
  return sideOf({ name: "vault", url, process, dir });
}

/** A program on its own as a side; `dir` goes with it. */
export function sideOf(
  { name, url, process, dir }: { name: string; url: string; process: ServerProcess; dir: TempDir },
): Side {
  return {
    name,
    url: (path) => url + path,
    pids: () => [process.pid],
    async [Symbol.asyncDispose]() {
      await process[Symbol.asyncDispose]();
      await dir[Symbol.asyncDispose]();
    },
  };
}

/** Whether a program answers at `url` yet; throws with its log when it has ended. */
export async function isUp(process: ServerProcess, url: string, log: string): Promise<boolean> {
  if (!process.running) throw new Error(Deno.readTextFileSync(log));
  try {
    await (await fetch(url)).body?.cancel();
    return true;
  } catch {
    return false;
  }
}

/** A program that writes all it has to say to a file. */
export function startLogged(command: readonly string[], log: string, env: Record<string, string>): ServerProcess {
  return new ServerProcess(["sh", "-c", 'exec "$@" > "$0" 2>&1', log, ...command], { env, clearEnv: true });
}

/** nginx's proxy_cache, one worker, as its makers recommend for big files, and with locks that outlast a download. */
export async function startNginxSide(upstream: Nginx): Promise<FileSide> {
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
