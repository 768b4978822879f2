import { makePage } from "./pypi_page_work.ts";
import { checkList, makeLists } from "./pypi_list_work.ts";

/**
 * What can be made of large documents on a thread of its own. Inputs and outputs are copied between threads, so they
 * are plain values, few and large.
 */
export const documentTasks = { makePage, checkList, makeLists };

export type DocumentTasks = typeof documentTasks;
export type TaskName = keyof DocumentTasks;
