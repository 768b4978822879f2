import { isJsonObject } from "../../http/json.ts";
import type { PageFormat } from "./page_format.ts";
import { type IndexDocument, isJsonDocument, unreadable } from "./index_document.ts";
import { lastSegment } from "./links.ts";
import { parseHtmlDocument } from "./parse_html.ts";
import { parseJsonDocument } from "./parse_json.ts";
import { markupLines } from "./markup.ts";
import { isProjectName, normaliseName } from "./names.ts";
import { inBatches } from "../shared/batches.ts";

/** A project in the list of an index: an object of `projects`, or only its name. */
type ListedProject = Readonly<Record<string, unknown>> & { readonly name: string };

/** The projects of an index. */
export interface ProjectList {
  /** The projects by normalised name. */
  readonly projects: ReadonlyMap<string, ListedProject>;
  /** The other keys of a JSON page, without `projects`. */
  readonly keys: Readonly<Record<string, unknown>>;
}

/** A list, and a test by normalised name for the projects to use. */
export interface ListPart {
  readonly list: ProjectList;
  permits(project: string): boolean;
}

/** So much of an HTML page is enough to recognise it. */
const telltaleBytes = 64 * 1024;

const ownKeys = { meta: { "api-version": "1.0" } };

/** Parses a list of projects in either form (PEP 503, 629, 691). Throws `upstream_failed` for other documents. */
export async function parseProjectList(document: IndexDocument): Promise<ProjectList> {
  return isJsonDocument(document) ? await parseJsonList(document) : await parseHtmlList(document);
}

/**
 * Throws the errors of `parseProjectList`, as far as they can be found fast: PyPI lists more than half a million
 * projects.
 */
export function checkProjectList(document: IndexDocument): void {
  if (isJsonDocument(document)) parseEntries(document);
  else parseHtmlDocument({ ...document, bytes: document.bytes.subarray(0, telltaleBytes) });
}

/**
 * Merges the lists: each project once, in the spelling of the first list that has it. Other keys are kept of a single
 * list.
 */
export async function mergeProjectLists(parts: readonly ListPart[]): Promise<ProjectList> {
  const [only, ...others] = parts;
  const isSingle = only !== undefined && others.length === 0;
  const projects = new Map<string, ListedProject>();
  for (const { list, permits } of parts) {
    for await (const batch of inBatches(list.projects)) {
      for (const [key, project] of batch) {
        if (!projects.has(key) && permits(key)) projects.set(key, isSingle ? project : { name: project.name });
      }
    }
  }
  return { projects, keys: isSingle ? only.list.keys : ownKeys };
}

/** Prints the list in either form; its links are relative to it. */
export async function renderProjectList(
  list: ProjectList,
  form: PageFormat["form"],
): Promise<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder();
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for await (const batch of inBatches(form === "json" ? jsonOf(list) : htmlOf(list))) {
    chunks.push(encoder.encode(batch.join("")));
  }
  return await new Blob(chunks).bytes();
}

function* jsonOf({ projects, keys }: ProjectList): Iterable<string> {
  yield JSON.stringify({ ...keys, projects: [] }).slice(0, -"]}".length);
  let separator = "";
  for (const project of projects.values()) {
    yield separator + JSON.stringify(project);
    separator = ",";
  }
  yield "]}";
}

function htmlOf({ projects }: ProjectList): Iterable<string> {
  return markupLines({
    title: "Simple index",
    meta: [["pypi:repository-version", "1.0"]],
    anchors: projects.entries().map(([key, { name }]) => ({ attributes: { href: `${key}/` }, text: name })),
  });
}

async function parseJsonList(document: IndexDocument): Promise<ProjectList> {
  const { entries, keys } = parseEntries(document);
  const isListed = (entry: unknown): entry is ListedProject => isJsonObject(entry) && typeof entry.name === "string";
  return { projects: await byKey(entries.values().filter(isListed)), keys };
}

function parseEntries(document: IndexDocument): { entries: readonly unknown[]; keys: ProjectList["keys"] } {
  const { projects, ...keys } = parseJsonDocument(document);
  if (!Array.isArray(projects)) throw unreadable(document, 'it has no list "projects"');
  return { entries: projects, keys };
}

/** The text of a link is the name of the project; where it is something else, the link has the name. */
async function parseHtmlList(document: IndexDocument): Promise<ProjectList> {
  const named = parseHtmlDocument(document).anchors.values().map(({ href, text }) => {
    const linked = lastSegment(href.replace(/[?#].*$/s, ""));
    const written = text.trim();
    return { name: normaliseName(written) === normaliseName(linked) ? written : linked };
  });
  return { projects: await byKey(named), keys: ownKeys };
}

async function byKey(listed: Iterable<ListedProject>): Promise<ReadonlyMap<string, ListedProject>> {
  const projects = new Map<string, ListedProject>();
  for await (const batch of inBatches(listed)) {
    for (const project of batch) {
      if (isProjectName(project.name)) projects.set(normaliseName(project.name), project);
    }
  }
  return projects;
}
