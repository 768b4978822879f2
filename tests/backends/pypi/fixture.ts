import { jsonType } from "../../../src/backends/pypi/page_format.ts";
import type { IndexDocument } from "../../../src/backends/pypi/index_document.ts";
import type { PageFile } from "../../../src/backends/pypi/page.ts";

export const sha256 = "a".repeat(64);
export const otherSha256 = "b".repeat(64);
export const pageUrl = "https://index.example/simple/holy-grail/";

/** A JSON page as an index sends it; text is sent as it is. */
export function jsonDocument(body: unknown, url = pageUrl): IndexDocument {
  return documentOf(typeof body === "string" ? body : JSON.stringify(body), jsonType, url);
}

/** An HTML page as an index sends it. */
export function htmlDocument(body: string, url = pageUrl): IndexDocument {
  return documentOf(body, "text/html; charset=utf-8", url);
}

/** A page of any type. */
export function documentOf(
  body: string | Uint8Array<ArrayBuffer>,
  contentType: string | undefined,
  url = pageUrl,
): IndexDocument {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  return { bytes, contentType, askedUrl: url, url };
}

/** An HTML page of these links. */
export function htmlWith(anchors: string, head = ""): string {
  return `<!DOCTYPE html>\n<html><head>${head}<title>Links</title></head><body>\n${anchors}\n</body></html>`;
}

/** A JSON page of these files, and what else it says. */
export function jsonWith(files: readonly unknown[], others: Record<string, unknown> = {}): Record<string, unknown> {
  return { meta: { "api-version": "1.1" }, name: "holy-grail", files, ...others };
}

/** All that matters of a file, without what it came as. */
export function factsOf({ source: _, ...facts }: PageFile): Omit<PageFile, "source"> {
  return facts;
}
