import { VaultError } from "../../errors.ts";
import type { IndexDocument } from "./page.ts";

/** Whether it says that it is JSON. */
export function isJson({ contentType = "" }: Pick<IndexDocument, "contentType">): boolean {
  return /^application\/(?:[\w.-]+\+)?json\b/i.test(contentType.trim());
}

/** Whether it is JSON: by what it says or, where it says neither that nor HTML, by how it begins. */
export function isJsonDocument({ contentType = "", bytes }: IndexDocument): boolean {
  if (isJson({ contentType })) return true;
  if (/^\s*(?:text\/html|application\/(?:[\w.-]+\+)?x?html)\b/i.test(contentType)) return false;
  return /^\s*\{/.test(new TextDecoder().decode(bytes.subarray(0, 64)));
}

/** The error for a document that makes no sense. */
export function unreadable({ url }: IndexDocument, reason: string): VaultError {
  return new VaultError("upstream_failed", `Cannot read "${url}" as a page of a package index: ${reason}`);
}

/** Refuses a greater major version of the API than we know (PEP 629); without one it is the first. */
export function checkApiVersion(document: IndexDocument, version: unknown): void {
  const major = /^\s*(\d+)/.exec(String(version))?.[1] ?? "1";
  if (Number(major) <= 1) return;
  throw unreadable(document, `it is of version ${String(version).slice(0, 20)} of the API, and we know version 1`);
}

/** What is behind a link's address: begins with `#`, or is empty. */
export function fragmentOf(link: string): string {
  const start = link.indexOf("#");
  return start < 0 ? "" : link.slice(start);
}

/** The absolute URL of a link, without credentials; null for what is not to be had by http or https. */
export function absoluteUrl(link: string, base: string): URL | null {
  const url = URL.parse(link, base);
  if (url?.protocol !== "http:" && url?.protocol !== "https:") return null;
  if (url.username !== "" || url.password !== "") url.username = url.password = "";
  return url;
}

/** The last segment of a path, decoded, a slash behind it or not; empty for the root. */
export function lastSegment(path: string): string {
  const end = path.endsWith("/") ? path.length - 1 : path.length;
  const segment = path.slice(path.lastIndexOf("/", end - 1) + 1, end);
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
