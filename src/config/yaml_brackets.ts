/** A bracket without its counterpart. */
export interface LooseBracket {
  readonly bracket: string;
  readonly offset: number;
  /** True where it closes something that nothing has opened. */
  readonly isSurplus: boolean;
}

/** Matches quoted texts, comments and variables, in which brackets mean nothing, or else one bracket. */
const tokens = /"(?:\\.|[^"\\])*"|'[^']*'|(?<=\s|^)#.*|\$\{[^}]*\}|[{}[\]]/gm;

/** Returns the innermost bracket open at `offset`, or one before it that closes nothing; null where all match. */
export function openBracketBefore(text: string, offset: number): LooseBracket | null {
  const open: LooseBracket[] = [];
  for (const { 0: bracket, index } of text.matchAll(tokens)) {
    if (index > offset) break;
    if (bracket === "{" || bracket === "[") open.push({ bracket, offset: index, isSurplus: false });
    else if (bracket === "}" || bracket === "]") {
      if (open.pop() === undefined) return { bracket, offset: index, isSurplus: true };
    }
  }
  return open.at(-1) ?? null;
}
