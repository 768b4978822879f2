import { jsonType } from "./page_format.ts";
import { projectsOf } from "./names.ts";
import type { IndexDocument } from "./index_document.ts";
import type { ProjectPage } from "./page.ts";
import type { RenderedDocument } from "../shared/made_document.ts";
import { rendered } from "./page_work.ts";
import { parsePage } from "./parse_page.ts";
import { renderPage } from "./render_page.ts";

/** The parts that are wanted of a page with the files of many projects. */
export interface LinksWanted {
  /** Normalised; null for the list of all projects. */
  readonly project: string | null;
}

export interface LinksMade {
  /**
   * The page of the project as an index would send it, with absolute links; null where the page of links has no file of
   * the project.
   */
  readonly page: RenderedDocument | null;
}

const form = { form: "json", contentType: jsonType } as const;

/** Makes an index's document of a page of pip's `--find-links`. Throws `upstream_failed` for any other document. */
export function makeFromLinks([document]: readonly IndexDocument[], { project }: LinksWanted): LinksMade {
  const { files } = parsePage(document!);
  if (project === null) return { page: listOf(files.flatMap(({ filename }) => projectsOf(filename).slice(0, 1))) };
  const own = files.filter(({ filename }) => projectsOf(filename).includes(project));
  if (own.length === 0) return { page: null };
  const page: ProjectPage = { name: project, files: own, outside: [], source: { form: "html", meta: [] } };
  return { page: rendered(renderPage(page, { form: form.form, linkOf: ({ url }) => url }), form) };
}

function listOf(projects: readonly string[]): RenderedDocument {
  const names = [...new Set(projects)].sort();
  const list = { meta: { "api-version": "1.0" }, projects: names.map((name) => ({ name })) };
  return rendered(new TextEncoder().encode(JSON.stringify(list)), form);
}
