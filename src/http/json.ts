export type JsonObject = Readonly<Record<string, unknown>>;

/** True for a JSON object; false for a list. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value where it is a JSON object, and else an empty one. */
export function asJsonObject(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}

/**
 * Parses JSON that has any form yet; null for what is none. The caller checks each member that it takes. The parser's
 * own error, which quotes the text, is dropped.
 */
// deno-lint-ignore no-explicit-any
export function jsonOrNull(text: string): any {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Parses a JSON object; null for anything else. */
export function parseJsonObject(text: string | Uint8Array): JsonObject | null {
  const value: unknown = jsonOrNull(typeof text === "string" ? text : new TextDecoder().decode(text));
  return isJsonObject(value) ? value : null;
}
