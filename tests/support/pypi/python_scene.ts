import type { BackendEntry } from "../oci/scene.ts";
import { PypiIndex, type PypiIndexOptions } from "./pypi_index.ts";
import { createTempDir, type TempDir } from "../temp_dir.ts";
import { type VaultOptions, VaultProcess } from "../vault_process.ts";

/** A package index, and vaults in front of it. */
export interface PythonScene extends AsyncDisposable {
  readonly dir: TempDir;
  /** Where all vaults of the scene keep what they have. */
  readonly cacheDir: string;
  readonly index: PypiIndex;
  /** Starts a vault; one `pypi` backend of that name for the index, with more keys. All share a cache. */
  startVault(more?: Readonly<Record<string, unknown>>, options?: Partial<VaultOptions>): Promise<PythonVault>;
}

/** A vault with a backend `pypi`. */
export interface PythonVault extends AsyncDisposable {
  readonly process: VaultProcess;
  /** What clients are given as their index. */
  readonly indexUrl: string;
  /** Of a path below the backend's prefix. */
  url(path: string): string;
}

/** Sets up an index; everything is gone when the scene is disposed of, but vaults are the caller's. */
export async function createPythonScene(options: PypiIndexOptions = {}): Promise<PythonScene> {
  await using stack = new AsyncDisposableStack();
  const dir = stack.use(await createTempDir("vault-python-"));
  const index = stack.use(new PypiIndex(options));
  const cacheDir = dir.join("cache");
  const resources = stack.move();
  return {
    ...{ dir, cacheDir, index },
    async startVault(more = {}, { args = [], ...options } = {}) {
      const single = more.indexes === undefined ? { index_url: index.indexUrl } : {};
      const backend: BackendEntry = { type: "pypi", name: "pypi", config: { ...single, retries: 0, ...more } };
      const path = dir.join("config.yml");
      const config = { cache_dir: cacheDir, cache_min_free: 0, shutdown_timeout: "1s", backends: [backend] };
      await Deno.writeTextFile(path, JSON.stringify(config));
      const process = await VaultProcess.start({ ...options, args: ["--config", path, ...args] });
      const url = (path: string) => process.url(`/pypi${path}`);
      return { process, url, indexUrl: url("/simple"), [Symbol.asyncDispose]: () => process[Symbol.asyncDispose]() };
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
