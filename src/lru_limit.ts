/** The limit of an LRU cache that holds so many entries. Unlike `max`, it reserves no memory for them beforehand. */
export interface LruLimit {
  readonly maxSize: number;
  sizeCalculation(): number;
}

/** Returns the options for `LRUCache`: with `max: 20_000`, each cache would take milliseconds to create. */
export function atMost(entries: number): LruLimit {
  return { maxSize: entries, sizeCalculation: () => 1 };
}
