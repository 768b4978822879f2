import { VaultError } from "../../errors.ts";
import type { ByteRange } from "../../http/range.ts";
import type { BodyFile } from "../../store/store.ts";
import { freeMemory } from "../streams/chunks.ts";
import type { Growth } from "./growth.ts";
import { ChunkSizer } from "../streams/chunk_sizer.ts";
import type { Stretch } from "./segment_map.ts";
import type { Chunk, ChunkReader } from "../vault.ts";

/** The view that a follower has of the body that it reads. */
export interface FollowedBody extends Growth {
  /** True if a digest is expected: followers of the whole body get its last bytes only after the check. */
  readonly gated: boolean;
  /** The segment that brings the byte at `offset`; null where none does. */
  segmentAt(offset: number): Lender | null;
  /** Reads what is on disk. The caller closes it. */
  openReader(): BodyFile;
}

/** A segment, as a follower sees it. */
interface Lender extends Stretch {
  /** Up to `wanted` bytes of `[offset, limit)`, where they are in memory; null otherwise. */
  lend(offset: number, limit: number, wanted: number): Chunk | null;
  /** The follower no longer needs what it was lent. */
  takeBack(bytes: Chunk): void;
}

/**
 * One reader of a growing file, at its own speed. It rejects when the transfer fails, and ends only at the true end.
 */
export class Follower implements ChunkReader {
  readonly #body: FollowedBody;
  readonly #left: () => void;
  readonly #sizer = new ChunkSizer();
  #offset = 0;
  #end = Infinity;
  /** A part is released as it comes; what may complete a body for a client, only up to what has been checked. */
  #gated: boolean;
  #reader: BodyFile | null = null;
  #last: Chunk | null = null;
  /** Whose memory the last chunk is in; null where it is the follower's own. */
  #lender: Lender | null = null;
  #gaveUp: VaultError | null = null;
  #closed = false;
  #waiting = false;

  /** `left` is called when this follower reads no more. */
  constructor(body: FollowedBody, left: () => void) {
    this.#body = body;
    this.#left = left;
    this.#gated = body.gated;
  }

  /** The next byte it wants. */
  get offset(): number {
    return this.#offset;
  }

  /** Exclusive; `Infinity` for the end of the body. */
  get end(): number {
    return this.#end;
  }

  /** True where its client has asked for bytes that are not there yet. */
  get waiting(): boolean {
    return this.#waiting;
  }

  /** Wants this range only. Called before the first read. */
  narrow(range: ByteRange): void {
    this.#offset = range.start;
    this.#end = range.end;
    this.#gated &&= range.openEnded || (range.start === 0 && range.end >= (this.#body.sizeBytes ?? Infinity));
  }

  /** Reads bytes before they have been checked: it is the one that checks. */
  ungate(): void {
    this.#gated = false;
  }

  async read(): Promise<Chunk | null> {
    try {
      const chunk = await this.#next();
      if (this.#closed) return null;
      if (chunk === null || this.#done) this.close();
      return chunk;
    } catch (error) {
      if (this.#closed) return null;
      this.close();
      throw error;
    }
  }

  release(): void {
    const chunk = this.#last;
    this.#last = null;
    if (chunk === null) return;
    if (this.#lender === null) freeMemory(chunk);
    else this.#lender.takeBack(chunk);
  }

  /** Reads no more. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#reader?.close();
    this.#reader = null;
    this.#left();
  }

  /** Others cannot wait for it any longer: its stream errors if it still wants a byte before `offset`. */
  giveUpBefore(offset: number): void {
    if (this.#offset >= offset) return;
    this.#gaveUp = new VaultError(
      "storage_failed",
      "The download was read too slowly to be passed on while the cache cannot store it",
    );
    this.#left();
  }

  /** True where it has all that it wants. */
  get #done(): boolean {
    return this.#offset >= Math.min(this.#end, this.#body.sizeBytes ?? Infinity);
  }

  /** The next bytes; null at the end. */
  async #next(): Promise<Chunk | null> {
    const wanted = this.#sizer.next();
    for (;;) {
      const body = this.#body;
      if (this.#gaveUp) throw this.#gaveUp;
      if (body.state.kind === "failed") throw body.state.error;
      if (this.#closed || this.#done) return null;
      const changed = body.changed();
      const chunk = await this.#take(wanted);
      if (chunk) {
        this.#offset += chunk.byteLength;
        this.#sizer.handed(chunk.byteLength);
        if (!body.storing) body.wake();
        return chunk;
      }
      this.#waiting = true;
      await changed;
      this.#waiting = false;
    }
  }

  /** Reads the bytes that are there now: from memory at the tip, from the file behind it. */
  async #take(wanted: number): Promise<Chunk | null> {
    const segment = this.#body.segmentAt(this.#offset);
    if (!segment) return null;
    const receivedTo = Math.min(segment.receivedTo, segment.end);
    const limit = Math.min(this.#end, this.#gated ? this.#body.releasedTo(receivedTo) : receivedTo);
    if (this.#offset >= limit) return null;
    const chunk = segment.lend(this.#offset, limit, wanted);
    if (chunk) {
      this.#lender = segment;
      return this.#last = chunk;
    }
    const onDisk = Math.min(limit, segment.storedTo) - this.#offset;
    if (onDisk <= 0) throw new VaultError("storage_failed", "The download is not kept, and has moved on");
    this.#lender = null;
    return this.#last = await this.#readFile(Math.min(wanted, onDisk));
  }

  async #readFile(bytes: number): Promise<Chunk> {
    this.#reader ??= this.#body.openReader();
    const buffer = new Uint8Array(bytes);
    const read = await this.#reader.read(buffer, this.#offset);
    if (read === null) throw new VaultError("storage_failed", "The staged download was cut short on disk");
    return read === bytes ? buffer : buffer.subarray(0, read);
  }
}
