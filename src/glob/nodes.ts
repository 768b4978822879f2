/** What one character of a name is compared with. */
export type Test =
  | { readonly kind: "character"; readonly code: number }
  | { readonly kind: "any"; readonly slash: boolean }
  | { readonly kind: "class"; readonly ranges: readonly (readonly [number, number])[]; readonly negated: boolean };

/** A part of a glob. */
export type Node =
  | Test
  /** Any number of characters. */
  | { readonly kind: "many"; readonly of: Test }
  | { readonly kind: "choice"; readonly among: readonly (readonly Node[])[] };

const within: Test = { kind: "any", slash: false };
const across: Test = { kind: "any", slash: true };

/**
 * Parses a glob: `*` and `?` within a segment, `**` as a segment for any segments, `[a-z]`, `[!a]`, `{a,b}`, and `\`
 * before a character that stands for itself. What is not closed stands for itself.
 */
export function parseGlob(glob: string): readonly Node[] {
  return new GlobParser(glob).nodes();
}

/** A character that stands for itself. */
export function literal(character: string): Test {
  return { kind: "character", code: codeOf(character) };
}

class GlobParser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  nodes(): Node[] {
    return this.#sequence(false);
  }

  /** In braces a sequence ends before a comma or the closing brace. */
  #sequence(inBraces: boolean): Node[] {
    const nodes: Node[] = [];
    for (;;) {
      const character = this.#text[this.#at];
      if (character === undefined || inBraces && (character === "," || character === "}")) return nodes;
      nodes.push(...this.#next(character));
    }
  }

  #next(character: string): readonly Node[] {
    const rest = this.#text.slice(this.#at);
    if (character === "*") return this.#stars(/^\*+/.exec(rest)![0].length);
    if (character === "?") return this.#take(1, within);
    if (character === "[") return this.#class(rest);
    if (character === "{" && closesWithComma(rest)) return [this.#braces()];
    const escaped = character === "\\" && rest.length > 1 ? 1 : 0;
    const [own] = rest.slice(escaped);
    return this.#take(escaped + own!.length, literal(own!));
  }

  #stars(count: number): readonly Node[] {
    const begins = /^$|[/{,]/.test(this.#text[this.#at - 1] ?? "");
    const after = this.#text[this.#at + count] ?? "";
    if (!begins || !/^$|[/},]/.test(after)) return this.#take(count, many(within));
    if (count === 1) return this.#take(1, within, many(within));
    if (after !== "/") return this.#take(count, many(across));
    return this.#take(count + 1, { kind: "choice", among: [[], [many(across), literal("/")]] });
  }

  /** A bracket that is not closed stands for itself. */
  #class(rest: string): readonly Node[] {
    const [whole, negation = "", members = ""] = /^\[([!^]?)(\]?[^\]/]*)\]/.exec(rest) ?? [];
    if (whole === undefined || members === "") return this.#take(1, literal("["));
    const ranges = Array.from(
      members.matchAll(/\\?([^])-\\?([^])|\\?([^])/gu),
      ([, from, to, one]) => [codeOf(from ?? one!), codeOf(to ?? one!)] as const,
    );
    return this.#take(whole.length, { kind: "class", ranges, negated: negation !== "" });
  }

  #braces(): Node {
    const among: Node[][] = [];
    do {
      this.#at += 1;
      among.push(this.#sequence(true));
    } while (this.#text[this.#at] === ",");
    this.#at += 1;
    return { kind: "choice", among };
  }

  #take(length: number, ...nodes: readonly Node[]): readonly Node[] {
    this.#at += length;
    return nodes;
  }
}

/** True where the brace at the beginning is closed, with a comma of its own in between. */
function closesWithComma(text: string): boolean {
  let [depth, hasComma] = [0, false];
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === "\\") at += 1;
    else if (character === "{") depth += 1;
    else if (character === "," && depth === 1) hasComma = true;
    else if (character === "}" && --depth === 0) return hasComma;
  }
  return false;
}

function many(of: Test): Node {
  return { kind: "many", of };
}

function codeOf(character: string): number {
  return character.codePointAt(0)!;
}
