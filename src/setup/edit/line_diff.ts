/** Lines of a text that stand for others: those from `from` to `to`, which is not among them. */
interface Hunk {
  readonly from: number;
  readonly to: number;
  readonly lines: readonly string[];
}

/** Splits a text into lines with their line ends. */
export function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

/** Above this number of lines that differ, all of them count as one change: time and memory are by its square. */
const mostDifferent = 2_000;

/** Returns what makes `other` of `text`, in order (Myers, An O(ND) Difference Algorithm). */
function diffLines(text: readonly string[], other: readonly string[]): Hunk[] {
  const rounds = roundsOf(text, other);
  if (rounds === null) return [{ from: 0, to: text.length, lines: other }];
  const hunks: { from: number; to: number; lines: string[] }[] = [];
  for (const { from, line } of stepsOf(rounds, text.length, other)) {
    let last = hunks.at(-1);
    if (last?.to !== from) hunks.push(last = { from, to: from, lines: [] });
    if (line === null) last.to++;
    else last.lines.push(line);
  }
  return hunks;
}

/**
 * How far into `text` each diagonal gets with one more difference a round, from `-round` on; the last round is the one
 * that gets to the end of both. Null where that takes too many.
 */
function roundsOf(text: readonly string[], other: readonly string[]): Int32Array[] | null {
  const rounds: Int32Array[] = [];
  for (let round = 0; round <= mostDifferent; round++) {
    const reached = new Int32Array(2 * round + 1);
    rounds.push(reached);
    for (let diagonal = -round; diagonal <= round; diagonal += 2) {
      let i = round === 0 ? 0 : startOf(rounds[round - 1]!, diagonal).i;
      while (i < text.length && i - diagonal < other.length && text[i] === other[i - diagonal]) i++;
      reached[diagonal + round] = i;
      if (i >= text.length && i - diagonal >= other.length) return rounds;
    }
  }
  return null;
}

/** Where a diagonal begins, by the round before: behind a line that is gone, or behind one that is new. */
function startOf(before: Int32Array, diagonal: number): { i: number; isGone: boolean } {
  const round = (before.length + 1) / 2;
  const at = (other: number) => before[other + round - 1] ?? -1;
  const isGone = diagonal !== -round && (diagonal === round || at(diagonal - 1) >= at(diagonal + 1));
  return { i: isGone ? at(diagonal - 1) + 1 : at(diagonal + 1), isGone };
}

/** The lines that are gone, for which `line` is null, and those that are new before the line `from`, in order. */
function stepsOf(rounds: readonly Int32Array[], length: number, other: readonly string[]) {
  const steps: { from: number; line: string | null }[] = [];
  let diagonal = length - other.length;
  for (let round = rounds.length - 1; round > 0; round--) {
    const { i, isGone } = startOf(rounds[round - 1]!, diagonal);
    steps.push(isGone ? { from: i - 1, line: null } : { from: i, line: other[i - diagonal - 1]! });
    diagonal += isGone ? -1 : 1;
  }
  return steps.reverse();
}

/**
 * Takes what led from `before` to `after` out of `current`, which somebody has made of `after`. Null where both have
 * changed the same lines.
 */
export function withoutChange(current: string, before: string, after: string): string | null {
  const base = linesOf(after);
  const ours = diffLines(base, linesOf(before));
  const theirs = diffLines(base, linesOf(current));
  if (ours.some((one) => theirs.some((other) => overlap(one, other)))) return null;
  const hunks = [...ours, ...theirs].sort((a, b) => b.from - a.from || b.to - a.to);
  for (const { from, to, lines } of hunks) base.splice(from, to - from, ...lines);
  return base.join("");
}

function overlap(one: Hunk, other: Hunk): boolean {
  return one.from < other.to && other.from < one.to || one.from === other.from && one.to === other.to;
}

/** Shows what changes, as `diff -u` does, with two lines around each change. */
export function shownDiff(path: string, before: string, after: string): string {
  const lines = linesOf(before);
  const shown = diffLines(lines, linesOf(after)).flatMap(({ from, to, lines: added }) => [
    `@@ line ${from + 1} @@`,
    ...lines.slice(Math.max(0, from - 2), from).map((line) => ` ${line}`),
    ...lines.slice(from, to).map((line) => `-${line}`),
    ...added.map((line) => `+${line}`),
    ...lines.slice(to, to + 2).map((line) => ` ${line}`),
  ]);
  return [`--- ${path}`, `+++ ${path}`, ...shown].map((line) => line.replace(/\r?\n$/, "") + "\n").join("");
}
