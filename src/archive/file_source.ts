import type { ByteSource } from "./byte_source.ts";
import { isSpecial, openSpecialSource } from "./special_file.ts";

/**
 * Opens the bytes of a file; those of a pipe or a device can be read once. Throws what `Deno.openSync` throws; what waits
 * for a pipe ends once the signal is aborted.
 */
export function openFileSource(path: string, signal?: AbortSignal): ByteSource {
  if (isSpecial(path)) return openSpecialSource(path, signal);
  const file = Deno.openSync(path);
  const { size } = file.statSync();
  return {
    read: (into) => file.readSync(into),
    skip(bytes) {
      const at = file.seekSync(0, Deno.SeekMode.Current);
      if (at + bytes > size) return false;
      file.seekSync(bytes, Deno.SeekMode.Current);
      return true;
    },
    close: () => file.close(),
  };
}
