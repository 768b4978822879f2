import { importForeign } from "../../src/bundle/foreign/import.ts";
import { recogniseForeign } from "../../src/bundle/foreign/recognise.ts";
import { loadConfig } from "../../src/config/load.ts";
import { configSchema } from "../../src/configuration.ts";
import { noLog } from "../../src/observe/log.ts";
import { type AppFixture, startBackends } from "./app_fixture.ts";
import { hashThread } from "./hash_thread.ts";
import { createTempDir, type TempDir } from "./temp_dir.ts";

/** What became of everything in a source: a line for each thing, `imported NAME` or `left_out NAME: reason`. */
export interface Imported {
  readonly description: string;
  readonly lines: readonly string[];
}

/** A cache directory without internet, into which foreign sources are imported. */
export class ForeignSite implements AsyncDisposable {
  readonly cacheDir: string;
  readonly #dir: TempDir;
  readonly #backends: readonly unknown[];
  readonly #top: Readonly<Record<string, unknown>>;

  constructor(dir: TempDir, backends: readonly unknown[], top: Readonly<Record<string, unknown>>) {
    this.#dir = dir;
    this.#backends = backends;
    this.#top = top;
    this.cacheDir = dir.join("cache");
    Deno.mkdirSync(this.cacheDir);
  }

  /** Imports with an offline configuration. */
  async import(path: string, renamed: Readonly<Record<string, string>> = {}): Promise<Imported> {
    const text = JSON.stringify({
      ...{ cache_dir: this.cacheDir, cache_min_free: 0, offline: true, ...this.#top },
      backends: this.#backends,
    });
    const config = await loadConfig({ schema: configSchema, text, env: () => undefined });
    const names = new Map(Object.entries(renamed));
    const source = await recogniseForeign(path, { spoolDir: this.#dir.path, config, renamed: names });
    try {
      const options = { config, log: noLog, version: "0.0.0", renamed: names, hashThread };
      const outcomes = await Array.fromAsync(importForeign(source, options));
      const lines = outcomes.map(({ name, outcome }) =>
        `${outcome.kind} ${name}${"reason" in outcome ? `: ${outcome.reason}` : ""}`
      );
      return { description: source.description, lines };
    } finally {
      source.close();
    }
  }

  /** A vault that serves what has been imported, and asks nobody. */
  serve(top: Readonly<Record<string, unknown>> = {}): Promise<AppFixture> {
    return startBackends(this.#backends, { cacheDir: this.cacheDir, top: { offline: true, ...top } });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#dir[Symbol.asyncDispose]();
  }
}

/** Makes an empty site with these entries of `backends`, and more keys of the configuration for imports. */
export async function createForeignSite(
  backends: readonly unknown[],
  top: Readonly<Record<string, unknown>> = {},
): Promise<ForeignSite> {
  return new ForeignSite(await createTempDir(), backends, top);
}
