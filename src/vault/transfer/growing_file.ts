import type { VaultError } from "../../errors.ts";
import type { StagedBody } from "../../store/store.ts";
import { drain } from "../streams/chunks.ts";
import { Follower } from "./follower.ts";
import type { RunningHash } from "../hashing/hashing.ts";
import { Segment } from "./segment.ts";

/** With a digest to check, this many bytes at the end are held back until it has been checked. */
export const heldBackBytes = 64 * 1024;

/** Bytes on disk are hashed in batches of at least this size: each costs a message to the worker. */
const hashEveryBytes = 1024 * 1024;

export type GrowingState =
  | { readonly kind: "filling" }
  /** All bytes are there and, where a digest is expected, checked. */
  | { readonly kind: "whole" }
  | { readonly kind: "failed"; readonly error: VaultError };

export interface GrowingFileOptions {
  /** Null where the body is only passed on: no file, no later reader. */
  readonly staged: StagedBody | null;
  readonly sizeBytes: number | null;
  readonly hash: RunningHash | null;
  /** A digest is expected: whole-body followers get the last bytes only after the check. */
  readonly gated: boolean;
  /** Told once, when the body cannot be kept any more (disk full, cache full). Followers go on. */
  readonly onStoringStopped: (cause: unknown) => void;
  /** A follower reads no more. */
  readonly onFollowerLeft: () => void;
  /** How long a follower that others must wait for may stand still, once the body is only passed on. */
  readonly patienceMs: number;
}

/**
 * A body under way: one file that segments are written into and followers read from, each at its own speed. While it is
 * being stored, memory holds only what is not yet written. When storing stops, bytes stay in memory until every
 * follower that wants them has them, and the segments wait for that: slower, and still constant memory.
 */
export class GrowingFile {
  readonly staged: StagedBody | null;
  readonly gated: boolean;
  readonly patienceMs: number;
  readonly #hash: RunningHash | null;
  readonly #onStoringStopped: (cause: unknown) => void;
  readonly #onFollowerLeft: () => void;
  readonly #segments: Segment[] = [];
  readonly #followers = new Set<Follower>();
  #sizeBytes: number | null;
  #storing: boolean;
  #hashedTo = 0;
  #hashFollower: Follower | null = null;
  #hashing: Promise<void> | null = null;
  #state: GrowingState = { kind: "filling" };
  #progress = Promise.withResolvers<void>();

