import { gunzipSync } from "node:zlib";
import { type AppFixture, startBackends } from "../../support/app_fixture.ts";
import { NpmRegistry, type NpmRegistryOptions } from "../../support/npm/npm_registry.ts";
import { createTempDir, type TempDir } from "../../support/temp_dir.ts";
import type { RawAnswer, RawRequest } from "../../support/raw_client.ts";

/** What npm 11 sends with a request for a document. */
export const npmHeaders = { "user-agent": "npm/11.19.1 node/v22 linux x64 workspaces/false" };
/** What pnpm sends. */
export const pnpmHeaders = { "user-agent": "pnpm/12.21.0 npm/? node/? linux x64" };

export const abbreviatedType = "application/vnd.npm.install-v1+json";
export const abbreviating = { accept: `${abbreviatedType}; q=1.0, application/json; q=0.8, */*` };

/** A registry, and vaults in this process in front of it; they share a cache. */
export class NpmScene implements AsyncDisposable {
  readonly registry: NpmRegistry;
  readonly #dir: TempDir;

  private constructor(registry: NpmRegistry, dir: TempDir) {
    this.registry = registry;
    this.#dir = dir;
  }

  static async create(options: NpmRegistryOptions = {}): Promise<NpmScene> {
    return new NpmScene(new NpmRegistry(options), await createTempDir("vault-npm-"));
  }

  /** A vault with a backend `npm`, below `/npm`, with more keys. */
  async start(more: Readonly<Record<string, unknown>> = {}, top: Readonly<Record<string, unknown>> = {}) {
    const config = { registry_url: this.registry.url, retries: 0, ...more };
    const backends = [{ type: "npm", name: "npm", config }];
    return new NpmVault(await startBackends(backends, { cacheDir: this.#dir.path, top }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.registry[Symbol.asyncDispose]();
    await this.#dir[Symbol.asyncDispose]();
  }
}

/** A vault with a backend `npm`. Paths are those below its prefix. */
export class NpmVault implements AsyncDisposable {
  readonly app: AppFixture;

  constructor(app: AppFixture) {
    this.app = app;
  }

  ask(path: string, request?: RawRequest): Promise<RawAnswer> {
    return this.app.ask(`/npm${path}`, request);
  }

  /** A document, parsed. Throws where there is none. */
  // deno-lint-ignore no-explicit-any
  async json(path: string, headers: Record<string, string> = {}): Promise<any> {
    const answer = await this.ask(path, { headers });
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.text}`);
    return JSON.parse(textOf(answer));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.app[Symbol.asyncDispose]();
  }
}

/** The text of an answer, unpacked. */
export function textOf({ headers, body }: RawAnswer): string {
  return new TextDecoder().decode(headers.get("content-encoding") === "gzip" ? gunzipSync(body) : body);
}
