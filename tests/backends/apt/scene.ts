import type { CachingPolicy } from "../../../src/artifact.ts";
import type { Client } from "../../../src/backend.ts";
import { type BackendOptions, createBackend } from "../../../src/backends/apt/backend.ts";
import { formatCacheStatus } from "../../../src/http/cache_status.ts";
import { type HeaderList, headerOf } from "../../../src/http/headers.ts";
import { AptUpstream } from "../../support/apt/upstream.ts";
import { bytesOf, VaultFixture } from "../../support/vault_fixture.ts";

export const anna: Client = { host: "192.0.2.1", port: 1001 };
/** On another host. */
export const boris: Client = { host: "192.0.2.2", port: 2002 };

const policy: CachingPolicy = {
  staleIfErrorMs: Infinity,
  negativeTtlMs: 60_000,
  serveDeleted: true,
  honorClientNoCache: false,
  abandonedTransfer: "finish",
  offline: false,
};

export interface AptAnswer {
  readonly text: string;
  readonly headers: HeaderList;
  readonly cacheStatus: string;
}

/** A repository, and a backend in front of it with a real vault behind; `ttl` is 0. Dispose of it with `await using`. */
export class AptScene implements AsyncDisposable {
  readonly upstream = new AptUpstream();
  readonly fixture: VaultFixture;
  readonly log: string[] = [];
  readonly #waiting = new Set<() => void>();
  #backend: ReturnType<typeof createBackend>;

  constructor(options: Partial<BackendOptions> = {}) {
    this.fixture = new VaultFixture({ idleTimeoutMs: 60_000 });
    this.#backend = this.#create(options);
  }

  /** A process that has just started, on the same cache. */
  restart(options: Partial<BackendOptions> = {}): void {
    this.#backend = this.#create(options);
  }

  /** Throws VaultError where the client would be told of one. */
  async ask(path: string, { client = anna, ...headers }: AskOptions = {}): Promise<AptAnswer> {
    const { reader } = this.fixture.vault;
    const request = { client, base: "/debian", path, query: "", headers: new Headers(headers.headers) };
    const resolved = await this.#backend.resolve(request, reader);
    if (resolved.kind === "answer" || resolved.kind === "forward") throw new Error(`Not expected: ${resolved.kind}`);
    if (resolved.kind === "document") {
      const { bytes, headers, source: { cacheStatus } } = resolved.document;
      return { text: new TextDecoder().decode(bytes), headers, cacheStatus: formatCacheStatus(cacheStatus) };
    }
    const opened = await this.fixture.open(resolved.artifact);
    const text = new TextDecoder().decode(await bytesOf(opened));
    // A client may have all bytes a moment before they are kept.
    await reader.fetch({ ...resolved.artifact, freshness: { kind: "immutable" } });
    return { text, headers: opened.headers, cacheStatus: formatCacheStatus(opened.cacheStatus) };
  }

  async read(path: string, options: AskOptions = {}): Promise<string> {
    return (await this.ask(path, options)).text;
  }

  async lastModified(path: string): Promise<string | undefined> {
    const { headers } = await this.ask(path);
    return headerOf(headers, "last-modified");
  }

  /** Resolves once a line like this has been logged. */
  async logged(pattern: RegExp): Promise<void> {
    while (!this.log.some((line) => pattern.test(line))) {
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.upstream[Symbol.asyncDispose]();
    await this.fixture[Symbol.asyncDispose]();
  }

  #create(options: Partial<BackendOptions>): ReturnType<typeof createBackend> {
    const log = (message: string) => {
      this.log.push(message);
      for (const wake of this.#waiting) wake();
      this.#waiting.clear();
    };
    return createBackend({
      name: "debian",
      prefix: "/debian",
      maxTransfers: 16,
      policy,
      ttlMs: 0,
      mirrors: [this.upstream.upstream.origin],
      aliases: [],
      fetch: this.fixture.fetch,
      idleTimeoutMs: 60_000,
      log: { info: log, warning: log },
      ...options,
    });
  }
}

export interface AskOptions {
  readonly client?: Client;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The policy of the scene's backend, but for what `changes` says. */
export function policyWith(changes: Partial<CachingPolicy>): CachingPolicy {
  return { ...policy, ...changes };
}
