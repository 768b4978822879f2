/** What a `Range` header asked for, before the size is known: `bytes=first-`, `bytes=first-last` or `bytes=-suffix`. */
export type RangeSpec =
  | { readonly kind: "from"; readonly first: number; readonly last?: number }
  | { readonly kind: "suffix"; readonly length: number };

/** A range of a body whose size is known; `end` is exclusive and `start < end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}
