import { VaultError } from "../../errors.ts";
import type { BodyFile } from "../../store/store.ts";
import { freeMemory } from "./chunks.ts";
import { ChunkSizer } from "./chunk_sizer.ts";
import type { Chunk, ChunkReader } from "../vault.ts";

/** The least bytes of a read: each read wakes up a thread, which costs as much as copying this. */
const smallestRead = 128 * 1024;

/** Reads `[start, end)` of a body's file, and closes it. Rejects where the file is shorter than it should be. */
export class FileChunks implements ChunkReader {
  readonly #file: BodyFile;
  readonly #end: number;
  readonly #sizer = new ChunkSizer(smallestRead);
  #at: number;
  #open = true;
  #last: Chunk | null = null;

  constructor(file: BodyFile, start: number, end: number) {
    this.#file = file;
    this.#at = start;
    this.#end = end;
  }

  async read(): Promise<Chunk | null> {
    try {
      if (!this.#open || this.#at >= this.#end) return this.#ended();
      const buffer = new Uint8Array(Math.min(this.#sizer.next(), this.#end - this.#at));
      const bytes = await this.#file.read(buffer, this.#at);
      if (!this.#open) return null;
      if (bytes === null) throw new VaultError("storage_failed", "A stored body is shorter than it was");
      this.#at += bytes;
      this.#sizer.handed(bytes);
      if (this.#at >= this.#end) this.close();
      return this.#last = bytes === buffer.byteLength ? buffer : buffer.subarray(0, bytes);
    } catch (error) {
      if (!this.#open) return null;
      this.close();
      throw error;
    }
  }

  release(): void {
    if (this.#last !== null) freeMemory(this.#last);
    this.#last = null;
  }

  close(): void {
    if (this.#open) this.#file.close();
    this.#open = false;
  }

  #ended(): null {
    this.close();
    return null;
  }
}
