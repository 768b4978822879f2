import type { TaskDocument } from "../shared/tasks/document.ts";
import type { TaskLane } from "../shared/tasks/lane.ts";
import type { TaskModule } from "../shared/tasks/task.ts";
import { makePart, readPackument } from "./packument_work.ts";

/** The largest document about a package, unpacked. The largest known have 30 MB. */
export const maxPackumentBytes = 64 * 1024 * 1024;

/** The tasks with documents about packages, which run on a thread where the documents are large. */
export const tasks = {
  url: import.meta.url,
  maxBytes: maxPackumentBytes,
  tasks: {
    readPackument: withBytes(readPackument),
    makePart: withBytes(makePart),
  },
} satisfies TaskModule;

export type PackumentLane = TaskLane<(typeof tasks)["tasks"]>;

function withBytes<Options, Output>(work: (bytes: Uint8Array, options: Options) => Output) {
  return async ([document]: readonly TaskDocument[], options: Options): Promise<Awaited<Output>> => {
    return await work(await document!.bytes(), options);
  };
}
