/**
 * Answers GET and HEAD with a file, or one range of it; 404 where it is not there. For servers that stand in for
 * others.
 */
export async function serveFile(request: Request, path: string, init: Record<string, string> = {}): Promise<Response> {
  const size = await Deno.stat(path).then((stat) => stat.size, () => null);
  if (size === null) return new Response("not here", { status: 404 });
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.get("range") ?? "");
  const start = Number(range?.[1] ?? 0);
  if (start >= size && range) {
    return new Response(null, { status: 416, headers: { "content-range": `bytes */${size}` } });
  }
  const end = range?.[2] ? Math.min(size, Number(range[2]) + 1) : size;
  const headers = new Headers({ "content-length": `${end - start}`, "accept-ranges": "bytes", ...init });
  if (range) headers.set("content-range", `bytes ${start}-${end - 1}/${size}`);
  const body = request.method === "HEAD" ? null : await openPart(path, start, end);
  return new Response(body, { status: range ? 206 : 200, headers });
}

async function openPart(path: string, start: number, end: number): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const file = await Deno.open(path);
  await file.seek(start, Deno.SeekMode.Start);
  let left = end - start;
  return file.readable.pipeThrough(
    new TransformStream({
      transform(chunk, controller) {
        const part = chunk.subarray(0, left);
        left -= part.byteLength;
        if (part.byteLength > 0) controller.enqueue(part);
        if (left === 0) controller.terminate();
      },
    }),
  );
}
