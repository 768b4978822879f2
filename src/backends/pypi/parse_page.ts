import { type IndexDocument, isJsonDocument } from "./index_document.ts";
import { parseHtmlPage } from "./parse_html.ts";
import { parseJsonPage } from "./parse_json.ts";
import type { ProjectPage } from "./page.ts";

/** Parses a page of a project in either form (PEP 503, 629, 691). Throws `upstream_failed` for other documents. */
export function parsePage(document: IndexDocument): ProjectPage {
  return isJsonDocument(document) ? parseJsonPage(document) : parseHtmlPage(document);
}
