/** What one character of a name is compared with. */
type Test =
  | { readonly kind: "character"; readonly code: number }
  | { readonly kind: "any"; readonly slash: boolean }
  | { readonly kind: "class"; readonly ranges: readonly (readonly [number, number])[]; readonly negated: boolean };

type Node =
  | Test
  /** Any number of characters. */
  | { readonly kind: "many"; readonly of: Test }
  | { readonly kind: "choice"; readonly among: readonly (readonly Node[])[] };

/** A step of a comparison: where to go on once a character passed, or without one. */
type State =
  | { readonly kind: "test"; readonly test: Test; readonly next: number }
  | { readonly kind: "split"; readonly to: number[] }
  | { readonly kind: "end" };

const slash = 47;
const within: Test = { kind: "any", slash: false };
const across: Test = { kind: "any", slash: true };

/**
 * Returns a function that compares names with a glob: `*` and `?` within a segment, `**` as a segment for any segments,
 * `[a-z]`, `[!a]`, `{a,b}`, and `\` before a character that stands for itself. A slash at the end of a name is passed
 * over. The time is bounded by the product of both lengths, whatever the glob: nothing is tried twice.
 */
export function compileGlob(glob: string): (name: string) => boolean {
  const trailing: Node = { kind: "choice", among: [[], [{ kind: "character", code: slash }]] };
  const program = new Program([...new GlobParser(glob).nodes(), trailing]);
  return (name) => program.matches(name);
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

function literal(character: string): Test {
  return { kind: "character", code: codeOf(character) };
}

function codeOf(character: string): number {
  return character.codePointAt(0)!;
}

/** All states that a comparison can be in are followed at once, one character of the name after the other. */
class Program {
  readonly #states: State[] = [{ kind: "end" }];
  readonly #start: number;
  /** By state: the number of the step in which it was entered last. */
  readonly #entered: Float64Array;
  #step = 0;

  constructor(nodes: readonly Node[]) {
    this.#start = this.#sequence(nodes, 0);
    this.#entered = new Float64Array(this.#states.length);
  }

  matches(name: string): boolean {
    let active = this.#enter([this.#start]);
    for (let at = 0; at < name.length && active.length > 0;) {
      const code = name.codePointAt(at)!;
      at += code > 0xffff ? 2 : 1;
      const next: number[] = [];
      for (const index of active) {
        const state = this.#states[index]!;
        if (state.kind === "test" && passes(state.test, code)) next.push(state.next);
      }
      active = this.#enter(next);
    }
    return active.includes(0);
  }

  /** Those states, and all that they lead to without a character; each once. */
  #enter(pending: number[]): number[] {
    const active: number[] = [];
    this.#step += 1;
    for (let index; (index = pending.pop()) !== undefined;) {
      if (this.#entered[index] === this.#step) continue;
      this.#entered[index] = this.#step;
      const state = this.#states[index]!;
      if (state.kind === "split") pending.push(...state.to);
      else active.push(index);
    }
    return active;
  }

  #sequence(nodes: readonly Node[], next: number): number {
    return nodes.reduceRight((after, node) => this.#node(node, after), next);
  }

  #node(node: Node, next: number): number {
    if (node.kind === "choice") {
      return this.#add({ kind: "split", to: node.among.map((nodes) => this.#sequence(nodes, next)) });
    }
    if (node.kind !== "many") return this.#add({ kind: "test", test: node, next });
    const to = [next];
    const split = this.#add({ kind: "split", to });
    to.push(this.#add({ kind: "test", test: node.of, next: split }));
    return split;
  }

  #add(state: State): number {
    return this.#states.push(state) - 1;
  }
}

function passes(test: Test, code: number): boolean {
  if (test.kind === "character") return test.code === code;
  if (code === slash) return test.kind === "any" && test.slash;
  return test.kind === "any" || test.ranges.some(([from, to]) => from <= code && code <= to) !== test.negated;
}
