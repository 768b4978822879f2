type Chunks = ReadableStream<Uint8Array<ArrayBuffer>>;

/** The chunks of several streams, one after the other, each opened when its turn comes. `close` is called once. */
export function streamsInTurn(opens: readonly (() => Chunks)[], close: () => void): Chunks {
  let next = 0;
  let current: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> | null = null;
  return new ReadableStream({
    async pull(controller) {
      try {
        for (;;) {
          if (current === null && next === opens.length) break;
          current ??= opens[next++]!().getReader();
          const { done, value } = await current.read();
          if (!done) return controller.enqueue(value);
          current = null;
        }
        close();
        controller.close();
      } catch (error) {
        close();
        throw error;
      }
    },
    async cancel(reason) {
      await current?.cancel(reason);
      close();
    },
  }, { highWaterMark: 0 });
}
