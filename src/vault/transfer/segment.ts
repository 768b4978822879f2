import { VaultError } from "../../errors.ts";
import { freeMemory } from "../streams/chunks.ts";
import type { StagedBody } from "../../store/store.ts";
import type { Growth } from "./growth.ts";
import type { Stretch } from "./segment_map.ts";
import type { Chunk } from "../vault.ts";

/** A segment takes no more bytes while this many wait to be written. */
const maxUnwrittenBytes = 2 * 1024 * 1024;

const maxSpare = 8;

/**
 * A client that reads nothing for so long counts as gone though it holds nobody up. Sockets hold megabytes: one that
 * reads slowly may seem to stand still for minutes.
 */
const standstillMs = 10 * 60_000;

/** The view that a segment has of the body that it is a part of. */
export interface SegmentHost extends Growth {
  /** The time that a follower may stand still while others wait for it, once the body is only passed on. */
  readonly patienceMs: number;
  readonly receivedBytes: number;
  /** The file that the bytes are written to; null where they are not stored, or not any more. */
  readonly target: StagedBody | null;
  /** The segment has received `chunk`. */
  received(segment: Stretch, chunk: Chunk): void;
  /** The segment has more bytes on disk. */
  stored(segment: Stretch): void;
  /** The bytes cannot be written. */
  stopStoring(cause: unknown): void;
  /** The followers that still want bytes in `[start, end)`. */
  wanted(start: number, end: number): readonly Recipient[];
  /** True if a client waits for bytes from `offset` on. */
  isWaitedFor(offset: number): boolean;
}

/** A follower that bytes in memory wait for. */
interface Recipient {
  /** The next byte it wants. */
  readonly offset: number;
  /** Ends it, if it still wants a byte before `offset`. */
  giveUpBefore(offset: number): void;
}

interface SegmentOptions {
  readonly start: number;
  /** Exclusive; `Infinity` while the size of the body is not known. */
  readonly end: number;
  readonly storedTo: number;
}

/** A stretch of a growing file that one upstream response fills, in order. */
export class Segment implements Stretch {
  readonly start: number;
  end: number;
  /** The wanted part ends here: upstream is asked for that first, since the next segment may begin there. */
  wantedTo = Infinity;
  readonly #body: SegmentHost;
  #storedTo: number;
  #receivedTo: number;
  /**
   * The offset at which `#unwritten` begins: `storedTo` while storing, later when bytes have been passed on and
   * released.
   */
  #memoryFrom: number;
  /** The bytes in `[memoryFrom, receivedTo)`. */
  #unwritten: Chunk[] = [];
  /** The memory of bytes that are on disk and that no follower has had, for the next bytes. */
  readonly #spare: ArrayBuffer[] = [];
  /**
   * Memory that followers have had, with how many of them still need it. It may be on its way out: never used again.
   */
  readonly #lent = new WeakMap<ArrayBuffer, number>();
  #writing: Promise<void> | null = null;
  #writer: Deno.FsFile | null = null;

  constructor(body: SegmentHost, options: SegmentOptions) {
    this.#body = body;
    this.start = options.start;
    this.end = options.end;
    this.#storedTo = this.#memoryFrom = this.#receivedTo = options.storedTo;
  }

  /** The file holds this segment up to here. */
  get storedTo(): number {
    return this.#storedTo;
  }

  get receivedTo(): number {
    return this.#receivedTo;
  }

  get filled(): boolean {
    return this.#receivedTo >= this.end;
  }

  /** Memory to receive the next bytes in, so that a long download makes no garbage where nobody reads at its tip. */
  buffer(sizeBytes: number): Chunk {
    const spare = this.#spare.pop();
    return spare && spare.byteLength >= sizeBytes ? new Uint8Array(spare) : new Uint8Array(sizeBytes);
  }

