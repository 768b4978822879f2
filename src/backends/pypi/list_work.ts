import type { PageFormat } from "./page_format.ts";
import { permitting, type ProjectGlobs } from "./globs.ts";
import type { IndexDocument } from "./index_document.ts";
import type { RenderedDocument } from "../shared/made_document.ts";
import { rendered } from "./page_work.ts";
import { checkProjectList, mergeProjectLists, parseProjectList, renderProjectList } from "./project_list.ts";

/** The form in which lists become one. */
export interface ListsShown {
  /** The projects of each list that are used. */
  readonly globs: readonly ProjectGlobs[];
  readonly form: PageFormat;
}

/** Throws `upstream_failed` for a document that is no list of projects. */
export function checkList([document]: readonly IndexDocument[], _options: null): null {
  checkProjectList(document!);
  return null;
}

/** Parses the lists and makes the one that clients get. Throws `upstream_failed` for a document that is no list. */
export async function makeLists(
  documents: readonly IndexDocument[],
  { globs, form }: ListsShown,
): Promise<RenderedDocument> {
  const parts = await Promise.all(documents.map(async (document, at) => {
    return { list: await parseProjectList(document), permits: permitting(globs[at]!) };
  }));
  return rendered(await renderProjectList(await mergeProjectLists(parts), form.form), form);
}
