/** The events that the engine reports to whoever counts them. All methods return at once and never throw. */
export interface VaultEvents {
  transferStarted(backend: string): void;
  transferEnded(backend: string, outcome: "stored" | "unstored" | "failed" | "stopped"): void;
  /**
   * A request or a large body waits, since its host has enough of them under way. `turnCame` follows, also when it is
   * given up.
   */
  turnAwaited(backend: string): void;
  turnCame(backend: string): void;
  /** A client joined a transfer that another one had started. */
  followerJoined(backend: string): void;
  bytesFetched(backend: string, bytes: number): void;
  upstreamResumed(backend: string): void;
  /**
   * An upstream gave no usable answer; 404 and 410 are usable. `reason` is a status such as `503`, or `network`,
   * `silent`, `down`, `truncated`.
   */
  upstreamFailed(backend: string, reason: string): void;
  digestMismatched(backend: string): void;
  storeFailed(backend: string): void;
  evicted(blobs: number, bytes: number): void;
  /** Bodies were removed that nobody has asked for in as long as `retention` allows. */
  expired(blobs: number, bytes: number): void;
  /** A stored body was damaged. */
  bodyDamaged(): void;
  /** A stored body was compared with its digest, and matched. */
  bodyVerified(bytes: number): void;
  /** All bodies have been verified, at `endedAt` (ms since the epoch). */
  scrubEnded(endedAt: number): void;
}

/** Ignores all events. */
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
  expired() {},
  bodyDamaged() {},
  bodyVerified() {},
  scrubEnded() {},
};
