import type { FetchedAhead } from "../reader.ts";
import type { VaultClient, VaultRequest } from "../warming.ts";

/** The part of `App` that answers requests of the program itself. */
export interface Answering {
  ask(request: Request): Promise<Response>;
  fetchAhead(request: Request): Promise<FetchedAhead | null>;
  arrivingBytes(): number;
}

/** A client that redirects lead round in a circle stops after so many. */
const mostRedirects = 5;

/** The host that requests of the program itself are sent to. */
const origin = "http://localhost";

/** Creates a client of the vault in this process. */
export function createClientInProcess(vault: Answering): VaultClient {
  return {
    fetchAhead(path, request = {}) {
      request.signal?.throwIfAborted();
      return unlessAborted(vault.fetchAhead(requestOf(origin + path, request)), request.signal);
    },
    arrivingBytes: () => vault.arrivingBytes(),
    async request(path, request = {}) {
      let url = origin + path;
      for (let redirects = 0;; redirects++) {
        request.signal?.throwIfAborted();
        const asked = vault.ask(requestOf(url, request));
        const response = await unlessAborted(asked, request.signal).catch((error) => {
          asked.then(({ body }) => body?.cancel(), () => {});
          throw error;
        });
        const next = redirects < mostRedirects ? locationOf(response, url) : null;
        if (next === null) return withBodyOfItsOwn(response, request.signal);
        await response.body?.cancel();
        url = next;
      }
    },
  };
}

/** Its signal is not that of the run, which would keep something of each request until the end. */
function requestOf(url: string, { method = "GET", headers = {} }: VaultRequest): Request {
  return new Request(url, { method, headers: { accept: "*/*", ...headers } });
}

/** Returns the URL within the vault that a redirect leads to; null for any other answer. */
function locationOf({ status, headers }: Response, from: string): string | null {
  const location = status >= 300 && status < 400 ? headers.get("location") : null;
  const url = location === null ? null : URL.parse(location, from);
  return url?.origin === origin ? url.href : null;
}

/** The vault frees the memory of a chunk once the next one is asked for, as it does for `Deno.serve`. */
function withBodyOfItsOwn(response: Response, signal: AbortSignal | undefined): Response {
  if (response.body === null) return response;
  const reader = response.body.getReader();
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      const { value } = await unlessAborted(reader.read(), signal).catch((error) => {
        reader.cancel(error).catch(() => {});
        throw error;
      });
      if (value === undefined) controller.close();
      else controller.enqueue(value.slice());
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
  return new Response(body, response);
}

/** Rejects with the reason of the signal once that has ended, whatever becomes of the promise. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await promise;
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", abort);
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
    promise.catch(() => {});
  }
}
