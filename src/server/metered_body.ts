import type { Chunk, ChunkReader } from "../vault/vault.ts";

/** The end of a body: complete, aborted by its client, or failed on our side. */
export type Ending = { readonly kind: "complete" | "aborted" } | { readonly kind: "failed"; readonly error: unknown };

/** Called once, with the number of bytes that were sent. */
type Ended = (sentBytes: number, ending: Ending) => void;

interface MeteredOptions {
  /** The announced `Content-Length`; undefined without one. */
  readonly sizeBytes?: number | undefined;
  readonly ended: Ended;
  /**
   * The time for which an interrupted body stands still before its connection is closed, unless its client leaves
   * before. 0 when absent.
   */
  readonly silenceMs?: number;
}

/**
 * Turns chunks into a stream for the runtime, without copies or reading ahead. When the next chunk is asked for, the
 * one before has been sent: only then it counts, and its memory is freed. Deno need not read on after the last
 * announced byte, so that byte ends the body.
 */
export function meteredBody(
  chunks: ChunkReader,
  { sizeBytes = Infinity, ended, silenceMs = 0 }: MeteredOptions,
): ReadableStream<Chunk> {
  let sentBytes = 0;
  let underWay = 0;
  let open = true;
  let left = () => {};
  const end = (ending: Ending) => {
    if (open) ended(sentBytes, ending);
    open = false;
  };
  const handedOn = () => {
    sentBytes += underWay;
    underWay = 0;
    chunks.release();
  };
  return new ReadableStream({
    async pull(controller) {
      handedOn();
      if (!open) return controller.close();
      try {
        const chunk = await chunks.read();
        if (!open) return;
        if (chunk !== null) controller.enqueue(chunk);
        underWay = chunk?.byteLength ?? 0;
        if (chunk !== null && sentBytes + underWay < sizeBytes) return;
        sentBytes += underWay;
        underWay = 0;
        if (chunk === null) controller.close();
        end({ kind: "complete" });
      } catch (error) {
        const wasOpen = open;
        end({ kind: "failed", error });
        if (wasOpen && silenceMs > 0) {
          const { over, end } = standStill(silenceMs);
          left = end;
          await over;
        }
        if (wasOpen) controller.error(error);
      }
    },
    cancel() {
      end({ kind: "aborted" });
      left();
      chunks.release();
      chunks.close();
    },
  }, { highWaterMark: 0 });
}

/** Starts a wait: `over` resolves after `ms` milliseconds, or when `end` is called. */
function standStill(ms: number): { readonly over: Promise<void>; end(): void } {
  const over = Promise.withResolvers<void>();
  const timer = setTimeout(over.resolve, ms);
  Deno.unrefTimer(Number(timer));
  const end = () => {
    clearTimeout(timer);
    over.resolve();
  };
  return { over: over.promise, end };
}

/** Counts bytes in memory, which others may share: they are sent without a copy. */
export function meteredBytes(bytes: Chunk, ended: Ended): ReadableStream<Chunk> {
  return new ReadableStream({
    pull(controller) {
      controller.enqueue(bytes);
      controller.close();
      ended(bytes.byteLength, { kind: "complete" });
    },
    cancel: () => ended(0, { kind: "aborted" }),
  }, { highWaterMark: 0 });
}
