import type { Artifact } from "./artifact.ts";
import type { Parsed, Parser } from "./document.ts";
import type { CacheStatus } from "./http/cache_status.ts";
import type { HeaderList } from "./http/headers.ts";

/** A stored copy of an artifact, as backends see it. */
export interface StoredCopy {
  readonly key: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly headers: HeaderList;
}

/** A body that is stored now. */
export interface FetchedAhead {
  readonly cacheStatus: CacheStatus;
  readonly sizeBytes: number;
  /** True where upstream has sent the bytes once more that were cached already; absent otherwise. */
  readonly isUnchanged?: boolean;
}

/**
 * The part of the vault that backends use. Documents that they read are cached, fetched once for many, and available
 * offline.
 */
export interface VaultReader {
  /** Parses an artifact, stored or fetched as its freshness says. Throws as `Vault.open` and the parser do. */
  read<T>(artifact: Artifact, parser: Parser<T>): Promise<Parsed<T>>;
  /** Returns the headers that a client gets for a HEAD, stored or from upstream. Throws as `Vault.open`. */
  head(artifact: Artifact): Promise<HeaderList>;
  /** True if a body is stored for it, however old. */
  holds(artifact: Artifact): boolean;
  /** Resolves once its body is stored, whole and checked. Throws as `Vault.open`. */
  fetch(artifact: Artifact): Promise<void>;
  /**
   * Does the same for an artifact that no client waits for: downloads that clients wait for go first. Returns how it
   * came to be stored.
   */
  fetchAhead(artifact: Artifact): Promise<FetchedAhead>;
  /** Stores the body and headers of `from` for `to` as well, in one step. Throws `storage_failed`. */
  copy(from: Artifact, to: Artifact): Promise<void>;
  /**
   * Yields the stored copies of a backend whose keys begin with `prefix`, in the order of their keys' bytes. Variants
   * of one key follow each other; bodies may be gone.
   */
  entries(backend: string, prefix: string): AsyncIterable<StoredCopy>;
}
