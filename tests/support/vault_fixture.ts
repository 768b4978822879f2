import type { Artifact, CachingPolicy, Fetch, Identity, Reuse } from "../../src/artifact.ts";
import type { Digest } from "../../src/digest.ts";
import type { VaultEvents } from "../../src/observe/events.ts";
import { noEvents } from "../../src/observe/events.ts";
import { type Log, noLog } from "../../src/observe/log.ts";
import { createFsStore, type FsStoreOptions } from "../../src/store/fs_store.ts";
import type { Store } from "../../src/store/store.ts";
import { createUpstreamClient } from "../../src/upstream/client.ts";
import { UpstreamHealth } from "../../src/upstream/health.ts";
import { createVault, type VaultOptions } from "../../src/vault/engine.ts";
import type { OpenedArtifact, OpenOptions, Vault } from "../../src/vault/vault.ts";
import { hashThread } from "./hash_thread.ts";
import type { Pattern } from "./pattern.ts";

const defaultPolicy: CachingPolicy = {
  staleIfErrorMs: Infinity,
  negativeTtlMs: 60_000,
  serveDeleted: true,
  honorClientNoCache: false,
  abandonedTransfer: "finish",
  offline: false,
};

export interface VaultFixtureOptions {
  /** A new folder without it. */
  readonly cacheDir?: string;
  readonly store?: Partial<FsStoreOptions>;
  readonly vault?: Partial<VaultOptions>;
  readonly events?: Partial<VaultEvents>;
  readonly log?: Log;
  readonly idleTimeoutMs?: number;
}

/** A vault on a real store and a real upstream client, with waits made short. Dispose of it with `await using`. */
export class VaultFixture implements AsyncDisposable {
  readonly cacheDir: string;
  readonly store: Store;
  readonly vault: Vault;
  readonly fetch: Fetch;
  readonly #client: { close(): void };
  readonly #options: VaultFixtureOptions;

  constructor(options: VaultFixtureOptions = {}) {
    this.#options = options;
    this.cacheDir = options.cacheDir ?? Deno.makeTempDirSync({ prefix: "vault-test-" });
    const log = options.log ?? noLog;
    const events = { ...noEvents, ...options.events };
    this.store = createFsStore({
      ...{ root: this.cacheDir, maxBytes: null, minFreeBytes: 0, memoryBytes: 1 << 20, log, events },
      ...options.store,
    });
    const revalidateTimeoutMs = options.vault?.revalidateTimeoutMs ?? 10_000;
    const health = options.vault?.health ?? new UpstreamHealth({ log, slowMs: revalidateTimeoutMs });
    const client = createUpstreamClient({
      health,
      ...{ timeoutMs: options.idleTimeoutMs ?? 10_000, retries: 0, userAgent: "test", headers: [], origins: [] },
      credentials: { kind: "none" },
      allowPrivateRedirects: true,
    });
    this.#client = client;
    this.fetch = client.fetch;
    this.vault = createVault({
      ...{ store: this.store, log, events, health, maxTransfersOf: () => 16, revalidateTimeoutMs },
      memoryBytes: 1 << 20,
      hashThread,
      ...{ rangeAheadBytes: 1 << 20, maxSegments: 8, resumeAttempts: 3, backoff: () => Promise.resolve() },
      ...options.vault,
    });
  }

  /** An artifact at one or several upstream URLs; of kind `http` unless said otherwise. */
  artifact(urls: string | readonly string[], overrides: ArtifactOverrides = {}): Artifact {
    const { policy, ...rest } = overrides;
    const all = typeof urls === "string" ? [urls] : urls;
    return {
      backend: "test",
      key: new URL(all[0]!).pathname,
      candidates: all.map((url) => ({ url, fetch: this.fetch, idleTimeoutMs: this.#options.idleTimeoutMs ?? 10_000 })),
      requestHeaders: [],
      freshness: { kind: "http" },
      failover: "any_failure",
      identity: { kind: "unknown" },
      ...rest,
      policy: { ...defaultPolicy, ...policy },
    };
  }

  open(artifact: Artifact, ask: Partial<OpenOptions> = {}): Promise<OpenedArtifact> {
    return this.vault.open(artifact, { method: "GET", ...ask });
  }

  /** Opens and reads it all. Rejects where the stream errors. */
  async read(
    artifact: Artifact,
    ask: Partial<OpenOptions> = {},
  ): Promise<{ opened: OpenedArtifact; bytes: Uint8Array }> {
    const opened = await this.open(artifact, ask);
    return { opened, bytes: await bytesOf(opened) };
  }

  /** Opens and reads it all, and says whether that is this body: for large ones, which need no memory so. */
  async readRight(artifact: Artifact, body: Pattern): Promise<{ opened: OpenedArtifact; isRight: boolean }> {
    const opened = await this.open(artifact);
    if (opened.bytes) return { opened, isRight: opened.sizeBytes === body.size && body.matches(opened.bytes, 0) };
    return { opened, isRight: await body.isIn(opened.stream()) };
  }

  /** Resolves when no transfer is under way; the vault fetches nothing more afterwards. */
  async settle(): Promise<void> {
    await this.vault.close(30_000);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.vault.close(0);
    await this.store.close();
    this.#client.close();
    if (this.#options.cacheDir === undefined) await Deno.remove(this.cacheDir, { recursive: true });
  }
}

export type ArtifactOverrides = Partial<Omit<Artifact, "policy">> & { readonly policy?: Partial<CachingPolicy> };

/** The whole body, from memory or the stream. */
export async function bytesOf(opened: OpenedArtifact): Promise<Uint8Array> {
  return opened.bytes ?? await new Response(opened.stream()).bytes();
}

/** The identity of bytes that are asked for by their digest. */
export function byDigest(digest: Digest | null, reuse: Reuse = "never"): Identity {
  if (digest === null) throw new Error("the test's digest is malformed");
  return { kind: "digest", digest, reuse };
}
