import { gunzipSync, gzipSync } from "node:zlib";
import { VaultError } from "../../errors.ts";
import { isJsonObject, parseJsonObject } from "../../http/json.ts";

type Bytes = Uint8Array<ArrayBuffer>;

export interface AuditOptions {
  /** The `Content-Encoding` of the body; null where it has none. */
  readonly coding: string | null;
  /** The most bytes that the body may have once it is unpacked. */
  readonly maxBytes: number;
  /** True for a text that names a package which the registry must not hear of. */
  namesPrivate(text: string): boolean;
}

/**
 * Leaves private packages out of a question about vulnerabilities, and packs it as it was: the bulk form, an object of
 * names, and the older one, a tree of `dependencies` with `requires`, `install` and `remove`. Whatever has such a name as
 * its key or its value is left out, wherever it stands. Throws `bad_request` for a body that cannot be read: it could name
 * them.
 */
export function withoutPrivate(body: Bytes, { coding, maxBytes, namesPrivate }: AuditOptions): Bytes {
  const isPacked = /^(?:x-)?gzip$/i.test(coding?.trim() ?? "");
  if (!isPacked && coding !== null && coding.trim() !== "identity") throw unreadable(`packed in the way "${coding}"`);
  const question = parseJsonObject(isPacked ? unpacked(body, maxBytes) : body);
  if (question === null) throw unreadable("no JSON object");
  // The project itself may be private as well: an empty name is what npm sends where there is none.
  const isNamed = typeof question.name === "string";
  const kept = { ...isNamed && { name: "" }, ...without(question, { namesPrivate, depth: 0 }) as object };
  const bytes = new TextEncoder().encode(JSON.stringify(kept));
  return isPacked ? new Uint8Array(gzipSync(bytes)) : bytes;
}

const deepest = 400;

interface Filtering extends Pick<AuditOptions, "namesPrivate"> {
  readonly depth: number;
}

/** The value without what names private packages; undefined for a text that does. */
function without(value: unknown, { namesPrivate, depth }: Filtering): unknown {
  if (depth > deepest) throw unreadable("too deep");
  const within = (inner: unknown) => without(inner, { namesPrivate, depth: depth + 1 });
  if (typeof value === "string") return namesPrivate(value) ? undefined : value;
  if (Array.isArray(value)) return value.map(within).filter((inner) => inner !== undefined);
  if (!isJsonObject(value)) return value;
  const kept = Object.entries(value).filter(([key]) => !namesPrivate(key)).map(([key, inner]) => [key, within(inner)]);
  return Object.fromEntries(kept.filter(([, inner]) => inner !== undefined));
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
