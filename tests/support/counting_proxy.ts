import { type Fault, RecordingServer } from "./recording_server.ts";

/** A server in front of another one that counts what is asked, and fails as told. For pulls. */
export class CountingProxy extends RecordingServer {
  readonly #client: Deno.HttpClient;

  constructor(target: string) {
    const client = Deno.createHttpClient({ allowHost: true });
    super((request) => forward(request, new URL(target), client));
    this.#client = client;
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]();
    this.#client.close();
  }
}

/** Starts a counting proxy in front of the server with this origin; the caller disposes of it. */
export function startCountingProxy(target: string): CountingProxy {
  return new CountingProxy(target);
}

/** The Host is kept, so that absolute URLs in answers lead back here. A server that cannot be reached is a 502. */
async function forward(request: Request, target: URL, client: Deno.HttpClient): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const headers = new Headers(request.headers);
  for (const name of ["connection", "keep-alive", "te", "upgrade"]) headers.delete(name);
  if (!headers.has("accept-encoding")) headers.set("accept-encoding", "identity");
  const { method, body, signal } = request;
  try {
    return await fetch(target.origin + pathname + search, {
      method,
      headers,
      body,
      signal,
      client,
      redirect: "manual",
    });
  } catch (error) {
    return new Response(`${error}`, { status: 502 });
  }
}

/** Answers 429 to everything, the way Docker Hub does. */
export function tooManyRequests(retryAfterSeconds?: number): Fault {
  return () => {
    const headers = new Headers({ "content-type": "application/json" });
    if (retryAfterSeconds !== undefined) headers.set("retry-after", `${retryAfterSeconds}`);
    const errors = [{ code: "TOOMANYREQUESTS", message: "You have reached your pull rate limit." }];
    return new Response(JSON.stringify({ errors }), { status: 429, headers });
  };
}

/** Answers everything with a web page, as the login of a proxy, a web filter, or Harbor at a wrong path does. */
export const webPage: Fault = () => {
  return new Response("<html>Please log in</html>", { headers: { "content-type": "text/html" } });
};

/** Says to HEAD that there is nothing, as Nexus does for what it has to fetch first. */
export const nothingForHead: Fault = (request, pass) =>
  request.method === "HEAD" ? new Response(null, { status: 404 }) : pass();

/** Flips a bit of one byte of the blob or manifest with this digest or tag, wherever a body contains it. */
export function flipByte(reference: string, offset: number): Fault {
  return async (request, pass) => {
    const response = await pass();
    if (!new URL(request.url).pathname.endsWith(`/${reference}`) || !response.ok) return response;
    const start = Number(/^bytes (\d+)-/.exec(response.headers.get("content-range") ?? "")?.[1] ?? 0);
    return new Response(response.body?.pipeThrough(flipping(offset - start)) ?? null, response);
  };
}

/** Redirects GETs of blobs to `<origin>/<digest>?signature=…`, where the registry would have served them. */
export function redirectBlobs(origin: string): Fault {
  return async (request, pass) => {
    const digest = /\/blobs\/(\w+:\w+)$/.exec(new URL(request.url).pathname)?.[1];
    const response = await pass();
    if (request.method !== "GET" || digest === undefined || !response.ok) return response;
    await response.body?.cancel();
    return new Response(null, { status: 307, headers: { location: `${origin}/${digest}?signature=throw-away` } });
  };
}

/**
 * Sends each body no faster than this, as networks do: what a fast one has sent and nobody has taken may be many
 * megabytes in the kernel's buffers, and counts as sent.
 */
export function paced(bytesPerSecond: number): Fault {
  return async (_request, pass) => {
    const response = await pass();
    return new Response(response.body?.pipeThrough(pacing(bytesPerSecond)) ?? null, response);
  };
}

/** Holds requests whose path matches until `released`; they are on record already. */
export function hold(path: RegExp, released: Promise<unknown>): Fault {
  return async (request, pass) => {
    if (path.test(new URL(request.url).pathname)) await released;
    return await pass();
  };
}

function pacing(bytesPerSecond: number): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
  let freeAt = performance.now();
  return new TransformStream({
    async transform(chunk, controller) {
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, freeAt - performance.now())));
      freeAt = Math.max(freeAt, performance.now()) + 1000 * chunk.byteLength / bytesPerSecond;
      controller.enqueue(chunk);
    },
  });
}

function flipping(offset: number): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
  let at = 0;
  return new TransformStream({
    transform(chunk, controller) {
      const index = offset - at;
      at += chunk.byteLength;
      const byte = chunk[index];
      controller.enqueue(byte === undefined ? chunk : chunk.with(index, byte ^ 1));
    },
  });
}
