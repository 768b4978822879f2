import { pause } from "../store/files.ts";

/** So many are sorted or merged at once: a few milliseconds. */
const perSlice = 16_384;

/**
 * Sorts the numbers from 0 on by their ranks, equal ones by themselves, and lets requests be answered in between: a
 * million would hold them up for half a second.
 */
export async function sortedByRank(ranks: Float64Array): Promise<Uint32Array> {
  const count = ranks.length;
  let from = Uint32Array.from({ length: count }, (_, index) => index);
  let to = new Uint32Array(count);
  for (let start = 0; start < count; start += perSlice) {
    from.subarray(start, start + perSlice).sort((a, b) => ranks[a]! - ranks[b]! || a - b);
    await pause();
  }
  for (let width = perSlice; width < count; width *= 2) {
    for (let start = 0; start < count; start += 2 * width) {
      await merge(ranks, {
        from,
        to,
        start,
        middle: Math.min(count, start + width),
        end: Math.min(count, start + 2 * width),
      });
    }
    [from, to] = [to, from];
  }
  return from;
}

interface Merging {
  readonly from: Uint32Array;
  readonly to: Uint32Array;
  readonly start: number;
  readonly middle: number;
  readonly end: number;
}

/** Merges two runs that lie side by side, each sorted. */
async function merge(ranks: Float64Array, { from, to, start, middle, end }: Merging): Promise<void> {
  let [left, right] = [start, middle];
  for (let at = start; at < end; at++) {
    const takesLeft = right === end || left < middle && ranks[from[left]!]! <= ranks[from[right]!]!;
    to[at] = takesLeft ? from[left++]! : from[right++]!;
    if (at % perSlice === perSlice - 1) await pause();
  }
}
