import { createTempDir, type TempDir } from "../temp_dir.ts";
import { type VaultOptions, VaultProcess } from "../vault_process.ts";
import { NpmRegistry, type NpmRegistryOptions } from "./npm_registry.ts";

/** A registry, and vaults in front of it. */
export interface NpmScene extends AsyncDisposable {
  readonly dir: TempDir;
  readonly registry: NpmRegistry;
  /** Starts a vault with one `npm` backend of that name, with more keys. All share a cache. */
  startVault(more?: Readonly<Record<string, unknown>>, options?: Partial<VaultOptions>): Promise<NpmVault>;
}

/** A vault with a backend `npm`. */
export interface NpmVault extends AsyncDisposable {
  readonly process: VaultProcess;
  /** What clients are given as their registry. */
  readonly registryUrl: string;
  /** Of a path below the backend's prefix. */
  url(path: string): string;
}

/** Sets up a registry; everything is gone when the scene is disposed of, but vaults are the caller's. */
export async function createNpmScene(options: NpmRegistryOptions = {}): Promise<NpmScene> {
  await using stack = new AsyncDisposableStack();
  const dir = stack.use(await createTempDir("vault-npm-"));
  const registry = stack.use(new NpmRegistry(options));
  const resources = stack.move();
  return {
    ...{ dir, registry },
    async startVault(more = {}, { args = [], ...options } = {}) {
      const backend = { type: "npm", name: "npm", config: { registry_url: registry.url, retries: 0, ...more } };
      const path = dir.join("config.yml");
      const config = { cache_dir: dir.join("cache"), cache_min_free: 0, shutdown_timeout: "1s", backends: [backend] };
      await Deno.writeTextFile(path, JSON.stringify(config));
      const process = await VaultProcess.start({ ...options, args: ["--config", path, ...args] });
      const url = (path: string) => process.url(`/npm${path}`);
      return { process, url, registryUrl: url("/"), [Symbol.asyncDispose]: () => process[Symbol.asyncDispose]() };
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
