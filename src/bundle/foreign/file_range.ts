const chunkBytes = 256 * 1024;

/** Streams the bytes of a file from `start` up to `end`, which is exclusive. A file that is shorter by then errors. */
export function fileRange(
  path: string,
  { start, end }: { readonly start: number; readonly end: number },
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let file: Deno.FsFile | null = null;
  let at = start;
  const close = () => {
    file?.close();
    file = null;
  };
  return new ReadableStream({
    async pull(controller) {
      file ??= await openAt(path, start);
      const wanted = Math.min(chunkBytes, end - at);
      const chunk = new Uint8Array(Math.max(wanted, 0));
      const read = wanted > 0 ? await file.read(chunk) : 0;
      if (wanted > 0 && read === null) {
        close();
        return controller.error(new Error(`"${path}" ends at byte ${at}, and not at ${end}`));
      }
      if (read! > 0) controller.enqueue(chunk.subarray(0, read!));
      at += read!;
      if (at < end) return;
      close();
      controller.close();
    },
    cancel: close,
  }, { highWaterMark: 0 });
}

async function openAt(path: string, start: number): Promise<Deno.FsFile> {
  const file = await Deno.open(path);
  await file.seek(start, Deno.SeekMode.Start);
  return file;
}
