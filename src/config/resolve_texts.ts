import type { Env } from "./env.ts";
import { Invalid } from "./value_types.ts";
import { formatPath, type Path, type Problem } from "./problem.ts";
import { hasBareReference, referencedNames, substitute } from "./substitute.ts";

/** No configuration is deeper. A YAML alias may refer to what is around it, without end. */
const maxDepth = 32;

/** Replaces `${NAME}` in every text of a tree. Values that are null, or become empty by that, are left out. */
export function resolveTexts(tree: unknown, env: Env): { value: unknown; problems: Problem[] } {
  const problems: Problem[] = [];
  const value = mapTexts(tree, [], (text, path) => {
    const result = substitute(text, env);
    if (!(result instanceof Invalid)) return result === "" && text !== "" ? undefined : result;
    problems.push({ path, message: result.reason ?? "" });
    return text;
  });
  return { value, problems };
}

/** Returns the names of the environment variables that a tree refers to. */
export function namesInTexts(tree: unknown): string[] {
  const names = new Set<string>();
  mapTexts(tree, [], (text) => {
    for (const name of referencedNames(text)) names.add(name);
    return text;
  });
  return [...names];
}

/** Returns a sentence for each text in which `$NAME` may be meant as a variable. The text itself may be a secret. */
export function bareReferences(tree: unknown): string[] {
  const warnings: string[] = [];
  mapTexts(tree, [], (text, path) => {
    if (hasBareReference(text)) {
      warnings.push(
        `${
          formatPath(path)
        } has a "$" before a name, and is taken as it is written; write \${NAME} if the variable is meant`,
      );
    }
    return text;
  });
  return warnings;
}

function mapTexts(value: unknown, path: Path, map: (text: string, path: Path) => string | undefined): unknown {
  if (typeof value === "string") return map(value, path);
  if (typeof value !== "object" || value === null || path.length > maxDepth) return value ?? undefined;
  if (Array.isArray(value)) return value.map((item, index) => mapTexts(item, [...path, index], map));
  const entries = Object.entries(value).map(([key, item]) => [key, mapTexts(item, [...path, key], map)] as const);
  return Object.fromEntries(entries.filter(([, item]) => item !== undefined));
}
