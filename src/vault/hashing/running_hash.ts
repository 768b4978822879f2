import type { DigestAlgorithm } from "../../digest.ts";

export interface HashedSoFar {
  readonly bytes: number;
  readonly digests: Partial<Record<DigestAlgorithm, string>>;
}

/** The digests of a body while it grows, from its first byte on. */
export interface RunningHash {
  /**
   * True where bytes are handed over with `update` as they come; false where `advance` says how far the file has come.
   */
  readonly inline: boolean;
  /** Hashes the next bytes. The memory of `chunk` may be used again. */
  update(chunk: Uint8Array): void;
  /** Says that the file has all bytes up to `toBytes`, which are now hashed from there. */
  advance(toBytes: number): void;
  /** Returns the digests of all bytes so far. Throws `storage_failed` where the file cannot be read. */
  digests(): Promise<HashedSoFar>;
  /** Closes the file until there is more to hash. */
  rest(): void;
  close(): void;
}
