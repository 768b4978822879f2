import { VaultError } from "../../errors.ts";
import type { BodyFile, StagedBody } from "../../store/store.ts";
import { heldBackBytes } from "../streams/held_back.ts";
import { Follower } from "./follower.ts";
import type { GrowingState } from "./growth.ts";
import { HashFeed } from "./hash_feed.ts";
import type { RunningHash } from "../hashing/running_hash.ts";
import { Segment } from "./segment.ts";
import { SegmentMap } from "./segment_map.ts";
import { Wakeup } from "./wakeup.ts";

export interface GrowingFileOptions {
  /** Null where the body is only passed on: there is no file, and nobody can join later. */
  readonly staged: StagedBody | null;
  /** Null while it is not known. */
  readonly sizeBytes: number | null;
  readonly hash: RunningHash | null;
  /** True if a digest is expected: followers of the whole body get its last bytes only after the check. */
  readonly gated: boolean;
  /** The time that a follower may stand still while others wait for it, once the body is only passed on. */
  readonly patienceMs: number;
}

/**
 * A body under way: one file that segments are written into and followers read from, each at its own speed. While it is
 * being stored, memory holds only what is not yet written. When storing stops, bytes stay in memory until every
 * follower that wants them has them, and the segments wait for that: slower, and still constant memory.
 */
export class GrowingFile {
  readonly gated: boolean;
  readonly patienceMs: number;
  /**
   * Resolves when the body will not be stored after all, with what went wrong; at once and with null where it never was
   * to be. Stays pending otherwise.
   */
  readonly storingStopped: Promise<unknown>;
  readonly #staged: StagedBody | null;
  readonly #segments: SegmentMap<Segment>;
  readonly #followers = new Set<Follower>();
  readonly #hashFeed: HashFeed | null;
  readonly #wakeup = new Wakeup();
  readonly #storingStopped = Promise.withResolvers<unknown>();
  #storing: boolean;
  #receivedAt = performance.now();
  #hashFollower: Follower | null = null;
  #state: GrowingState = { kind: "filling" };

