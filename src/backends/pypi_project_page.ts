import { isJsonDocument } from "./pypi_document.ts";
import { parseHtmlPage } from "./pypi_html.ts";
import { parseJsonPage } from "./pypi_json.ts";
import type { IndexDocument, ProjectPage } from "./pypi_page.ts";

/** Throws `upstream_failed` for what is no page of a project in a form we know (PEP 503, 629, 691). */
export function parseProjectPage(document: IndexDocument): ProjectPage {
  return isJsonDocument(document) ? parseJsonPage(document) : parseHtmlPage(document);
}
