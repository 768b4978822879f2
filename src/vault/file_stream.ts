import { VaultError } from "../errors.ts";
import type { BodyFile } from "../store/store.ts";
import { Pace } from "./pace.ts";

/** Each read takes a thread's wake-up, which costs as much as copying this. */
const smallestRead = 128 * 1024;

/** Streams `[start, end)` of a body's file, and closes it. Errors where the file is shorter than it should be. */
export function fileStream(file: BodyFile, start: number, end: number): ReadableStream<Uint8Array<ArrayBuffer>> {
  const pace = new Pace(smallestRead);
  let at = start;
  let open = true;

  function close(): void {
    if (open) file.close();
    open = false;
  }

  return new ReadableStream({
    async pull(controller) {
      try {
        const buffer = new Uint8Array(Math.min(pace.next(), end - at));
        const bytes = buffer.byteLength === 0 ? 0 : await file.read(buffer, at);
        if (!open) return;
        if (bytes === null) throw new VaultError("storage_failed", "A stored body is shorter than it was");
        at += bytes;
        if (bytes > 0) controller.enqueue(bytes === buffer.byteLength ? buffer : buffer.subarray(0, bytes));
        pace.handed(bytes);
        if (at < end) return;
        close();
        controller.close();
      } catch (error) {
        if (!open) return;
        close();
        controller.error(error);
      }
    },
    cancel: close,
  }, { highWaterMark: 0 });
}