  constructor({ staged, sizeBytes, hash, gated, patienceMs }: GrowingFileOptions) {
    this.gated = gated;
    this.patienceMs = patienceMs;
    this.storingStopped = this.#storingStopped.promise;
    this.#staged = staged;
    this.#segments = new SegmentMap(sizeBytes);
    this.#hashFeed = hash && new HashFeed(hash);
    this.#storing = staged !== null;
    if (!this.#storing) this.#passOn(null);
  }

  get state(): GrowingState {
    return this.#state;
  }

  get sizeBytes(): number | null {
    return this.#segments.sizeBytes;
  }

  /** Upstream has ended a body of unknown size. */
  sizeIs(sizeBytes: number): void {
    this.#segments.sizeIs(sizeBytes);
    this.wake();
  }

  get receivedBytes(): number {
    return this.#segments.receivedBytes;
  }

  /** The milliseconds since the last bytes came, or since there is this file. */
  get silentMs(): number {
    return performance.now() - this.#receivedAt;
  }

  /** The bytes of the body, from its first on, that are on disk without a gap. */
  get storedPrefixBytes(): number {
    return this.#segments.storedPrefixBytes;
  }

  /** A segment that still lacks bytes, a new one for the bytes before the first, or null where all bytes have come. */
  unfilled(): Segment | null {
    return this.#segments.unfilled ?? (this.gap && this.addSegment(0));
  }

  /** The first bytes of the body, where no segment brings them; null otherwise. */
  get gap(): { readonly start: number; readonly end: number } | null {
    return this.#segments.gap;
  }

  /** The segment that brings the byte at `offset`; null where none does. */
  segmentAt(offset: number): Segment | null {
    return this.#segments.at(offset);
  }

  /** Adds a segment from `start` on; the one before it ends there. Bytes up to `storedTo` are on disk already. */
  addSegment(start: number, storedTo = start): Segment {
    return this.#segments.add(start, (end) => new Segment(this, { start, end, storedTo }));
  }

  /** Removes a segment that has received nothing. Returns the one before it, which takes over its range, or null. */
  withdraw(segment: Segment): Segment | null {
    return this.#segments.withdraw(segment);
  }

  /** A segment has received more bytes. */
  received({ receivedTo }: Segment, chunk: Uint8Array): void {
    this.#receivedAt = performance.now();
    if (this.#storing) this.#hashFeed?.received(chunk, receivedTo);
    this.wake();
  }

  /** A segment has more bytes on disk. */
  stored({ start, storedTo }: Segment): void {
    if (start === 0 && this.#hashFeed?.isDue(storedTo)) this.hashStored();
    this.wake();
  }

  /** Has everything hashed that is on disk. */
  hashStored(): void {
    if (this.#storing) this.#hashFeed?.stored(this.storedPrefixBytes);
  }

  get followers(): number {
    return this.#followers.size;
  }

  /** A reader of the body from its first byte on, until `Follower.narrow` says otherwise. Calls `onLeft` at its end. */
  follow(onLeft: () => void = () => {}): Follower {
    const follower = new Follower(this, () => {
      if (!this.#followers.delete(follower)) return;
      this.wake();
      onLeft();
    });
    this.#followers.add(follower);
    return follower;
  }

  /** The followers that have more to read. */
  unserved(): Follower[] {
    return [...this.#followers].filter(({ offset }) => offset < (this.sizeBytes ?? Infinity));
  }

  /** The followers that still want bytes in `[start, end)`. */
  wanted(start: number, end: number): Follower[] {
    const all = this.#hashFollower ? [...this.#followers, this.#hashFollower] : [...this.#followers];
    return all.filter((follower) => follower.offset < end && follower.end > start);
  }

  /** True if a client waits for bytes from `offset` on. */
  isWaitedFor(offset: number): boolean {
    return [...this.#followers].some((follower) => follower.waiting && follower.offset >= offset);
  }

  /** Up to where a follower of the whole body may read, when bytes up to `receivedTo` have come. */
  releasedTo(receivedTo: number): number {
    if (!this.gated || this.#state.kind === "whole") return receivedTo;
    return Math.min(receivedTo, Math.max(0, (this.sizeBytes ?? receivedTo) - heldBackBytes));
  }

  /** Reads what is on disk. The caller closes it. Throws `storage_failed` where nothing ever was. */
  openReader(): BodyFile {
    if (this.#staged !== null) return this.#staged.file();
    throw new VaultError("storage_failed", "The download is not kept, and has moved on");
  }

  /** True while the bytes go to disk, and so late followers can read them there. */
  get storing(): boolean {
    return this.#storing;
  }

  /** The file that the bytes are written to; null where they are not stored, or not any more. */
  get target(): StagedBody | null {
    return this.#storing ? this.#staged : null;
  }

  /** The body will not be stored. */
  stopStoring(cause: unknown): void {
    if (!this.#storing) return;
    this.hashStored();
    this.#storing = false;
    this.#passOn(cause);
    this.wake();
  }

  /** A digest has to be checked of a body that is only passed on, too: the hash follows it like a client. */
  #passOn(cause: unknown): void {
    this.#storingStopped.resolve(cause);
    if (!this.#hashFeed || !this.gated) return;
    const follower = new Follower(this, () => {
      this.#hashFollower = null;
      this.wake();
    });
    follower.narrow({ start: this.#hashFeed.fedTo, end: Infinity });
    follower.ungate();
    this.#hashFollower = follower;
    this.#hashFeed.follow(follower);
  }

  /** Resolves when all writes are done or were given up, and what is only passed on has been hashed. */
  async flush(): Promise<void> {
    for (const segment of this.#segments) await segment.flush();
    await this.#hashFeed?.flushed;
  }

  closeWriters(): void {
    for (const segment of this.#segments) segment.close();
  }

  /** Resolves at the next change of anything here. */
  changed(): Promise<void> {
    return this.#wakeup.changed();
  }

  wake(): void {
    this.#wakeup.wake();
  }

  /** All bytes have come and are what they should be: releases the last of them. */
  markWhole(): void {
    this.#state = { kind: "whole" };
    this.wake();
  }

  /** Every follower's stream errors. */
  fail(error: VaultError): void {
    if (this.#state.kind !== "filling") return;
    this.#state = { kind: "failed", error };
    this.wake();
  }
}
