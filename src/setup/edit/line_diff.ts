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

/** Returns what makes `other` of `text`, in order. The texts have to be small: time and memory are by their product. */
function diffLines(text: readonly string[], other: readonly string[]): Hunk[] {
  const common = commonTable(text, other);
  const hunks: { from: number; to: number; lines: string[] }[] = [];
  let [i, j] = [0, 0];
  while (i < text.length || j < other.length) {
    if (i < text.length && j < other.length && text[i] === other[j]) {
      i++;
      j++;
      continue;
    }
    let last = hunks.at(-1);
    if (last === undefined || last.to !== i || last.lines.length === 0 && last.from === last.to) {
      last = { from: i, to: i, lines: [] };
      hunks.push(last);
    }
    const isGone = i < text.length && (j >= other.length || common[i + 1]![j]! >= common[i]![j + 1]!);
    if (isGone) last.to = ++i;
    else last.lines.push(other[j++]!);
  }
  return hunks;
}

/** How many lines the rests of both texts have in common, from any place on. */
function commonTable(text: readonly string[], other: readonly string[]): Uint32Array[] {
  const table = Array.from({ length: text.length + 1 }, () => new Uint32Array(other.length + 1));
  for (let i = text.length - 1; i >= 0; i--) {
    for (let j = other.length - 1; j >= 0; j--) {
      table[i]![j] = text[i] === other[j] ? table[i + 1]![j + 1]! + 1 : Math.max(table[i + 1]![j]!, table[i]![j + 1]!);
    }
  }
  return table;
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
