import type { SimpleForm } from "./pypi_accept.ts";
import { permitting, type ProjectGlobs } from "./pypi_globs.ts";
import type { IndexDocument } from "./pypi_page.ts";
import { rendered, type RenderedPage } from "./pypi_page_work.ts";
import { checkProjectList, mergeProjectLists, parseProjectList, renderProjectList } from "./pypi_project_list.ts";

/** The lists of indexes, in their order, that become one. */
export interface ListsWork {
  readonly lists: readonly { readonly document: IndexDocument; readonly globs: ProjectGlobs }[];
  readonly form: SimpleForm;
}

/** Throws `upstream_failed` for what is no list of projects. */
export function checkList(document: IndexDocument): null {
  checkProjectList(document);
  return null;
}

/** Parses the lists and makes the one that clients get. Throws `upstream_failed` for what is none. */
export async function makeLists({ lists, form }: ListsWork): Promise<RenderedPage> {
  const parts = await Promise.all(lists.map(async ({ document, globs }) => {
    return { list: await parseProjectList(document), permits: permitting(globs) };
  }));
  return rendered(await renderProjectList(await mergeProjectLists(parts), form.form), form);
}
