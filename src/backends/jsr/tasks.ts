import type { TaskDocument } from "../shared/tasks/document.ts";
import type { TaskModule } from "../shared/tasks/task.ts";
import { checkVersions, parseManifest } from "./manifest.ts";

/** The largest document of JSR, with the module graph of a version in it. */
export const maxDocumentBytes = 64 * 1024 * 1024;

/** The tasks with documents of JSR, which run on a thread where the documents are large. */
export const tasks = {
  url: import.meta.url,
  maxBytes: maxDocumentBytes,
  tasks: {
    parseManifest: async ([document]: readonly TaskDocument[], _: null) => parseManifest(await document!.bytes()),
    checkVersions: async ([document]: readonly TaskDocument[], _: null) => checkVersions(await document!.bytes()),
  },
} satisfies TaskModule;
