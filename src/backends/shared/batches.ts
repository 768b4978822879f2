/** So many items that are in memory take some ten milliseconds. */
const inMemory = 5000;

/**
 * Yields the items in their order, a batch of `most` at a time; other work gets the thread in between.
 */
export async function* inBatches<T>(items: Iterable<T>, most = inMemory): AsyncGenerator<readonly T[]> {
  let batch: T[] = [];
  for (const item of items) {
    if (batch.push(item) < most) continue;
    yield batch;
    batch = [];
    await new Promise<void>((resolve) => setTimeout(resolve));
  }
  yield batch;
}
