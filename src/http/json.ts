export type JsonObject = Readonly<Record<string, unknown>>;

/** True for a JSON object; false for a list. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value where it is a JSON object, and else an empty one. */
export function asJsonObject(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}

/** Parses a JSON object; null for anything else. The parser's own error, which quotes the text, is dropped. */
export function parseJsonObject(text: string | Uint8Array): JsonObject | null {
  try {
    const value: unknown = JSON.parse(typeof text === "string" ? text : new TextDecoder().decode(text));
    return isJsonObject(value) ? value : null;
  } catch {
    return null;
  }
}
