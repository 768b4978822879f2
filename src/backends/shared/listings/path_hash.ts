/**
 * A hash of 53 bits, which a double represents exactly and sorts fast: two multiplicative ones, of 32 bits and of 21.
 */
export function pathHash(path: string): number {
  let high = 0x811c9dc5;
  let low = 0x2545f491;
  for (let at = 0; at < path.length; at++) {
    const code = path.charCodeAt(at);
    high = Math.imul(high ^ code, 0x01000193);
    low = Math.imul(low ^ code, 0x9e3779b1);
    low ^= low >>> 15;
  }
  return (low >>> 0) + (high >>> 11) * 2 ** 32;
}

/** The index of the first of these sorted numbers that is not less than `wanted`. */
export function lowerBound(sorted: Float64Array, wanted: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
