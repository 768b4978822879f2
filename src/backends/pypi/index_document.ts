import { VaultError } from "../../errors.ts";
import type { TaskDocument } from "../shared/tasks/document.ts";
import { UnpackError } from "../shared/unpack.ts";

/** An unpacked document of an index: a page or a list. */
export interface IndexDocument {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Its `Content-Type`. */
  readonly contentType: string | undefined;
  /** The URL it was requested at, which names the project where the document does not. */
  readonly askedUrl: string;
  /** The URL it came from after redirects: its relative links count from here. */
  readonly url: string;
}

/** The largest document that is read, packed or unpacked: PyPI's largest page has some 30 MB. */
export const maxPageBytes = 64 * 1024 * 1024;

/** Unpacks a document. Throws `upstream_failed` where it cannot be unpacked. */
export async function readDocument(document: TaskDocument): Promise<IndexDocument> {
  const { contentType, askedUrl, url } = document.description;
  try {
    return { contentType, askedUrl, url, bytes: await document.bytes() };
  } catch (error) {
    throw error instanceof UnpackError ? unreadable({ url }, error.message) : error;
  }
}

/** Says whether its type is JSON. */
export function isJson({ contentType = "" }: Pick<IndexDocument, "contentType">): boolean {
  return /^application\/(?:[\w.-]+\+)?json\b/i.test(contentType.trim());
}

/** Says whether it is JSON: by its type or, where that is neither JSON nor HTML, by how it begins. */
export function isJsonDocument({ contentType = "", bytes }: IndexDocument): boolean {
  if (isJson({ contentType })) return true;
  if (/^\s*(?:text\/html|application\/(?:[\w.-]+\+)?x?html)\b/i.test(contentType)) return false;
  return /^\s*\{/.test(new TextDecoder().decode(bytes.subarray(0, 64)));
}

/** The error for a document that cannot be parsed. */
export function unreadable({ url }: Pick<IndexDocument, "url">, reason: string): VaultError {
  return new VaultError("upstream_failed", `Cannot read "${url}" as a page of a package index: ${reason}`);
}

/** Throws `upstream_failed` for a greater major version of the API than 1 (PEP 629); none counts as 1. */
export function checkApiVersion(document: IndexDocument, version: unknown): void {
  const major = /^\s*(\d+)/.exec(String(version))?.[1] ?? "1";
  if (Number(major) <= 1) return;
  throw unreadable(document, `it is of version ${String(version).slice(0, 20)} of the API, and we know version 1`);
}
