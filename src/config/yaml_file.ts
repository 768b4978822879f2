import process from "node:process";
import { type Document, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import type { Path, Problem } from "./problem.ts";
import { referenceProblems } from "./yaml_references.ts";
import { type SyntaxFault, type Wording, wordingOf } from "./yaml_wording.ts";

/** A YAML text whose values can be traced back to where they stand. */
export class YamlFile {
  readonly #document: Document;
  readonly #lines = new LineCounter();

  /** The values as plain objects. */
  readonly value: unknown;
  /** True where there are values worth checking. */
  readonly isReadable: boolean = false;
  /** The problems of the text as YAML: syntax, duplicate keys, unknown tags. */
  readonly problems: readonly Problem[];

  constructor(text: string) {
    this.#document = withoutEnvironment(() =>
      parseDocument(text, { lineCounter: this.#lines, prettyErrors: false, merge: true, version: "1.2" })
    );
    const faults = [...this.#document.errors, ...this.#document.warnings]
      .map(({ code, message, pos: [offset] }) => ({ code, message, offset }));
    const isDuplicate = ({ code }: SyntaxFault) => code === "DUPLICATE_KEY";
    const duplicates = faults.filter(isDuplicate).map(({ offset }) => duplicateKey(text, offset));
    // What comes after the first is mostly its consequence.
    const syntax = faults.filter((fault) => !isDuplicate(fault)).slice(0, 1).map((fault) => wordingOf(fault, text));
    const found = syntax.length > 0 ? syntax : referenceProblems(this.#document);
    this.problems = [...duplicates, ...found].map((problem) => ({ path: [], ...problem }));
    if (found.length > 0) return;
    this.value = this.#document.toJS();
    this.isReadable = true;
  }

  /** Returns line and column, from 1, of a key or list item, or of the nearest one around it that exists. */
  locate(path: Path): { line: number; col: number } {
    return this.positionOf(this.#offsetOf(path));
  }

  /** Returns line and column, from 1, of an offset into the text. */
  positionOf(offset: number): { line: number; col: number } {
    const { line, col } = this.#lines.linePos(offset);
    return line === 0 ? { line: 1, col: 1 } : { line, col };
  }

  #offsetOf(path: Path): number {
    let node: unknown = this.#document.contents;
    let offset = startOf(node) ?? 0;
    for (const step of path) {
      if (isSeq(node) && typeof step === "number") {
        node = node.items[step];
        offset = startOf(node) ?? offset;
      } else if (isMap(node)) {
        const pair = node.items.find(({ key }) => (isScalar(key) ? key.value : key) === step);
        node = pair?.value;
        offset = startOf(pair?.key) ?? offset;
      } else break;
    }
    return offset;
  }
}

function duplicateKey(text: string, offset: number): Wording {
  const key = /[^\s:]*/.exec(text.slice(offset))?.[0];
  return { message: `the key ${key} is given twice; keep one of them`, offset };
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

/**
 * Runs the parser with an empty `process.env`. Its Node build reads debugging switches from it at every token, for
 * which it would need `--allow-env=LOG_TOKENS,LOG_STREAM`. It runs synchronously, so nothing else sees the empty
 * environment.
 */
function withoutEnvironment<Result>(run: () => Result): Result {
  const { env } = process;
  process.env = {};
  try {
    return run();
  } finally {
    process.env = env;
  }
}
