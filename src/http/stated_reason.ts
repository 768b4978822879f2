import { asJsonObject, parseJsonObject } from "./json.ts";

const maxCharacters = 200;

/**
 * Returns the reason that an upstream states for refusing a request, in one line of at most 200 characters: the first
 * line of a plain text, or the message in a JSON document. Null where it states none, or sends another type.
 */
export function statedReason(type: string, body: Uint8Array): string | null {
  if (isJson(type)) return oneLine(messageIn(decoder.decode(body)));
  return isPlainText(type) ? oneLine(decoder.decode(body).trimStart().split("\n", 1)[0]!) : null;
}

/** Says whether a body of this Content-Type may state a reason. */
export function statesReasons(type: string): boolean {
  return isJson(type) || isPlainText(type);
}

const decoder = new TextDecoder();

function isJson(type: string): boolean {
  return /^[^;]*[/+]json\b/i.test(type);
}

function isPlainText(type: string): boolean {
  return type.toLowerCase().startsWith("text/plain");
}

/**
 * Finds `errors[0].message`, as registries send it (distribution-spec, "Error codes"), or the members that other
 * servers use.
 */
function messageIn(text: string): string {
  const { errors, error, message, detail, details } = parseJsonObject(text) ?? {};
  const first = Array.isArray(errors) ? errors[0] : undefined;
  const stated = [asJsonObject(first).message, first, message, asJsonObject(error).message, error, detail, details];
  return stated.find((value) => typeof value === "string") as string | undefined ?? "";
}

/** Returns null where nothing is left. */
function oneLine(text: string): string | null {
  const line = text.replace(/[\p{Cc}\p{Cf}\s]+/gu, " ").trim();
  if (line === "") return null;
  return line.length <= maxCharacters ? line : `${line.slice(0, maxCharacters - 1)}…`;
}
