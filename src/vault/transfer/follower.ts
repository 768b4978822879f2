import { VaultError } from "../../errors.ts";
import type { ByteRange } from "../../http/range.ts";
import type { BodyFile } from "../../store/store.ts";
import { freeMemory } from "../streams/chunks.ts";
import type { GrowingFile } from "./growing_file.ts";
import { Pace } from "../streams/chunk_sizer.ts";
import type { Segment } from "./segment.ts";
import type { Chunk, ChunkReader } from "../vault.ts";

/** One reader of a growing file, at its own speed. It rejects when the transfer fails, and ends only at the true end. */
export class Follower implements ChunkReader {
  readonly #file: GrowingFile;
  readonly #left: () => void;
  readonly #pace = new Pace();
  #offset = 0;
  #end = Infinity;
  /** A part is released as it comes; what may complete a body for a client, only up to what has been checked. */
  #gated: boolean;
  #reader: BodyFile | null = null;
  #last: Chunk | null = null;
  /** Whose memory the last chunk is in; null where it is the follower's own. */
  #lender: Segment | null = null;
  #gaveUp: VaultError | null = null;
  #closed = false;
  #waiting = false;

  /** `left` is called when this follower reads no more. */
  constructor(file: GrowingFile, left: () => void) {
    this.#file = file;
    this.#left = left;
    this.#gated = file.gated;
  }

  /** The next byte it wants. */
  get offset(): number {
    return this.#offset;
  }

  /** Exclusive; `Infinity` for the end of the body. */
  get end(): number {
    return this.#end;
  }

  /** Whether its client has asked for bytes that are not there yet. */
  get waiting(): boolean {
    return this.#waiting;
  }

  /** Wants this range only. Called before the first read. */
  narrow(range: ByteRange): void {
    this.#offset = range.start;
    this.#end = range.end;
    this.#gated &&= range.openEnded || (range.start === 0 && range.end >= (this.#file.sizeBytes ?? Infinity));
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

  /** Whether it has all it wants. */
  get #done(): boolean {
    return this.#offset >= Math.min(this.#end, this.#file.sizeBytes ?? Infinity);
  }

  /** The next bytes; null at the end. */
  async #next(): Promise<Chunk | null> {
    const wanted = this.#pace.next();
    for (;;) {
      const file = this.#file;
      if (this.#gaveUp) throw this.#gaveUp;
      if (file.state.kind === "failed") throw file.state.error;
      if (this.#closed || this.#done) return null;
      const changed = file.changed();
      const chunk = await this.#take(wanted);
      if (chunk) {
        this.#offset += chunk.byteLength;
        this.#pace.handed(chunk.byteLength);
        if (!file.storing) file.wake();
        return chunk;
      }
      this.#waiting = true;
      await changed;
      this.#waiting = false;
    }
  }

  /** What can be had at once: from memory at the tip, from the file behind it. */
  async #take(wanted: number): Promise<Chunk | null> {
    const segment = this.#file.segmentFor(this.#offset);
    if (!segment) return null;
    const receivedTo = Math.min(segment.receivedTo, segment.end);
    const limit = Math.min(this.#end, this.#gated ? this.#file.releasedTo(receivedTo) : receivedTo);
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
    this.#reader ??= this.#file.staged!.file();
    const buffer = new Uint8Array(bytes);
    const read = await this.#reader.read(buffer, this.#offset);
    if (read === null) throw new VaultError("storage_failed", "The staged download was cut short on disk");
    return read === bytes ? buffer : buffer.subarray(0, read);
  }
}
