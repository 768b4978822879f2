import { type IndexDocument, isJsonDocument } from "./index_document.ts";
import { parseHtmlPage } from "./parse_html.ts";
import { parseJsonPage } from "./parse_json.ts";
import type { ProjectPage } from "./page.ts";

/** Throws `upstream_failed` for what is no page of a project in a form we know (PEP 503, 629, 691). */
export function parsePage(document: IndexDocument): ProjectPage {
  return isJsonDocument(document) ? parseJsonPage(document) : parseHtmlPage(document);
}
