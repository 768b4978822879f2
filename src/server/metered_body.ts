/** How a body ended: sent to its end, left by its client, or broken off on our side. */
export type Ending = { readonly kind: "complete" | "aborted" } | { readonly kind: "failed"; readonly error: unknown };

type Chunks = ReadableStream<Uint8Array<ArrayBuffer>>;

/**
 * The same chunks, not copied and not read ahead; `ended` is called once, with the bytes that were taken. A chunk counts
 * when the next one is asked for, since until then it may not have reached the client.
 */
export function meteredBody(source: Chunks, ended: (sentBytes: number, ending: Ending) => void): Chunks {
  const reader = source.getReader();
  let sentBytes = 0;
  let underWay = 0;
  return new ReadableStream({
    async pull(controller) {
      sentBytes += underWay;
      underWay = 0;
      try {
        const { done, value } = await reader.read();
        if (!done) {
          underWay = value.byteLength;
          controller.enqueue(value);
          return;
        }
        controller.close();
        ended(sentBytes, { kind: "complete" });
      } catch (error) {
        controller.error(error);
        ended(sentBytes, { kind: "failed", error });
      }
    },
    async cancel(reason) {
      ended(sentBytes, { kind: "aborted" });
      await reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
}
