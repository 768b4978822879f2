import { messageOf, VaultError } from "../../errors.ts";

/**
 * Puts a text first in the list `key` of a JSON object, and leaves all other characters where they are. Throws
 * `config_invalid` for what is no such object.
 */
export function withJsonItem(text: string, key: string, item: string): string {
  const member = `${JSON.stringify(key)}: [${JSON.stringify(item)}]`;
  if (text.trim() === "") return `{\n  ${member}\n}\n`;
  const before = parse(text);
  const items = before[key];
  if (Array.isArray(items) && items.includes(item)) return text;
  const result = items === undefined ? withMember(text, member) : withItem(text, key, item);
  // Nothing else may have changed, whatever the text looked like.
  const wanted = { ...before, [key]: [item, ...items as unknown[] ?? []] };
  if (stable(parse(result)) !== stable(wanted)) throw refusal(`"${key}" cannot be changed safely; set it by hand`);
  return result;
}

function withMember(text: string, member: string): string {
  const open = text.indexOf("{") + 1;
  const rest = text.slice(open);
  if (/^\s*\}/.test(rest)) return `${text.slice(0, open)}\n  ${member}\n${rest.trimStart()}`;
  const indent = /^\s*\n([ \t]*)/.exec(rest)?.[1];
  return `${text.slice(0, open)}${indent === undefined ? ` ${member},` : `\n${indent}${member},`}${rest}`;
}

function withItem(text: string, key: string, item: string): string {
  const places = [...text.matchAll(new RegExp(`${JSON.stringify(key)}\\s*:\\s*\\[`, "g"))];
  const [place] = places;
  if (place === undefined || places.length > 1) throw refusal(`"${key}" is no list that stands there once`);
  const at = place.index + place[0].length;
  const rest = text.slice(at);
  const space = /^\s*/.exec(rest)![0];
  return `${text.slice(0, at)}${space}${JSON.stringify(item)}${
    /^\s*\]/.test(rest) ? "" : space === "" ? ", " : `,`
  }${rest}`;
}

function parse(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw refusal(`It cannot be parsed: ${messageOf(error)}`);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw refusal("It is no JSON object");
}

/** The same for objects that differ in the order of their keys only. */
function stable(value: Record<string, unknown>): string {
  return JSON.stringify(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1));
}

function refusal(message: string): VaultError {
  return new VaultError("config_invalid", message);
}
