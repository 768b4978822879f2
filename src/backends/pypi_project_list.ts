import type { SimpleForm } from "./pypi_accept.ts";
import { parseHtmlDocument } from "./pypi_html.ts";
import { parseJsonDocument } from "./pypi_json.ts";
import { isProjectName, normaliseName } from "./pypi_name.ts";
import { type IndexDocument, isJson, unreadablePage } from "./pypi_page.ts";
import { escaped } from "./pypi_render.ts";

type ListedProject = Readonly<Record<string, unknown>> & { readonly name: string };

/** The projects of an index. */
export interface ProjectList {
  /** By normalised name. */
  readonly projects: ReadonlyMap<string, ListedProject>;
}

/** A list, and which of its projects, by normalised name, count. */
export interface ListPart {
  readonly list: ProjectList;
  permits(project: string): boolean;
}

/** Throws `upstream_failed` for what is no list of projects in a form we know (PEP 503, 629, 691). */
export function parseProjectList(document: IndexDocument): ProjectList {
  const listed = isJson(document) ? listedInJson(document) : listedInHtml(document);
  const valid = listed.filter(({ name }) => isProjectName(name));
  return { projects: new Map(valid.map((project) => [normaliseName(project.name), project])) };
}

/** All of them, each project once and as the first that has it says it. */
export function mergeProjectLists(parts: readonly ListPart[]): ProjectList {
  const projects = new Map<string, ListedProject>();
  for (const part of parts) {
    for (const [key, project] of part.list.projects) {
      if (!projects.has(key) && part.permits(key)) projects.set(key, project);
    }
  }
  return { projects };
}

/** The list in either form; its links are relative to it. */
export function renderProjectList({ projects }: ProjectList, form: SimpleForm["form"]): Uint8Array<ArrayBuffer> {
  const text = form === "json"
    ? JSON.stringify({ meta: { "api-version": "1.0" }, projects: [...projects.values()] })
    : htmlOf(projects);
  return new TextEncoder().encode(text);
}

function htmlOf(projects: ProjectList["projects"]): string {
  const anchors = [...projects].map(([key, { name }]) => `    <a href="${key}/">${escaped(name)}</a><br>\n`);
  return '<!DOCTYPE html>\n<html>\n  <head>\n    <meta charset="utf-8">\n' +
    '    <meta name="pypi:repository-version" content="1.0">\n    <title>Simple index</title>\n  </head>\n  <body>\n' +
    `${anchors.join("")}  </body>\n</html>\n`;
}

function listedInJson(document: IndexDocument): ListedProject[] {
  const { projects } = parseJsonDocument(document);
  if (!Array.isArray(projects)) throw unreadablePage(document, "it has no list of projects");
  return projects.filter((project): project is ListedProject => typeof project?.name === "string");
}

/** The text of a link is the name; some indexes write something else there, and then its last segment is. */
function listedInHtml(document: IndexDocument): ListedProject[] {
  return parseHtmlDocument(document).anchors.map(({ attributes, text }) => {
    const last = attributes.href!.replace(/[?#].*$/, "").split("/").filter((segment) => segment !== "").at(-1) ?? "";
    const name = text.trim();
    return { name: normaliseName(name) === normaliseName(last) ? name : last };
  });
}
