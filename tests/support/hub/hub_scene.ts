import { typeWith } from "../../../src/backends/huggingface/huggingface.ts";
import { backendTypes } from "../../../src/backends/types.ts";
import { type AppFixture, startBackends } from "../app_fixture.ts";
import type { RawAnswer, RawRequest } from "../raw_client.ts";
import { createTempDir, type TempDir } from "../temp_dir.ts";
import { Hub } from "./hub.ts";

export interface HubVaultOptions {
  /** More keys of the backend. */
  readonly keys?: Readonly<Record<string, unknown>>;
  readonly top?: Readonly<Record<string, unknown>>;
  /** The most bytes that the Hub is asked for at once. */
  readonly mostBytes?: number;
}

/** A Hub, and a cache for the vaults that are started in front of it. */
export class HubScene implements AsyncDisposable {
  readonly hub = new Hub();
  readonly #dir: TempDir;

  private constructor(dir: TempDir) {
    this.#dir = dir;
  }

  static async create(): Promise<HubScene> {
    return new HubScene(await createTempDir("vault-hub-"));
  }

  async start({ keys, top = {}, mostBytes }: HubVaultOptions = {}): Promise<HubVault> {
    const config = { base_url: this.hub.url, retries: 0, ...keys };
    const types = mostBytes === undefined
      ? backendTypes
      : backendTypes.map((type) => type.schema === hubSchema ? typeWith(mostBytes) : type);
    const entry = { type: "huggingface", name: "huggingface", config };
    return new HubVault(await startBackends([entry], { cacheDir: this.#dir.path, top, types }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.hub[Symbol.asyncDispose]();
    await this.#dir[Symbol.asyncDispose]();
  }
}

const hubSchema = typeWith(0).schema;

/** A vault that has the Hub only. Paths are those below its prefix. */
export class HubVault implements AsyncDisposable {
  readonly app: AppFixture;

  constructor(app: AppFixture) {
    this.app = app;
  }

  /** What clients have as HF_ENDPOINT. */
  get endpoint(): string {
    return `${this.app.origin}/huggingface`;
  }

  ask(path: string, request?: RawRequest): Promise<RawAnswer> {
    return this.app.ask(`/huggingface${path}`, request);
  }

  /** As a client that follows redirects. */
  fetch(path: string, init?: RequestInit): Promise<Response> {
    return fetch(this.endpoint + path, init);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.app[Symbol.asyncDispose]();
  }
}
