import { createTempDir, type TempDir } from "../temp_dir.ts";
import { VaultProcess } from "../vault_process.ts";
import { Hub } from "./hub.ts";

/** A Hub, and a cache for vaults in processes of their own. */
export class HubProcessScene implements AsyncDisposable {
  readonly hub = new Hub();
  readonly dir: TempDir;

  private constructor(dir: TempDir) {
    this.dir = dir;
  }

  static async create(): Promise<HubProcessScene> {
    return new HubProcessScene(await createTempDir("vault-hub-e2e-"));
  }

  /** Starts a vault with more arguments; `endpoint` is what clients have as HF_ENDPOINT. */
  async start(...args: readonly string[]): Promise<HubVaultProcess> {
    const config = this.dir.join("config.yml");
    await Deno.writeTextFile(
      config,
      [
        `cache_dir: ${this.dir.join("cache")}`,
        "cache_min_free: 0",
        "backends:",
        "  - type: huggingface",
        "    config:",
        `      base_url: ${this.hub.url}`,
        "      retries: 0",
      ].join("\n"),
    );
    return new HubVaultProcess(await VaultProcess.start({ args: ["--config", config, ...args] }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.hub[Symbol.asyncDispose]();
    await this.dir[Symbol.asyncDispose]();
  }
}

export class HubVaultProcess implements AsyncDisposable {
  readonly vault: VaultProcess;

  constructor(vault: VaultProcess) {
    this.vault = vault;
  }

  get endpoint(): string {
    return this.vault.url("/huggingface");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.vault[Symbol.asyncDispose]();
  }
}
