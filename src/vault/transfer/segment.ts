import { VaultError } from "../../errors.ts";
import { freeMemory } from "../streams/chunks.ts";
import type { GrowingFile } from "./growing_file.ts";
import type { Chunk } from "../vault.ts";

/** A segment takes no more bytes while this many wait to be written. */
const maxUnwrittenBytes = 2 * 1024 * 1024;

const maxSpare = 8;

/**
 * A client that reads nothing for so long counts as gone though it holds nobody up. Sockets hold megabytes: one that
 * reads slowly may seem to stand still for minutes.
 */
const standstillMs = 10 * 60_000;

interface SegmentOptions {
  readonly start: number;
  /** Exclusive; `Infinity` while the size of the body is not known. */
  readonly end: number;
  readonly storedTo: number;
}

/** A stretch of a growing file that one upstream response fills, in order. */
export class Segment {
  readonly start: number;
  end: number;
  /** What is wanted of it now ends here: upstream is asked for that first, since the next segment may begin there. */
  wantedTo = Infinity;
  readonly #file: GrowingFile;
  #storedTo: number;
  #receivedTo: number;
  /** Where `#unwritten` begins: at `storedTo` while storing, further on when bytes have been passed on and let go. */
  #memoryFrom: number;
  /** The bytes in `[memoryFrom, receivedTo)`. */
  #unwritten: Chunk[] = [];
  /** The memory of bytes that are on disk and that no follower has had, for the next bytes. */
  readonly #spare: ArrayBuffer[] = [];
  /** Memory that followers have had, with how many of them still need it. It may be on its way out: never used again. */
  readonly #lent = new WeakMap<ArrayBuffer, number>();
  #writing: Promise<void> | null = null;
  #writer: Deno.FsFile | null = null;

  constructor(file: GrowingFile, options: SegmentOptions) {
    this.#file = file;
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
    this.#file.received(this, chunk);
    if (this.#file.storing) this.#writing ??= this.#write();
    while (this.#file.storing && this.#receivedTo - this.#storedTo >= maxUnwrittenBytes) await this.#file.changed();
    if (!this.#file.storing) await this.#passOn();
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
    const staged = this.#file.staged!;
    try {
      this.#writer ??= staged.openWriter(this.#storedTo);
      while (this.#file.storing && this.#unwritten.length > 0) {
        const { receivedBytes, sizeBytes } = this.#file;
        if (!await staged.reserve(receivedBytes, sizeBytes ?? receivedBytes)) {
          throw new VaultError("cache_full", "no room within the limits of the cache");
        }
        const chunk = this.#unwritten[0]!;
        await writeAll(this.#writer, chunk);
        staged.wrote(chunk.byteLength);
        if (!this.#file.storing) break;
        this.#unwritten.shift();
        this.#storedTo += chunk.byteLength;
        this.#memoryFrom = this.#storedTo;
        this.#letGo(chunk);
        this.#file.stored(this);
      }
    } catch (error) {
      this.#file.stopStoring(error);
    } finally {
      this.#writing = null;
    }
  }

  /** Keeps what is in memory until every follower that wants it has it, then lets it go. Held-back bytes stay. */
  async #passOn(): Promise<void> {
    for (;;) {
      const waitedFor = this.#file.wanted(this.#memoryFrom, this.#receivedTo);
      this.#forgetBefore(Math.min(this.#receivedTo, ...waitedFor.map((follower) => follower.offset)));
      const first = this.#unwritten[0];
      const free = this.#file.releasedTo(this.#receivedTo);
      if (!first || this.#memoryFrom + first.byteLength > free || this.#file.state.kind !== "filling") return;
      const from = this.#memoryFrom + first.byteLength;
      await this.#changedOrGivenUp(() => waitedFor.forEach((follower) => follower.giveUpBefore(from)));
    }
  }

  /**
   * Resolves at the next change. Followers that make none are given up, after `patienceMs` where others wait for the
   * bytes that come next, and else only after very long.
   */
  async #changedOrGivenUp(giveUp: () => void): Promise<void> {
    const { patienceMs } = this.#file;
    const timers = [
      setTimeout(() => this.#file.isWaitedFor(this.#receivedTo) && giveUp(), patienceMs),
      setTimeout(giveUp, Math.max(patienceMs, standstillMs)),
    ];
    await this.#file.changed();
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
