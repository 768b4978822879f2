import { VaultError } from "../errors.ts";
import { Pace } from "./pace.ts";

/** Streams `[start, end)` of an open file, and closes it. Errors where the file is shorter than it should be. */
export function fileStream(file: Deno.FsFile, start: number, end: number): ReadableStream<Uint8Array<ArrayBuffer>> {
  const pace = new Pace();
  let at = start;
  let ahead: Promise<Uint8Array<ArrayBuffer>> | null = null;
  let open = true;
  if (start > 0) file.seekSync(start, Deno.SeekMode.Start);

  async function read(): Promise<Uint8Array<ArrayBuffer>> {
    const buffer = new Uint8Array(Math.min(pace.next(), end - at));
    const bytes = await file.read(buffer);
    if (bytes === null) throw new VaultError("storage_failed", "A stored body is shorter than it was");
    at += bytes;
    return bytes === buffer.byteLength ? buffer : buffer.subarray(0, bytes);
  }

  function close(): void {
    if (open) file.close();
    open = false;
  }

  return new ReadableStream({
    async pull(controller) {
      try {
        if (at < end || ahead) {
          const chunk = await (ahead ?? read());
          // The next chunk is read while this one is sent.
          ahead = at < end && pace.keepsUp ? read() : null;
          ahead?.catch(() => {});
          controller.enqueue(chunk);
          pace.handed();
        }
        if (at >= end && !ahead) {
          close();
          controller.close();
        }
      } catch (error) {
        close();
        controller.error(error);
      }
    },
    cancel: close,
  }, { highWaterMark: 0 });
}
