import { createRandomFile, type RandomFile } from "./random_file.ts";
import { type Nginx, startNginx } from "./nginx.ts";
import { createTempDir, type TempDir } from "./temp_dir.ts";
import { type VaultConfig, type VaultOptions, VaultProcess, writeVaultConfig } from "./vault_process.ts";

/** A real upstream, a cache directory and a configuration; the vault is started by the test, as often as it likes. */
export interface Scene extends AsyncDisposable {
  readonly dir: TempDir;
  readonly nginx: Nginx;
  readonly cacheDir: string;
  readonly configPath: string;
  /** Puts a file of random bytes at the upstream. */
  addFile(name: string, sizeBytes: number): Promise<RandomFile>;
  /** The configuration of the scene, with more lines. */
  configure(config: Partial<VaultConfig>): Promise<void>;
  startVault(options?: Partial<VaultOptions>): Promise<VaultProcess>;
}

/** Sets up nginx and a configuration that puts it under `/files`; everything is gone when the scene is disposed of. */
export async function createScene(): Promise<Scene> {
  const dir = await createTempDir("vault-scene-");
  const root = dir.join("upstream");
  const cacheDir = dir.join("cache");
  const configPath = dir.join("config.yml");
  await Deno.mkdir(root);
  const nginx = await startNginx({ root });
  const configure = async (config: Partial<VaultConfig>) => {
    await writeVaultConfig(configPath, { cacheDir, upstream: `${nginx.url}/`, ...config });
  };
  await configure({});
  return {
    dir,
    nginx,
    cacheDir,
    configPath,
    addFile: (name, sizeBytes) => createRandomFile(root, name, sizeBytes),
    configure,
    startVault: ({ args = [], ...options } = {}) =>
      VaultProcess.start({ ...options, args: ["--config", configPath, ...args] }),
    async [Symbol.asyncDispose]() {
      await nginx[Symbol.asyncDispose]();
      await dir[Symbol.asyncDispose]();
    },
  };
}
