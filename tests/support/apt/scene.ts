import { AptGet } from "./get.ts";
import { AptRepository, type RepositoryOptions } from "./repository.ts";
import { type CountingProxy, startCountingProxy } from "../counting_proxy.ts";
import { type Nginx, startNginx } from "../nginx.ts";
import { createTempDir, type TempDir } from "../temp_dir.ts";
import { VaultProcess } from "../vault_process.ts";

/** A signed repository behind nginx and a proxy that counts, and vaults in front of it. */
export interface AptScene extends AsyncDisposable {
  readonly dir: TempDir;
  readonly repository: AptRepository;
  /** Serves the repository without being counted. */
  readonly nginx: Nginx;
  /** What the vault knows as its mirror. */
  readonly upstream: CountingProxy;
  /**
   * Starts a vault with the repository at `/debian`, whose releases are never fresh. `keys` are more ones of its
   * backend, `more` those of the vault. All share a cache.
   */
  startVault(
    args?: readonly string[],
    keys?: Readonly<Record<string, unknown>>,
    more?: Readonly<Record<string, unknown>>,
  ): Promise<VaultProcess>;
  /** A client of the repository at this URL, with a root of that name. */
  createApt(name: string, url: string, ...settings: readonly string[]): Promise<AptGet>;
}

/** The programs that a scene needs. */
export const aptPrograms = ["apt-get", "apt-ftparchive", "dpkg-deb", "gpg", "xz", "nginx"];

/** Sets up the scene; everything is gone when it is disposed of, but vaults are the caller's. */
export async function createAptScene(options: RepositoryOptions = {}): Promise<AptScene> {
  await using stack = new AsyncDisposableStack();
  const dir = stack.use(await createTempDir("vault-apt-"));
  const repository = stack.use(await AptRepository.create(dir, options));
  const nginx = stack.use(await startNginx({ root: repository.root }));
  const upstream = stack.use(startCountingProxy(nginx.url));
  const resources = stack.move();
  return {
    ...{ dir, repository, nginx, upstream },
    async startVault(args = [], keys = {}, more = {}) {
      const config = { mirror_url: upstream.url, ttl: "0s", retries: 0, ...keys };
      const backends = [{ type: "apt", name: "debian", config }];
      const top = { cache_dir: dir.join("cache"), cache_min_free: 0, shutdown_timeout: "1s", backends, ...more };
      await Deno.writeTextFile(dir.join("config.yml"), JSON.stringify(top));
      return await VaultProcess.start({ args: ["--config", dir.join("config.yml"), ...args] });
    },
    createApt: (name, url, ...settings) => AptGet.create(dir, name, { sources: repository.source(url), settings }),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
