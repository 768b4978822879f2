import { VaultError } from "../../../src/errors.ts";
import type { TaskDocument } from "../../../src/backends/shared/tasks/document.ts";
import type { TaskModule } from "../../../src/backends/shared/tasks/task.ts";

/** Tasks of a protocol that the shared files have never heard of. */
export const tasks = {
  url: import.meta.url,
  maxBytes: 1024 * 1024,
  tasks: {
    async measure(documents: readonly TaskDocument[], { unit }: { unit: number }) {
      const sizes: number[] = [];
      for (const document of documents) sizes.push((await document.bytes()).length / unit);
      return { sizes, urls: documents.map(({ description }) => description.url), isHere: !isThread() };
    },
    /** Reads the second document only. */
    async readSecond([, second]: readonly TaskDocument[], _options: null) {
      return { text: new TextDecoder().decode(await second!.bytes()) };
    },
    refuse([document]: readonly TaskDocument[], { code }: { code: "not_found" | null }): never {
      if (code === null) throw new TypeError("not foreseen");
      throw new VaultError(code, `no "${document!.description.url}"`);
    },
  },
} satisfies TaskModule;

function isThread(): boolean {
  return "WorkerGlobalScope" in globalThis;
}
