/** A stretch of a body that is filled in order, as the map sees it. Offsets are in bytes of the whole body. */
export interface Stretch {
  readonly start: number;
  /** Exclusive; `Infinity` while the size of the body is not known. */
  end: number;
  /** Bytes up to here have come. */
  readonly receivedTo: number;
  /** Bytes up to here are on disk. */
  readonly storedTo: number;
}

/**
 * The segments of a body, in order and without overlap. A segment ends where the next begins, so that the only gap
 * there can be lies before the first.
 */
export class SegmentMap<S extends Stretch> {
  readonly #segments: S[] = [];
  #sizeBytes: number | null;

  /** `sizeBytes` is null while the size of the body is not known. */
  constructor(sizeBytes: number | null) {
    this.#sizeBytes = sizeBytes;
  }

  /** Null while it is not known. */
  get sizeBytes(): number | null {
    return this.#sizeBytes;
  }

  /** The size of the body has become known. */
  sizeIs(sizeBytes: number): void {
    this.#sizeBytes = sizeBytes;
    for (const segment of this.#segments) segment.end = Math.min(segment.end, sizeBytes);
  }

  /** Adds the segment that `create` makes for `[start, end)`. The one before it ends at `start` from now on. */
  add(start: number, create: (end: number) => S): S {
    const index = this.#segments.findLastIndex((segment) => segment.start <= start) + 1;
    const before = this.#segments[index - 1];
    const after = this.#segments[index];
    const segment = create(before?.end ?? after?.start ?? this.#sizeBytes ?? Infinity);
    if (before) before.end = start;
    this.#segments.splice(index, 0, segment);
    return segment;
  }

  /** Removes a segment that has received nothing. Returns the one before it, which takes over its range, or null. */
  withdraw(segment: S): S | null {
    const index = this.#segments.indexOf(segment);
    const before = this.#segments[index - 1] ?? null;
    if (before) before.end = segment.end;
    this.#segments.splice(index, 1);
    return before;
  }

  /** The segment that brings the byte at `offset`; null where none does. */
  at(offset: number): S | null {
    return this.#segments.findLast((segment) => segment.start <= offset) ?? null;
  }

  /** The first bytes of the body, where no segment brings them; null otherwise. */
  get gap(): { readonly start: number; readonly end: number } | null {
    const first = this.#segments[0];
    return first && first.start > 0 ? { start: 0, end: first.start } : null;
  }

  /** The first segment that still lacks bytes; null where there is none. */
  get unfilled(): S | null {
    return this.#segments.find(({ receivedTo, end }) => receivedTo < end) ?? null;
  }

  /** The bytes that have come, in all segments together. */
  get receivedBytes(): number {
    return this.#segments.reduce((sum, { receivedTo, start }) => sum + receivedTo - start, 0);
  }

  /** The bytes on disk without a gap, counted from the first byte of the body. */
  get storedPrefixBytes(): number {
    let to = 0;
    for (const { start, end, storedTo } of this.#segments) {
      if (start !== to) break;
      to = storedTo;
      if (to < end) break;
    }
    return to;
  }

  [Symbol.iterator](): Iterator<S> {
    return this.#segments[Symbol.iterator]();
  }
}
