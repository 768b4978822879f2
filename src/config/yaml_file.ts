import process from "node:process";
import { type Document, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import { messageOf } from "../errors.ts";
import type { Path, Problem } from "./problem.ts";

/** A YAML text whose values can be traced back to where they stand. */
export class YamlFile {
  readonly #document: Document;
  readonly #lines = new LineCounter();

  /** The values as plain objects. */
  readonly value: unknown;
  /** Whether there are values worth checking. */
  readonly isReadable: boolean = false;
  /** What is wrong with the text as YAML: syntax, duplicate keys, unknown tags. */
  readonly problems: readonly Problem[];

  constructor(text: string) {
    this.#document = withoutEnvironment(() =>
      parseDocument(text, { lineCounter: this.#lines, prettyErrors: false, merge: true, version: "1.2" })
    );
    const { errors, warnings } = this.#document;
    const problems = [...errors, ...warnings].map(({ code, message, pos: [offset] }) => {
      const key = /[^\s:]*/.exec(text.slice(offset))?.[0];
      return { path: [], offset, message: code === "DUPLICATE_KEY" ? `the key ${key} is given twice` : message };
    });
    this.problems = problems;
    if (errors.some((error) => error.code !== "DUPLICATE_KEY")) return;
    try {
      this.value = this.#document.toJS();
      this.isReadable = true;
    } catch (error) {
      problems.push({ path: [], offset: 0, message: messageOf(error) });
    }
  }

  /** Line and column, from 1, of a key or list item; of the nearest thing around it where there is none. */
  locate(path: Path): { line: number; col: number } {
    return this.positionOf(this.#offsetOf(path));
  }

  /** Line and column, from 1, of an offset into the text. */
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

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

/**
 * The parser's Node build asks `process.env` for debugging switches of its own at every token, and would need
 * `--allow-env=LOG_TOKENS,LOG_STREAM` for them. It runs to its end synchronously, so nobody else sees the empty one.
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