  /** Takes the next bytes, and the memory they are in; resolves when it can take more. */
  async append(chunk: Chunk): Promise<void> {
    this.#unwritten.push(chunk);
    this.#receivedTo += chunk.byteLength;
    this.#body.received(this, chunk);
    if (this.#body.storing) this.#writing ??= this.#write();
    while (this.#body.storing && this.#receivedTo - this.#storedTo >= maxUnwrittenBytes) await this.#body.changed();
    if (!this.#body.storing) await this.#passOn();
  }

  /**
   * Bytes from `offset` on, where they are in memory: as they are to who wants them all, else a copy of those `wanted`.
   * To be given back with `takeBack` by who does not keep them.
   */
  lend(offset: number, limit: number, wanted: number): Chunk | null {
    let at = this.#memoryFrom;
    for (const chunk of this.#unwritten) {
      const end = at + chunk.byteLength;
      if (offset >= at && offset < end) {
        const bytes = chunk.subarray(offset - at, Math.min(end, limit) - at);
        if (bytes.byteLength > wanted) return bytes.slice(0, wanted);
        this.#lent.set(chunk.buffer, (this.#lent.get(chunk.buffer) ?? 0) + 1);
        return bytes;
      }
      at = end;
    }
    return null;
  }

  /** A follower needs what it was lent no more: the memory is freed, unless others or the file still wait for it. */
  takeBack(bytes: Chunk): void {
    const { buffer } = bytes;
    const lent = this.#lent.get(buffer);
    if (lent === undefined) return freeMemory(bytes);
    this.#lent.set(buffer, lent - 1);
    if (lent === 1 && !this.#unwritten.some((chunk) => chunk.buffer === buffer)) freeMemory(bytes);
  }

  async flush(): Promise<void> {
    await this.#writing;
  }

  close(): void {
    this.#writer?.close();
    this.#writer = null;
  }

  async #write(): Promise<void> {
    try {
      for (let chunk = this.#unwritten[0]; chunk !== undefined; chunk = this.#unwritten[0]) {
        const { target: staged, receivedBytes, sizeBytes } = this.#body;
        if (staged === null) break;
        this.#writer ??= staged.openWriter(this.#storedTo);
        if (!await staged.reserve(receivedBytes, sizeBytes ?? receivedBytes)) {
          throw new VaultError("cache_full", "no room within the limits of the cache");
        }
        await writeAll(this.#writer, chunk);
        staged.wrote(chunk.byteLength);
        if (!this.#body.storing) break;
        this.#unwritten.shift();
        this.#storedTo += chunk.byteLength;
        this.#memoryFrom = this.#storedTo;
        this.#letGo(chunk);
        this.#body.stored(this);
      }
    } catch (error) {
      this.#body.stopStoring(error);
    } finally {
      this.#writing = null;
    }
  }

  /** Keeps what is in memory until every follower that wants it has it, then lets it go. Held-back bytes stay. */
  async #passOn(): Promise<void> {
    for (;;) {
      const waitedFor = this.#body.wanted(this.#memoryFrom, this.#receivedTo);
      this.#forgetBefore(Math.min(this.#receivedTo, ...waitedFor.map((follower) => follower.offset)));
      const first = this.#unwritten[0];
      const free = this.#body.releasedTo(this.#receivedTo);
      if (!first || this.#memoryFrom + first.byteLength > free || this.#body.state.kind !== "filling") return;
      const from = this.#memoryFrom + first.byteLength;
      await this.#changedOrGivenUp(() => waitedFor.forEach((follower) => follower.giveUpBefore(from)));
    }
  }

  /**
   * Resolves at the next change. Followers that make none are given up, after `patienceMs` where others wait for the
   * bytes that come next, and else only after very long.
   */
  async #changedOrGivenUp(giveUp: () => void): Promise<void> {
    const { patienceMs } = this.#body;
    const timers = [
      setTimeout(() => this.#body.isWaitedFor(this.#receivedTo) && giveUp(), patienceMs),
      setTimeout(giveUp, Math.max(patienceMs, standstillMs)),
    ];
    await this.#body.changed();
    timers.forEach(clearTimeout);
  }

  #forgetBefore(offset: number): void {
    while (this.#unwritten[0] && this.#memoryFrom + this.#unwritten[0].byteLength <= offset) {
      const chunk = this.#unwritten.shift()!;
      this.#memoryFrom += chunk.byteLength;
      this.#letGo(chunk);
    }
  }

  /** A chunk has left the queue, and may be empty now: its memory is reused, freed, or waits for the last follower. */
  #letGo(chunk: Chunk): void {
    const lent = this.#lent.get(chunk.buffer);
    if (lent === undefined && this.#spare.length < maxSpare) this.#spare.push(chunk.buffer);
    else if (!lent) freeMemory(chunk);
  }
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.byteLength;) {
    written += await file.write(written === 0 ? bytes : bytes.subarray(written));
  }
}
