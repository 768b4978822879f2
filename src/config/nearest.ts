/**
 * Returns ` (did you mean "timeout"?)` for the candidate nearest to a misspelt word, or else for one that begins with
 * the word, or ends with an underscore and the word: `http_port` for `port`. Empty where no candidate is like it.
 */
export function didYouMean(word: string, candidates: readonly string[]): string {
  const limit = word.length < 3 ? 0 : Math.max(1, Math.floor(word.length / 3));
  let best: string | undefined;
  let bestDistance = limit + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  best ??= candidates.find((candidate) => isPartOf(word.toLowerCase(), candidate));
  return best === undefined ? "" : ` (did you mean "${best}"?)`;
}

/** True where the candidate begins or ends with the word, which is long enough for that not to be chance. */
function isPartOf(word: string, candidate: string): boolean {
  return word.length >= 3 && candidate.endsWith(`_${word}`) || word.length >= 4 && candidate.startsWith(word);
}

/** Counts insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = last[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1);
      let distance = Math.min(replaced, last[column]! + 1, current[column - 1]! + 1);
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) distance = Math.min(distance, beforeLast[column - 2]! + 1);
      current.push(distance);
    }
    [beforeLast, last] = [last, current];
  }
  return last[b.length]!;
}
