import type { TaskDocument } from "../shared/tasks/document.ts";
import type { TaskLane } from "../shared/tasks/lane.ts";
import type { TaskModule } from "../shared/tasks/task.ts";
import { listAddresses } from "./deliverable.ts";
import { makeFromLinks } from "./find_links_work.ts";
import { type IndexDocument, maxPageBytes, readDocument } from "./index_document.ts";
import { checkList, makeLists } from "./list_work.ts";
import { makePage } from "./page_work.ts";
import { makeApi } from "./project_api_work.ts";

/** The tasks with documents of indexes, which run on a thread where the documents are large. */
export const tasks = {
  url: import.meta.url,
  maxBytes: maxPageBytes,
  tasks: {
    makePage: withDocuments(makePage),
    listAddresses: withDocuments(listAddresses),
    checkList: withDocuments(checkList),
    makeLists: withDocuments(makeLists),
    makeApi: withDocuments(makeApi),
    makeFromLinks: withDocuments(makeFromLinks),
  },
} satisfies TaskModule;

export type IndexLane = TaskLane<(typeof tasks)["tasks"]>;

function withDocuments<Options, Output>(work: (documents: readonly IndexDocument[], options: Options) => Output) {
  return async (documents: readonly TaskDocument[], options: Options): Promise<Awaited<Output>> => {
    const read: IndexDocument[] = [];
    for (const document of documents) read.push(await readDocument(document));
    return await work(read, options);
  };
}
