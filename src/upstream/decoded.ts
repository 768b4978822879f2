/** The decoder gives 4 KiB at a time: what a read takes for so long is handed over together. */
const gatheredMs = 10;

/** What has been unpacked is read without a turn of the event loop: after so long, all others have one. */
const turnMs = 5;

/**
 * Returns the response of a request that named codings. Deno decodes the body of such a one, and leaves the headers as
 * they are: those are left out that would be about other bytes. The very same object, since a copy would lose its `url`
 * and its notes.
 */
export function withoutCoding(response: Response): Response {
  if (!response.headers.has("content-encoding")) return response;
  const headers = new Headers(response.headers);
  for (const name of ["content-encoding", "content-length", "accept-ranges"]) headers.delete(name);
  const body = response.body && gathered(response.body);
  return Object.defineProperties(response, {
    headers: { value: headers, configurable: true },
    body: { value: body, configurable: true },
  });
}

/** The same bytes in larger chunks. Nothing is read before somebody reads. */
function gathered(body: ReadableStream<Uint8Array<ArrayBuffer>>): ReadableStream<Uint8Array<ArrayBuffer>> {
  let reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> | null = null;
  let rest = new Uint8Array();
  let turnAt = performance.now();
  return new ReadableStream({
    type: "bytes",
    autoAllocateChunkSize: 64 * 1024,
    async pull(controller) {
      reader ??= body.getReader();
      if (performance.now() - turnAt > turnMs) {
        await new Promise((resolve) => setTimeout(resolve));
        turnAt = performance.now();
      }
      const request = controller.byobRequest!;
      const view = new Uint8Array(request.view!.buffer, request.view!.byteOffset, request.view!.byteLength);
      const until = performance.now() + gatheredMs;
      let filled = 0;
      while (filled < view.length && (filled === 0 || performance.now() < until)) {
        if (rest.length === 0) {
          const { done, value } = await reader.read();
          if (done) break;
          rest = value;
        }
        const part = rest.subarray(0, view.length - filled);
        view.set(part, filled);
        filled += part.length;
        rest = rest.subarray(part.length);
      }
      if (filled === 0) controller.close();
      request.respond(filled);
    },
    cancel: (reason) => reader === null ? body.cancel(reason) : reader.cancel(reason),
  });
}
