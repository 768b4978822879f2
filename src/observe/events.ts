/** Things the engine tells whoever counts. All methods return at once and never throw. */
export interface VaultEvents {
  transferStarted(backend: string): void;
  transferEnded(backend: string, outcome: "stored" | "unstored" | "failed" | "stopped"): void;
  /** A request or a large body waits until fewer come from its host. `turnCame` follows, also when it is given up. */
  turnAwaited(backend: string): void;
  turnCame(backend: string): void;
  /** A client joined a transfer that another one had started. */
  followerJoined(backend: string): void;
  bytesFetched(backend: string, bytes: number): void;
  upstreamResumed(backend: string): void;
  /** An upstream answer that was no use; that there is no such artifact is no failure. `reason` is a status such as `503`, or `network`, `silent`, `down`, `truncated`. */
  upstreamFailed(backend: string, reason: string): void;
  digestMismatched(backend: string): void;
  storeFailed(backend: string): void;
  evicted(blobs: number, bytes: number): void;
  /** A stored body was not what it should be. */
  bodyDamaged(): void;
  /** A stored body was compared with its digest, and is sound. */
  bodyVerified(bytes: number): void;
  /** All bodies have been verified, at `endedAt` (ms since the epoch). */
  scrubEnded(endedAt: number): void;
}

/** Counts nothing. */
export const noEvents: VaultEvents = {
  transferStarted() {},
  transferEnded() {},
  turnAwaited() {},
  turnCame() {},
  followerJoined() {},
  bytesFetched() {},
  upstreamResumed() {},
  upstreamFailed() {},
  digestMismatched() {},
  storeFailed() {},
  evicted() {},
  bodyDamaged() {},
  bodyVerified() {},
  scrubEnded() {},
};
