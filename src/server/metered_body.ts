/** How a body ended: sent to its end, left by its client, or broken off on our side. */
export type Ending = { readonly kind: "complete" | "aborted" } | { readonly kind: "failed"; readonly error: unknown };

type Chunks = ReadableStream<Uint8Array<ArrayBuffer>>;

interface MeteredOptions {
  /** What Content-Length announces; undefined where it does not. */
  readonly sizeBytes?: number | undefined;
  /** Called once, with the bytes that were taken. */
  readonly ended: (sentBytes: number, ending: Ending) => void;
}

/**
 * The same chunks, not copied and not read ahead. A chunk counts when the next one is asked for, since until then it
 * may not have reached the client; only after the last announced byte Deno asks no more, so that one ends the body.
 */
export function meteredBody(source: Chunks, { sizeBytes = Infinity, ended }: MeteredOptions): Chunks {
  const reader = source.getReader();
  let sentBytes = 0;
  let underWay = 0;
  let open = true;
  const end = (ending: Ending) => {
    if (open) ended(sentBytes, ending);
    open = false;
  };
  return new ReadableStream({
    async pull(controller) {
      sentBytes += underWay;
      underWay = 0;
      try {
        const { done, value } = await reader.read();
        if (!open) return;
        if (!done) controller.enqueue(value);
        underWay = value?.byteLength ?? 0;
        if (!done && sentBytes + underWay < sizeBytes) return;
        sentBytes += underWay;
        controller.close();
        end({ kind: "complete" });
      } catch (error) {
        if (open) controller.error(error);
        end({ kind: "failed", error });
      }
    },
    async cancel(reason) {
      end({ kind: "aborted" });
      await reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
}
