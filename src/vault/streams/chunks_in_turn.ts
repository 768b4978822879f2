import type { Chunk, ChunkReader } from "../vault.ts";

/**
 * Reads the chunks of several readers, one after the other; each is opened when its turn comes. `close` is called once.
 */
export class ChunksInTurn implements ChunkReader {
  readonly #opens: (() => ChunkReader)[];
  readonly #close: () => void;
  #current: ChunkReader | null = null;
  #open = true;

  constructor(opens: readonly (() => ChunkReader)[], close: () => void) {
    this.#opens = [...opens];
    this.#close = close;
  }

  async read(): Promise<Chunk | null> {
    try {
      while (this.#open) {
        this.#current ??= this.#opens.shift()?.() ?? null;
        if (this.#current === null) break;
        const chunk = await this.#current.read();
        if (chunk !== null) return chunk;
        this.#current = null;
      }
      this.close();
      return null;
    } catch (error) {
      this.close();
      throw error;
    }
  }

  release(): void {
    this.#current?.release();
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#current?.close();
    this.#close();
  }
}
