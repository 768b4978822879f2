import { gunzipSync, gzipSync } from "node:zlib";
import { VaultError } from "../../errors.ts";
import { isJsonObject, type JsonObject, parseJsonObject } from "../../http/json.ts";

type Bytes = Uint8Array<ArrayBuffer>;

export interface AuditOptions {
  /** The `Content-Encoding` of the body; null where it has none. */
  readonly coding: string | null;
  /** The most bytes that the body may have once it is unpacked. */
  readonly maxBytes: number;
  /** True for a package that the registry must not hear of. */
  isPrivate(name: string): boolean;
}

/**
 * Leaves private packages out of a question about vulnerabilities, and packs it as it was: the bulk form, an object of
 * names, and the older one, a tree of `dependencies` with `requires`. Throws `bad_request` for a body that cannot be
 * read: it could name them.
 */
export function withoutPrivate(body: Bytes, { coding, maxBytes, isPrivate }: AuditOptions): Bytes {
  const isPacked = /^(?:x-)?gzip$/i.test(coding?.trim() ?? "");
  if (!isPacked && coding !== null && coding.trim() !== "identity") throw unreadable(`packed in the way "${coding}"`);
  const question = parseJsonObject(isPacked ? unpacked(body, maxBytes) : body);
  if (question === null) throw unreadable("no JSON object");
  const kept = filtered(question, isPrivate);
  const bytes = new TextEncoder().encode(JSON.stringify(kept));
  return isPacked ? new Uint8Array(gzipSync(bytes)) : bytes;
}

/** The keys of the older form that are objects of package names. */
const trees = ["requires", "dependencies"];

function filtered(question: JsonObject, isPrivate: AuditOptions["isPrivate"]): JsonObject {
  const isTree = isJsonObject(question.dependencies) && !Array.isArray(question.dependencies);
  if (!isTree) return withoutNames(question, isPrivate);
  // The name of the project itself may be private as well; an empty one is what npm sends where there is none.
  const named = typeof question.name === "string" && isPrivate(question.name) ? { ...question, name: "" } : question;
  return filteredNode(named, { isPrivate, depth: 0 });
}

const deepest = 200;

function filteredNode(
  node: JsonObject,
  { isPrivate, depth }: { readonly isPrivate: AuditOptions["isPrivate"]; readonly depth: number },
): JsonObject {
  if (depth > deepest) throw unreadable("too deep");
  const entries = Object.entries(node).map(([key, value]): [string, unknown] => {
    if (!trees.includes(key) || !isJsonObject(value)) return [key, value];
    const kept = Object.entries(withoutNames(value, isPrivate)).map(([name, child]) =>
      [name, isJsonObject(child) ? filteredNode(child, { isPrivate, depth: depth + 1 }) : child] as const
    );
    return [key, Object.fromEntries(kept)];
  });
  return Object.fromEntries(entries);
}

function withoutNames(object: JsonObject, isPrivate: AuditOptions["isPrivate"]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !isPrivate(name)));
}

function unpacked(body: Bytes, maxOutputLength: number): Bytes {
  try {
    return new Uint8Array(gunzipSync(body, { maxOutputLength }));
  } catch {
    throw unreadable(`not gzip, or more than ${maxOutputLength} bytes once it is unpacked`);
  }
}

function unreadable(what: string): VaultError {
  return new VaultError(
    "bad_request",
    `The body of this audit cannot be read, and could name private packages: ${what}`,
  );
}
