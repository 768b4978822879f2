import type { Chunk, ChunkReader } from "../vault/vault.ts";

/** How a body ended: sent to its end, left by its client, or broken off on our side. */
export type Ending = { readonly kind: "complete" | "aborted" } | { readonly kind: "failed"; readonly error: unknown };

/** Called once, with the bytes that were taken. */
type Ended = (sentBytes: number, ending: Ending) => void;

interface MeteredOptions {
  /** What Content-Length announces; undefined where it does not. */
  readonly sizeBytes?: number | undefined;
  readonly ended: Ended;
  /**
   * How long a body that has broken off stands still before its connection is closed, unless its client leaves before.
   * 0 where absent.
   */
  readonly silenceMs?: number;
}

/**
 * The chunks as a stream for the runtime to send, not copied and not read ahead. When the next chunk is asked for, the
 * one before has been handed on: only then it counts, and its memory is freed. After the last announced byte Deno need
 * not ask for more, so that one ends the body.
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

/** `over` resolves after so long, or when `end` is called. */
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

/** The same for bytes that stay in memory, perhaps for others too: they are sent from where they are. */
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
