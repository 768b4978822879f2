import { FsLayout } from "../../src/store/fs_layout.ts";
import type { Entry } from "../../src/store/store.ts";
import { cachedEntries } from "../../src/inventory/cached_entries.ts";
import { entryName } from "../../src/inventory/entry_name.ts";
import { type CapturedRun, runCaptured } from "../support/run_captured.ts";
import { bytesOf, StoreFixture } from "../support/store_fixture.ts";
import { createTempDir, type TempDir } from "../support/temp_dir.ts";
import { walk } from "../support/walk.ts";

const backends = `
backends:
  - type: http
    name: files
    config: { prefix: /files, base_url: "https://files.example.com" }
  - type: pypi
    name: pypi
    config: { prefix: /pypi }
  - type: dockerhub
    name: docker
    config: { prefix: /docker }
  - type: apt
    name: debian
    config: { prefix: /debian, mirror_url: "https://deb.example.com/debian" }
`;

interface PutOptions {
  /** The seed of its bytes; its name when absent. */
  readonly body?: string;
  readonly sizeBytes?: number;
  readonly entry?: Partial<Entry>;
}

/** A vault outside and one inside, of which only files go from one to the other. */
export class BundleScene implements AsyncDisposable {
  readonly outside: StoreFixture;
  readonly #folder: TempDir;

  private constructor(outside: StoreFixture, folder: TempDir) {
    this.outside = outside;
    this.#folder = folder;
  }

  static async open(): Promise<BundleScene> {
    const folder = await createTempDir();
    const scene = new BundleScene(new StoreFixture(), folder);
    scene.writeConfig("outside", scene.outside.root);
    scene.writeConfig("inside", scene.insideDir);
    return scene;
  }

  get insideDir(): string {
    return this.path("inside");
  }

  path(name: string): string {
    return this.#folder.join(name);
  }

  /** Writes the configuration of a side: `outside`, `inside` or another one. */
  writeConfig(side: string, cacheDir: string, { top = "", served = backends } = {}): void {
    Deno.writeTextFileSync(this.path(`${side}.yml`), `cache_dir: ${cacheDir}\ncache_min_free: 0\n${top}\n${served}`);
  }

  /** Stores a body outside under the name `backend/key`. */
  async put(name: string, { body = name, sizeBytes = 1000, entry = {} }: PutOptions = {}): Promise<Entry> {
    const [backend = "", ...rest] = name.split("/");
    const selector = { backend, key: `/${rest.join("/")}`, requestHeaders: [] };
    return await this.outside.put(selector, bytesOf(body, sizeBytes), {
      url: `https://up.example.com/${name}`,
      ...entry,
    });
  }

  /** Runs `artifact-vault bundle …` on a side. */
  bundle(side: string, ...args: readonly string[]): Promise<CapturedRun> {
    // A key belongs to no configuration.
    const config = args[0] === "key" ? [] : ["--config", this.path(`${side}.yml`)];
    return runCaptured(["bundle", ...args, ...config]);
  }

  /** Exports everything outside into a file of this name, and returns its path. Throws where that fails. */
  async export(name: string, ...args: readonly string[]): Promise<string> {
    const { code, stderr } = await this.bundle("outside", "export", this.path(name), ...args);
    if (code !== 0) throw new Error(stderr);
    return this.path(name);
  }

  /** The names of the entries in a cache directory whose bodies are there, sorted. */
  async names(dir = this.insideDir): Promise<string[]> {
    const entries = await Array.fromAsync(cachedEntries(dir));
    return entries.filter((entry) => isWhole(dir, entry)).map(entryName).sort();
  }

  /** All files of a cache directory that hold something, apart from those that stay empty or count. */
  files(dir = this.insideDir): string[] {
    try {
      return walk(dir).filter((path) => !path.startsWith("staging/") && path !== "usage.json").sort();
    } catch {
      return [];
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.outside[Symbol.asyncDispose]();
    await this.#folder[Symbol.asyncDispose]();
  }
}

function isWhole(dir: string, { sha256, sizeBytes }: Entry): boolean {
  try {
    return Deno.statSync(new FsLayout(dir).blob(sha256)).size === sizeBytes;
  } catch {
    return false;
  }
}
