import { type Digest, gitBlobDigest, parseDigest } from "../../digest.ts";
import { type HeaderList, headerOf } from "../../http/headers.ts";
import { parseJsonObject } from "../../http/json.ts";

/** What the Hub says of a file at a commit in answer to HEAD. */
export interface FileMetadata {
  /** Null where the Hub does not say. */
  readonly sizeBytes: number | null;
  /** A strong ETag: the SHA-256 of a large file, git's name of a small one; null where there is none. */
  readonly etag: string | null;
  readonly xetHash: string | null;
  /** `Content-Type`, `Content-Disposition` and the like. */
  readonly headers: HeaderList;
}

/** The headers that a redirect to another server has about the file. */
export const describing = ["x-linked-etag", "x-linked-size", "x-repo-commit", "x-xet-hash"] as const;

/** What stored metadata is of. */
const kind = "file";
const kept = ["content-type", "content-disposition", "last-modified"];

/**
 * Returns what a response to HEAD says; null for one that says nothing of the file, such as a refusal. A redirect to
 * another server says it as well as a 200.
 */
export function metadataOf({ status, headers }: Pick<Response, "status" | "headers">): FileMetadata | null {
  const isRedirect = status >= 300 && status < 400 && headers.has("location");
  if (status !== 200 && !isRedirect) return null;
  const told: HeaderList = [...headers].map(([name, value]) => [name, value]);
  return {
    // A length of 0 may be that of an answer to HEAD whose length a proxy has removed.
    sizeBytes: numberIn(headers.get("x-linked-size")) ??
      (isRedirect ? null : numberIn(headers.get("content-length")) || null),
    etag: etagIn(told),
    xetHash: hashIn(told),
    headers: isRedirect ? [] : told.filter(([name]) => kept.includes(name)),
  };
}

/** Formats metadata to be stored, and parses it; null for what is none. */
export function formatMetadata(metadata: FileMetadata): string {
  return JSON.stringify({ kind, ...metadata });
}

export function parseMetadata(bytes: Uint8Array): FileMetadata | null {
  const value = parseJsonObject(bytes);
  if (value?.kind !== kind) return null;
  const { sizeBytes, etag, xetHash, headers } = value;
  const matches = (text: unknown, form: RegExp): text is string | null =>
    text === null || (typeof text === "string" && form.test(text));
  const isSize = sizeBytes === null || (typeof sizeBytes === "number" && Number.isSafeInteger(sizeBytes));
  const isSound = isSize && matches(etag, /^"?[0-9a-f]+"?$/) && matches(xetHash, /^[0-9a-f]{64}$/) &&
    isHeaderList(headers);
  return isSound ? { sizeBytes, etag, xetHash, headers } : null;
}

/** True for headers that are kept here. They may have come from elsewhere, in a bundle. */
function isHeaderList(value: unknown): value is HeaderList {
  return Array.isArray(value) && value.every((pair) => {
    const [name, text, ...rest] = Array.isArray(pair) ? pair : [];
    return rest.length === 0 && kept.includes(name) && typeof text === "string" &&
      /^[\t\x20-\x7e\x80-\xff]*$/.test(text);
  });
}

/** The ETag by which the Hub's clients know a file, as headers of the Hub or stored headers have it. */
export function etagIn(headers: HeaderList): string | null {
  const etag = headerOf(headers, "x-linked-etag") ?? headerOf(headers, "etag");
  return etag === undefined ? null : etag.replace(/^W\//, "");
}

export function hashIn(headers: HeaderList): string | null {
  const hash = headerOf(headers, "x-xet-hash");
  return hash !== undefined && /^[0-9a-f]{64}$/.test(hash) ? hash : null;
}

/** The size as the Hub's own headers have it. */
export function linkedSizeIn(headers: HeaderList): number | null {
  return numberIn(headerOf(headers, "x-linked-size") ?? null);
}

/** The digest that an ETag of the Hub's is; null for others. */
export function digestOfEtag(etag: string | null, sizeBytes: number | null): Digest | null {
  const hex = /^"?([0-9a-f]+)"?$/.exec(etag ?? "")?.[1] ?? "";
  if (hex.length === 64) return parseDigest(`sha256:${hex}`);
  return hex.length === 40 && sizeBytes !== null ? gitBlobDigest(hex, sizeBytes) : null;
}

function numberIn(text: string | null): number | null {
  return text !== null && /^\d{1,16}$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : null;
}
