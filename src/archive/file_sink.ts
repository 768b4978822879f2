import type { ByteSink } from "./byte_sink.ts";
import { PartialFile } from "./partial_file.ts";
import { createSpecialSink, isSpecial } from "./special_file.ts";

/**
 * Writes a file that gets its name once it is whole and on disk. Replaces a file of that name; a pipe or a device of
 * that name is written to, and what waits for it ends once the signal is aborted.
 */
export function createFileSink(path: string, signal?: AbortSignal): ByteSink {
  if (isSpecial(path)) return createSpecialSink(path, signal);
  const file = new PartialFile(path);
  return {
    write: (bytes) => file.write(bytes),
    async finish() {
      await file.sync();
      file.close();
      file.commit();
    },
    abort: () => file.abort(),
  };
}
