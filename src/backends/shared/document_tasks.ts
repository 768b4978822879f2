import { makeFromLinks } from "../pypi/find_links_work.ts";
import { makeApi } from "../pypi/project_api_work.ts";
import { checkList, makeLists } from "../pypi/list_work.ts";
import { makePage } from "../pypi/page_work.ts";

/**
 * What can be made of large documents on a thread of its own. Each takes the documents and options, and gives a plain
 * value of few and large parts, since all of it is copied between threads.
 */
export const documentTasks = { makePage, checkList, makeLists, makeApi, makeFromLinks };

export type DocumentTasks = typeof documentTasks;
export type TaskName = keyof DocumentTasks;
