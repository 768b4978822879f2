import type { Env } from "./env.ts";
import { Invalid } from "./value_types.ts";

/** Matches `$${`, `${NAME}` and `${NAME:-default}`, and a `${` that begins neither. */
const reference = /\$(\$\{)|\$\{(?:([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\})?/g;

/** Replaces `${NAME}` and `${NAME:-default}` (for unset or empty) by environment variables, and `$${` by `${`. */
export function substitute(text: string, env: Env): string | Invalid {
  let invalid: Invalid | undefined;
  const result = text.replace(reference, (_, literal?: string, name?: string, fallback?: string) => {
    if (literal !== undefined) return literal;
    if (name === undefined) {
      invalid ??= new Invalid('"${" begins no ${NAME} or ${NAME:-default}; write $${ for a literal ${');
      return "";
    }
    const value = env(name);
    if (fallback !== undefined) return value || fallback;
    invalid ??= value === undefined
      ? new Invalid(`the environment variable ${name} is not set; set it or write \${${name}:-default}`)
      : undefined;
    return value ?? "";
  });
  return invalid ?? result;
}

/** Returns the names of the variables that a text refers to. */
export function referencedNames(text: string): string[] {
  return [...text.matchAll(reference)].flatMap(([, , name]) => name ?? []);
}

/**
 * Says whether a text has something that looks like a variable without its braces, such as `$TOKEN`, and is taken as it
 * is written. A word in capitals does, and any name that is the whole text.
 */
export function hasBareReference(text: string): boolean {
  return /^\$[A-Za-z_]\w*$|(?<!\$)\$[A-Z_][A-Z0-9_]+(?![a-z])/.test(text);
}
