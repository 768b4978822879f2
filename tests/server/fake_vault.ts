import type { Artifact } from "../../src/artifact.ts";
import type { Backend, BackendRequest, ResolvedArtifact } from "../../src/backend.ts";
import type { VaultReader } from "../../src/reader.ts";
import type { CacheStatus } from "../../src/http/cache_status.ts";
import type { HeaderList } from "../../src/http/headers.ts";
import type { ByteRange } from "../../src/http/range.ts";
import { streamOf } from "../../src/vault/streams/chunks.ts";
import type { ChunkReader, OpenedArtifact, OpenOptions, Vault } from "../../src/vault/vault.ts";

export const lastModified = "Mon, 01 Jan 2024 00:00:00 GMT";

export const fileHeaders: HeaderList = [
  ["content-type", "Application/X-Tar"],
  ["etag", '"odd  etag"'],
  ["last-modified", lastModified],
  ["cache-control", "max-age=60"],
  ["date", "Tue, 02 Jan 2024 00:00:00 GMT"],
];

/** How the fake vault opens what it holds. */
export interface FakeFile {
  readonly content: Uint8Array<ArrayBuffer>;
  readonly headers: HeaderList;
  readonly sizeBytes: number | undefined;
  readonly cacheStatus: CacheStatus;
  readonly ageSeconds: number;
  readonly ranges: boolean;
  /** Whether the body is at hand in memory; else it has to be streamed. */
  readonly inMemory: boolean;
  /** What the stream does behind the content: end, break, or send nothing more. */
  readonly then: "end" | "break" | "wait";
}

/** A file of ten bytes that is a hit and at hand, but for what `changes` says. */
export function fakeFile(changes: Partial<FakeFile> = {}): FakeFile {
  const content = changes.content ?? new TextEncoder().encode("0123456789");
  return {
    content,
    headers: fileHeaders,
    sizeBytes: content.byteLength,
    cacheStatus: { hit: true, ttlSeconds: 57 },
    ageSeconds: 3,
    ranges: true,
    inMemory: true,
    then: "end",
    ...changes,
  };
}

/** Holds files by key; counts how what it opened was released. */
export class FakeVault implements Vault {
  readonly asks: { readonly artifact: Artifact; readonly ask: OpenOptions }[] = [];
  readonly released = { streams: 0, closed: 0 };
  /** Told when a body was given up. */
  readonly cancelled = Promise.withResolvers<void>();
  readonly #files: ReadonlyMap<string, FakeFile | (() => never)>;

  constructor(files: Readonly<Record<string, FakeFile | (() => never)>>) {
    this.#files = new Map(Object.entries(files));
  }

  open(artifact: Artifact, ask: OpenOptions): Promise<OpenedArtifact> {
    this.asks.push({ artifact, ask });
    const file = this.#files.get(artifact.key);
    if (file === undefined) throw new Error(`The test knows no file "${artifact.key}"`);
    return Promise.resolve(typeof file === "function" ? file() : this.#open(file));
  }

  get reader(): VaultReader {
    return noReader;
  }

  forward(): never {
    return unexpected();
  }

  status(): [] {
    return [];
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #open(file: FakeFile): OpenedArtifact {
    const { released } = this;
    const chunks = (...ranges: readonly ByteRange[]) => {
      released.streams++;
      return this.#chunks(file, ranges);
    };
    return {
      ...file,
      upstream: "https://mirror.example/x.bin",
      bytes: file.inMemory ? file.content : null,
      chunks,
      stream: (...ranges) => streamOf(chunks(...ranges)),
      close: () => released.closed++,
    };
  }

  #chunks(file: FakeFile, ranges: readonly ByteRange[]): ChunkReader {
    const chunks = ranges.length === 0
      ? [file.content]
      : ranges.map(({ start, end }) => file.content.subarray(start, end));
    return {
      read() {
        const chunk = chunks.shift();
        if (chunk !== undefined) return Promise.resolve(chunk);
        if (file.then === "wait") return new Promise(() => {});
        return file.then === "break" ? Promise.reject(new Error("upstream is gone")) : Promise.resolve(null);
      },
      release() {},
      close: () => this.cancelled.resolve(),
    };
  }
}

/** For backends that look into no document. */
export const noReader: VaultReader = {
  read: unexpected,
  holds: unexpected,
  fetch: unexpected,
  fetchAhead: unexpected,
  copy: unexpected,
  head: unexpected,
  entries: unexpected,
};

function unexpected(): never {
  throw new Error("The test expects no document to be read");
}

export interface FakeBackendOptions {
  readonly honorClientNoCache?: boolean;
  readonly formatError?: NonNullable<Backend["formatError"]>;
}

/** A backend whose keys are paths and queries. */
export function fakeBackend(
  name: string,
  prefix: string,
  options: FakeBackendOptions = {},
): Backend & { resolve(request: Pick<BackendRequest, "path" | "query">): ResolvedArtifact } {
  const { formatError, honorClientNoCache = false } = options;
  return {
    name,
    prefix,
    type: "http",
    maxTransfers: 4,
    ...(formatError && { formatError }),
    resolve: ({ path, query }) => ({ kind: "artifact", artifact: artifactOf(path + query) }),
  };

  function artifactOf(key: string): Artifact {
    return {
      backend: name,
      key,
      candidates: [{
        url: `https://first.example${key}`,
        fetch: () => Promise.reject(new Error("a test fetches nothing")),
        idleTimeoutMs: 1000,
      }],
      requestHeaders: [],
      freshness: { kind: "http" },
      failover: "any_failure",
      identity: { kind: "unknown" },
      policy: {
        staleIfErrorMs: Infinity,
        negativeTtlMs: 0,
        serveDeleted: false,
        honorClientNoCache,
        abandonedTransfer: "finish",
        offline: false,
      },
    };
  }
}
