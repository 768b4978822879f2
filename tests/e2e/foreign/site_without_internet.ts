import assert from "node:assert/strict";
import { createTempDir, type TempDir } from "../../support/temp_dir.ts";
import { runVault, VaultProcess } from "../../support/vault_process.ts";

/** A site without internet: the program imports foreign sources into its cache, and serves them. */
export class SiteWithoutInternet implements AsyncDisposable {
  readonly #dir: TempDir;
  readonly #config: string;

  private constructor(dir: TempDir, config: string) {
    this.#dir = dir;
    this.#config = config;
  }

  static async open(...backends: readonly unknown[]): Promise<SiteWithoutInternet> {
    const dir = await createTempDir("vault-site-");
    const config = { cache_dir: dir.join("cache"), cache_min_free: 0, offline: true, shutdown_timeout: "1s", backends };
    await Deno.writeTextFile(dir.join("config.yml"), JSON.stringify(config));
    return new SiteWithoutInternet(dir, dir.join("config.yml"));
  }

  /** Imports a source whole, and gives what the program said. Throws where anything could not be imported. */
  async import(source: string, ...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await runVault(["bundle", "import", source, "--config", this.#config, ...args]);
    assert.equal(code, 0, stdout + stderr);
    return stdout + stderr;
  }

  serve(): Promise<VaultProcess> {
    return VaultProcess.start({ args: ["--config", this.#config] });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#dir[Symbol.asyncDispose]();
  }
}
