import { byHead } from "./by_head.ts";
import type { Node, Test } from "./nodes.ts";

/** A step of a comparison: where to go on once a character passed, or without one. */
type Step =
  | { readonly kind: "test"; readonly test: Test; readonly next: number }
  | { readonly kind: "split"; readonly to: number[] }
  | { readonly kind: "end" };

/** The tests that a comparison waits for at once, and where each character leads that was seen there. */
interface State {
  readonly tests: readonly number[];
  readonly isEnd: boolean;
  readonly next: Map<number, State>;
}

const slash = 47;
/** States are remembered until they have so many tests together, and twice those of the program, and then anew. */
const leastRemembered = 20_000;
/** Each choice within a choice that is joined copies what is left of its globs. */
const mostJoined = 16;
/** What a state takes besides its tests. */
const fixedCost = 20;

/**
 * Compares names with nodes. All that a comparison can be in is followed at once, one character of the name after the
 * other: the time is bounded by the product of both lengths. Where names are alike it is that of a name alone, since
 * states are remembered.
 */
export class Program {
  readonly #steps: Step[] = [{ kind: "end" }];
  readonly #start: number;
  /** By step: the number of the turn in which it was entered last. */
  readonly #entered: Float64Array;
  #depth = 0;
  #turn = 0;
  #taken = 0;
  readonly #states = new Map<string, State>();
  #remembered = 0;
  readonly #mostRemembered: number;
  #first: State;

  constructor(nodes: readonly Node[]) {
    this.#start = this.#sequence(nodes, 0);
    this.#entered = new Float64Array(this.#steps.length);
    this.#mostRemembered = leastRemembered + 2 * this.#steps.length;
    this.#first = this.#stateOf([this.#start]);
  }

  /** How many steps were taken until now, apart from what was remembered. */
  get taken(): number {
    return this.#taken;
  }

  matches(name: string): boolean {
    let state = this.#first;
    for (let at = 0; at < name.length;) {
      const code = name.codePointAt(at)!;
      at += code > 0xffff ? 2 : 1;
      state = state.next.get(code) ?? this.#follow(state, code);
      if (state.tests.length === 0 && !state.isEnd) return false;
    }
    return state.isEnd;
  }

  #follow(state: State, code: number): State {
    if (this.#remembered > this.#mostRemembered) this.#forget();
    const passed: number[] = [];
    this.#taken += state.tests.length;
    for (const index of state.tests) {
      const step = this.#steps[index]!;
      if (step.kind === "test" && passes(step.test, code)) passed.push(step.next);
    }
    const next = this.#stateOf(passed);
    this.#remembered += 1;
    state.next.set(code, next);
    return next;
  }

  /** The state in which a comparison waits for those steps, and for all that they lead to without a character. */
  #stateOf(pending: number[]): State {
    const steps = this.#enter(pending);
    const name = steps.join();
    const known = this.#states.get(name);
    if (known !== undefined) return known;
    this.#remembered += steps.length + fixedCost;
    const isEnd = steps[0] === 0;
    const state: State = { tests: isEnd ? steps.slice(1) : steps, isEnd, next: new Map() };
    this.#states.set(name, state);
    return state;
  }

  #forget(): void {
    this.#states.clear();
    this.#remembered = 0;
    this.#first = { ...this.#first, next: new Map() };
  }

  /** Each once, in order. */
  #enter(pending: number[]): number[] {
    const entered: number[] = [];
    this.#turn += 1;
    for (let index; (index = pending.pop()) !== undefined;) {
      if (this.#entered[index] === this.#turn) continue;
      this.#entered[index] = this.#turn;
      this.#taken += 1;
      const step = this.#steps[index]!;
      if (step.kind === "split") pending.push(...step.to);
      else entered.push(index);
    }
    return entered.sort((a, b) => a - b);
  }

  #sequence(nodes: readonly Node[], next: number): number {
    return nodes.reduceRight((after, node) => this.#node(node, after), next);
  }

  #node(node: Node, next: number): number {
    if (node.kind === "choice") {
      const among = this.#depth < mostJoined ? byHead(node.among) : node.among;
      this.#depth += 1;
      const to = among.map((nodes) => this.#sequence(nodes, next));
      this.#depth -= 1;
      return this.#add({ kind: "split", to });
    }
    if (node.kind !== "many") return this.#add({ kind: "test", test: node, next });
    const to = [next];
    const split = this.#add({ kind: "split", to });
    to.push(this.#add({ kind: "test", test: node.of, next: split }));
    return split;
  }

  #add(step: Step): number {
    return this.#steps.push(step) - 1;
  }
}

function passes(test: Test, code: number): boolean {
  if (test.kind === "character") return test.code === code;
  if (code === slash) return test.kind === "any" && test.slash;
  return test.kind === "any" || test.ranges.some(([from, to]) => from <= code && code <= to) !== test.negated;
}
