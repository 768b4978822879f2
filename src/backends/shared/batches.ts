/** So many items take some ten milliseconds. */
const turn = 5000;

/** Yields the items in their order, a batch at a time; other work gets the thread in between. */
export async function* inBatches<T>(items: Iterable<T>): AsyncGenerator<readonly T[]> {
  let batch: T[] = [];
  for (const item of items) {
    if (batch.push(item) < turn) continue;
    yield batch;
    batch = [];
    await new Promise<void>((resolve) => setTimeout(resolve));
  }
  yield batch;
}
