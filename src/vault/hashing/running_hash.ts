import type { DigestAlgorithm } from "../../digest.ts";

export interface HashedSoFar {
  readonly bytes: number;
  readonly digests: Partial<Record<DigestAlgorithm, string>>;
}

/** The digests of a body while it grows, from its first byte on. */
export interface RunningHash {
  /** Whether bytes are to be handed over with `update` as they come, rather than told of with `advance`. */
  readonly inline: boolean;
  /** The next bytes. The memory of `chunk` may be used again. */
  update(chunk: Uint8Array): void;
  /** The file holds all bytes up to `toBytes`: hash them from there. */
  advance(toBytes: number): void;
  /** The digests of all that has been handed over. Throws `storage_failed` where the file cannot be read. */
  digests(): Promise<HashedSoFar>;
  /** Holds no file open until more is to be hashed. */
  rest(): void;
  close(): void;
}
