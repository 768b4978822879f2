import type { SimpleForm } from "./pypi_accept.ts";
import { isJson, lastSegment, unreadable } from "./pypi_document.ts";
import { parseHtmlDocument } from "./pypi_html.ts";
import { isObject, parseJsonDocument } from "./pypi_json.ts";
import { formatMarkup } from "./pypi_markup.ts";
import { isProjectName, normaliseName } from "./pypi_name.ts";
import type { IndexDocument } from "./pypi_page.ts";

/** What an index says of one project: an object of `projects`, or only its name. */
type ListedProject = Readonly<Record<string, unknown>> & { readonly name: string };

/** The projects of an index. */
export interface ProjectList {
  /** By normalised name. */
  readonly projects: ReadonlyMap<string, ListedProject>;
  /** What a JSON page says besides. */
  readonly keys: Readonly<Record<string, unknown>>;
}

/** A list, and which of its projects, by normalised name, count. */
export interface ListPart {
  readonly list: ProjectList;
  permits(project: string): boolean;
}

/** So much of an HTML page tells what it is. */
const telltaleBytes = 64 * 1024;

const ownKeys = { meta: { "api-version": "1.0" } };

/** Throws `upstream_failed` for what is no list of projects in a form we know (PEP 503, 629, 691). */
export function parseProjectList(document: IndexDocument): ProjectList {
  return isJson(document) ? parseJsonList(document) : parseHtmlList(document);
}

/** Throws as `parseProjectList`, as far as that can be told fast: PyPI lists more than half a million. */
export function checkProjectList(document: IndexDocument): void {
  if (isJson(document)) parseEntries(document);
  else parseHtmlDocument({ ...document, bytes: document.bytes.subarray(0, telltaleBytes) });
}

/** All of them, each project once and spelt as the first spells it. What an index says besides is kept of a single one. */
export function mergeProjectLists(parts: readonly ListPart[]): ProjectList {
  const [only, ...others] = parts;
  const isSingle = only !== undefined && others.length === 0;
  const projects = new Map<string, ListedProject>();
  for (const { list, permits } of parts) {
    for (const [key, project] of list.projects) {
      if (!projects.has(key) && permits(key)) projects.set(key, isSingle ? project : { name: project.name });
    }
  }
  return { projects, keys: isSingle ? only.list.keys : ownKeys };
}

/** The list in either form; its links are relative to it. */
export function renderProjectList({ projects, keys }: ProjectList, form: SimpleForm["form"]): Uint8Array<ArrayBuffer> {
  const text = form === "json" ? JSON.stringify({ ...keys, projects: [...projects.values()] }) : formatHtml(projects);
  return new TextEncoder().encode(text);
}

function formatHtml(projects: ProjectList["projects"]): string {
  return formatMarkup({
    title: "Simple index",
    meta: [["pypi:repository-version", "1.0"]],
    anchors: [...projects].map(([key, { name }]) => ({ attributes: { href: `${key}/` }, text: name })),
  });
}

function parseJsonList(document: IndexDocument): ProjectList {
  const { entries, keys } = parseEntries(document);
  const isListed = (entry: unknown): entry is ListedProject => isObject(entry) && typeof entry.name === "string";
  return { projects: byKey(entries.filter(isListed)), keys };
}

function parseEntries(document: IndexDocument): { entries: readonly unknown[]; keys: ProjectList["keys"] } {
  const keys = parseJsonDocument(document);
  if (!Array.isArray(keys.projects)) throw unreadable(document, 'it has no list "projects"');
  return { entries: keys.projects, keys };
}

/** The text of a link is the name; where an index writes something else there, the link has it. */
function parseHtmlList(document: IndexDocument): ProjectList {
  const named = parseHtmlDocument(document).anchors.map(({ href, text }) => {
    const linked = lastSegment(href.replace(/[?#].*$/s, ""));
    const written = text.trim();
    return { name: normaliseName(written) === normaliseName(linked) ? written : linked };
  });
  return { projects: byKey(named), keys: ownKeys };
}

function byKey(listed: readonly ListedProject[]): ReadonlyMap<string, ListedProject> {
  const projects = new Map<string, ListedProject>();
  for (const project of listed) {
    if (isProjectName(project.name)) projects.set(normaliseName(project.name), project);
  }
  return projects;
}