  constructor(options: GrowingFileOptions) {
    this.staged = options.staged;
    this.gated = options.gated;
    this.patienceMs = options.patienceMs;
    this.#sizeBytes = options.sizeBytes;
    this.#hash = options.hash;
    this.#storing = options.staged !== null;
    this.#onStoringStopped = options.onStoringStopped;
    this.#onFollowerLeft = options.onFollowerLeft;
    if (!this.#storing) this.#hashPassing();
  }

  get state(): GrowingState {
    return this.#state;
  }

  /** Null until known. */
  get sizeBytes(): number | null {
    return this.#sizeBytes;
  }

  /** Whether the bytes go to disk, and so late followers can be served. */
  get storing(): boolean {
    return this.#storing;
  }

  get followers(): number {
    return this.#followers.size;
  }

  get receivedBytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.receivedTo - segment.start, 0);
  }

  /** How much of the body, from its first byte on, is on disk. */
  get storedPrefixBytes(): number {
    let to = 0;
    for (const segment of this.#segments) {
      if (segment.start !== to) break;
      to = segment.storedTo;
      if (to < segment.end) break;
    }
    return to;
  }

  /** A segment that is not full, a new one for the bytes before the first, or null where all bytes are in. */
  unfilled(): Segment | null {
    return this.#segments.find((segment) => !segment.filled) ?? (this.gap && this.addSegment(0));
  }

  /** The first bytes that no segment is there for. Segments leave no gaps between them, so there is at most one. */
  get gap(): { start: number; end: number } | null {
    const first = this.#segments[0];
    return first && first.start > 0 ? { start: 0, end: first.start } : null;
  }

  /** The segment that `offset` will come from; null where none is there for it. */
  segmentFor(offset: number): Segment | null {
    return this.#segments.findLast((segment) => segment.start <= offset) ?? null;
  }

  /** Adds a segment from `start` on; the one that was to fill that part ends there. `storedTo` counts bytes on disk. */
  addSegment(start: number, storedTo = start): Segment {
    const index = this.#segments.findLastIndex((segment) => segment.start <= start) + 1;
    const before = this.#segments[index - 1];
    const after = this.#segments[index];
    const end = before?.end ?? after?.start ?? this.#sizeBytes ?? Infinity;
    if (before) before.end = start;
    const segment = new Segment(this, { start, end, storedTo });
    this.#segments.splice(index, 0, segment);
    return segment;
  }

  /**
   * Takes back a segment that nothing was received for. The one before it has its part then; null where that is a gap.
   */
  withdraw(segment: Segment): Segment | null {
    const index = this.#segments.indexOf(segment);
    const before = this.#segments[index - 1] ?? null;
    if (before) before.end = segment.end;
    this.#segments.splice(index, 1);
    return before;
  }

  /** The followers that have more to read. */
  unserved(): Follower[] {
    return [...this.#followers].filter(({ offset }) => offset < (this.#sizeBytes ?? Infinity));
  }

  /** A reader of the body from its first byte on, until `Follower.narrow` says otherwise. */
  follow(): Follower {
    const follower = new Follower(this, () => {
      if (!this.#followers.delete(follower)) return;
      this.wake();
      this.#onFollowerLeft();
    });
    this.#followers.add(follower);
    return follower;
  }

  /** Up to where a follower of the whole body may read now. */
  releasedTo(receivedTo: number): number {
    if (!this.gated || this.#state.kind === "whole") return receivedTo;
    return Math.min(receivedTo, Math.max(0, (this.#sizeBytes ?? receivedTo) - heldBackBytes));
  }

  /** The next change of anything here. */
  changed(): Promise<void> {
    return this.#progress.promise;
  }

  wake(): void {
    const progress = this.#progress;
    this.#progress = Promise.withResolvers();
    progress.resolve();
  }

  /** A segment has taken in more bytes. */
  received(segment: Segment, chunk: Uint8Array): void {
    const isNext = segment.receivedTo - chunk.byteLength === this.#hashedTo;
    if (this.#storing && this.#hash?.inline && isNext) {
      this.#hash.update(chunk);
      this.#hashedTo = segment.receivedTo;
    }
    this.wake();
  }

  /** A segment has more bytes on disk. */
  stored(segment: Segment): void {
    if (segment.start === 0 && segment.storedTo - this.#hashedTo >= hashEveryBytes) this.hashStored();
    this.wake();
  }

  /** Has everything hashed that is on disk. */
  hashStored(): void {
    const to = this.storedPrefixBytes;
    if (this.#hash && this.#storing && to > this.#hashedTo) this.#hash.advance(this.#hashedTo = to);
  }

  /** The body will not be kept. */
  stopStoring(cause: unknown): void {
    if (!this.#storing) return;
    this.hashStored();
    this.#storing = false;
    this.#hashPassing();
    this.#onStoringStopped(cause);
    this.wake();
  }

  /** The followers that still want bytes in `[start, end)`. */
  wanted(start: number, end: number): Follower[] {
    const all = this.#hashFollower ? [...this.#followers, this.#hashFollower] : [...this.#followers];
    return all.filter((follower) => follower.offset < end && follower.end > start);
  }

  /** Whether a client waits for bytes from `offset` on. */
  isWaitedFor(offset: number): boolean {
    return [...this.#followers].some((follower) => follower.waiting && follower.offset >= offset);
  }

  /** A digest has to be checked of a body that is only passed on: the hash follows it like a client. */
  #hashPassing(): void {
    const hash = this.#hash;
    if (!hash || !this.gated) return;
    const follower = new Follower(this, () => {
      this.#hashFollower = null;
      this.wake();
    });
    follower.narrow({ start: this.#hashedTo, end: Infinity });
    follower.ungate();
    this.#hashFollower = follower;
    // Where it fails, too few bytes have been hashed, and the check says so.
    this.#hashing = drain(follower, (chunk) => hash.update(chunk)).catch(() => {});
  }

  /** Upstream ended a body of unknown size. */
  sizeIs(sizeBytes: number): void {
    this.#sizeBytes = sizeBytes;
    for (const segment of this.#segments) segment.end = Math.min(segment.end, sizeBytes);
    this.wake();
  }

  /** All writes are done, or were given up; and what is only passed on has been hashed. */
  async flush(): Promise<void> {
    for (const segment of this.#segments) await segment.flush();
    await this.#hashing;
  }

  complete(): void {
    this.#state = { kind: "whole" };
    this.wake();
  }

  /** Every follower's stream errors. */
  fail(error: VaultError): void {
    if (this.#state.kind !== "filling") return;
    this.#state = { kind: "failed", error };
    this.wake();
  }

  closeWriters(): void {
    for (const segment of this.#segments) segment.close();
  }
}
