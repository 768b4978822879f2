import type { Chunk, ChunkReader } from "../vault.ts";

/**
 * Frees the memory of a chunk now, instead of at some garbage collection; the chunk is empty from then on. The runtime
 * has a reference of its own to whatever it is still sending or writing.
 */
export function freeMemory(chunk: Chunk): void {
  chunk.buffer.transfer(0);
}

/** Returns the chunks as a stream, for readers that may keep them. */
export function streamOf(chunks: ChunkReader): ReadableStream<Chunk> {
  return new ReadableStream({
    async pull(controller) {
      const chunk = await chunks.read();
      if (chunk === null) controller.close();
      else controller.enqueue(chunk);
    },
    cancel: () => chunks.close(),
  }, { highWaterMark: 0 });
}

/** Reads to the end and keeps nothing but what `take` keeps. */
export async function drain(chunks: ChunkReader, take: (chunk: Chunk) => void = () => {}): Promise<void> {
  for (let chunk = await chunks.read(); chunk !== null; chunk = await chunks.read()) {
    take(chunk);
    chunks.release();
  }
}

/** Reads bytes that are in memory and stay there, for others too. */
export class MemoryChunks implements ChunkReader {
  #bytes: Chunk | null;

  constructor(bytes: Chunk) {
    this.#bytes = bytes.byteLength > 0 ? bytes : null;
  }

  read(): Promise<Chunk | null> {
    const bytes = this.#bytes;
    this.#bytes = null;
    return Promise.resolve(bytes);
  }

  release(): void {}

  close(): void {
    this.#bytes = null;
  }
}
