import type { ByteSink } from "./byte_sink.ts";
import { PartialFile } from "./partial_file.ts";

/**
 * Writes a file that gets its name once it is whole and on disk. Replaces a file of that name; a pipe or a device of
 * that name is written to.
 */
export function createFileSink(path: string): ByteSink {
  if (isSpecial(path)) return createSpecialSink(path);
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

/** Opens at the first write, and off this thread, since a pipe without a reader waits for one. */
function createSpecialSink(path: string): ByteSink {
  let file: Deno.FsFile | null = null;
  const close = () => {
    file?.close();
    file = null;
  };
  return {
    async write(bytes) {
      file ??= await Deno.open(path, { write: true });
      for (let at = 0; at < bytes.byteLength;) at += await file.write(bytes.subarray(at));
    },
    finish: () => Promise.resolve(close()),
    abort: close,
  };
}

/** True for a pipe, a device and the like; false for a file, a directory and where there is nothing. */
function isSpecial(path: string): boolean {
  try {
    const { isFile, isDirectory } = Deno.statSync(path);
    return !isFile && !isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
