import type { Artifact } from "./artifact.ts";
import type { Parsed, Parser } from "./document.ts";
import type { HeaderList } from "./http/headers.ts";

/** What backends may ask of the vault. What they read is itself cached, fetched once for many, and there offline. */
export interface VaultReader {
  /** Reads an artifact, from the store or from upstream as its freshness says. Throws as `Vault.open` and `make` do. */
  read<T>(artifact: Artifact, reading: Parser<T>): Promise<Parsed<T>>;
  /** What a client that asks with HEAD is told: of what is stored, or else of what upstream has. Throws as `Vault.open`. */
  head(artifact: Artifact): Promise<HeaderList>;
  /** Whether a body is held for it, however old. */
  holds(artifact: Artifact): boolean;
  /** Resolves once its body is held, whole and checked. Throws as `Vault.open`. */
  fetch(artifact: Artifact): Promise<void>;
  /** As `fetch`, for what nobody waits for yet: the downloads that clients wait for go first. */
  fetchAhead(artifact: Artifact): Promise<void>;
  /** From now on, in one step, the body and headers held for `from` are those of `to`. Throws `storage_failed`. */
  copy(from: Artifact, to: Artifact): Promise<void>;
  /**
   * The keys of a backend that begin with `prefix`, of what is held or was once; in no order. The prefix begins and ends
   * with a slash; very long keys are left out.
   */
  keysBelow(backend: string, prefix: string): AsyncIterable<string>;
}
