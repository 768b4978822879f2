import { type Document, isAlias, isCollection, isMap, isNode, isScalar, visit } from "yaml";
import type { Problem } from "./problem.ts";

/**
 * Returns the problems with the references of a document that is sound otherwise, also where none was meant: `*.jar`
 * and `&x` without quotes, `<<` with a value that is no mapping, a key that is a mapping.
 */
export function referenceProblems(document: Document): Problem[] {
  const problems: Problem[] = [];
  const wrong = (node: unknown, message: string) => {
    problems.push({ path: [], offset: isNode(node) ? node.range?.[0] ?? 0 : 0, message });
  };
  visit(document, {
    Alias(_, node) {
      if (node.resolve(document) !== undefined) return;
      wrong(node, `"*${node.source}" refers to nothing in this file; a value that begins with * has to be in quotes`);
    },
    Scalar(_, node) {
      if (node.anchor === undefined || node.value !== null || node.source) return;
      wrong(node, 'a value that begins with & has to be in quotes: "&…"');
    },
    Pair(_, { key, value }) {
      if (isCollection(key)) {
        wrong(key, "a mapping or a list cannot be a key; put a text with brackets, or with {{ }}, into quotes");
        return visit.SKIP;
      }
      const isMerge = isScalar(key) && (key.value === "<<" || typeof key.value === "symbol");
      const source = isAlias(value) ? value.resolve(document) : value;
      if (!isMerge || isMap(source) || isAlias(value) && source === undefined || isCollection(source)) return;
      wrong(key, '"<<" takes a mapping, or the name of one: <<: *name');
    },
  });
  return problems;
}
