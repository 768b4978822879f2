import type { SimpleForm } from "./pypi_accept.ts";
import { permitting, type ProjectGlobs } from "./pypi_globs.ts";
import type { IndexDocument } from "./pypi_page.ts";
import { rendered, type RenderedPage } from "./pypi_page_work.ts";
import { checkProjectList, mergeProjectLists, parseProjectList, renderProjectList } from "./pypi_project_list.ts";

/** How lists become one. */
export interface ListsShown {
  /** For each list. */
  readonly globs: readonly ProjectGlobs[];
  readonly form: SimpleForm;
}

/** Throws `upstream_failed` for what is no list of projects. */
export function checkList([document]: readonly IndexDocument[], _options: null): null {
  checkProjectList(document!);
  return null;
}

/** Parses the lists and makes the one that clients get. Throws `upstream_failed` for what is none. */
export async function makeLists(
  documents: readonly IndexDocument[],
  { globs, form }: ListsShown,
): Promise<RenderedPage> {
  const parts = await Promise.all(documents.map(async (document, at) => {
    return { list: await parseProjectList(document), permits: permitting(globs[at]!) };
  }));
  return rendered(await renderProjectList(await mergeProjectLists(parts), form.form), form);
}
