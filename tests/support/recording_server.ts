import { canConnect } from "./can_connect.ts";
import { waitUntil } from "./wait_until.ts";

/** A request that came, and what became of it so far. */
export interface RecordedRequest {
  readonly method: string;
  /** As it came, without the query. */
  readonly path: string;
  /** With its question mark, or empty. */
  readonly search: string;
  readonly headers: Headers;
  /** Of the answer; null while there is none. */
  readonly status: number | null;
  /** Bytes of the body that were taken so far. */
  readonly sentBytes: number;
}

export type RequestHandler = (request: Request) => Response | Promise<Response>;

/** Changes what a server answers: it may answer itself, or pass the request on and change what comes back. */
export type Fault = (request: Request, pass: () => Promise<Response>) => Response | Promise<Response>;

/** A server on a free port, of 127.0.0.1 unless said otherwise, that keeps a record of all it was asked, and fails as told. */
export class RecordingServer implements AsyncDisposable {
  readonly #handler: RequestHandler;
  readonly #hostname: string;
  #server: Deno.HttpServer<Deno.NetAddr> | null = null;
  #abort = new AbortController();
  #port = 0;
  #requests: Recorded[] = [];
  /** What happens to requests instead of an answer; null for none. May be set at any time, for requests to come. */
  fault: Fault | null = null;

  constructor(handler: RequestHandler, { hostname = "127.0.0.1" }: { readonly hostname?: string } = {}) {
    this.#handler = handler;
    this.#hostname = hostname;
    this.accept();
  }

  /** Without a trailing slash; the same after `refuse` and `accept`. */
  get url(): string {
    return `http://${this.#hostname}:${this.#port}`;
  }

  /** All requests since the start or `forget`, in the order they came. */
  get requests(): readonly RecordedRequest[] {
    return this.#requests;
  }

  /** `METHOD path` of all requests, to compare with. */
  get lines(): string[] {
    return this.#requests.map(({ method, path }) => `${method} ${path}`);
  }

  /** How many of the requests were of this method and had a path that matches. */
  count(method: string, path: RegExp): number {
    return this.#requests.filter((request) => request.method === method && path.test(request.path)).length;
  }

  /** Bytes of all bodies that were taken. */
  get sentBytes(): number {
    return this.#requests.reduce((sum, request) => sum + request.sentBytes, 0);
  }

  /** Starts a new record. */
  forget(): void {
    this.#requests = [];
  }

  /** Breaks all connections and refuses new ones from the moment it resolves. */
  async refuse(): Promise<void> {
    await this.#stop();
    await waitUntil("connections are refused", async () => !await canConnect(this.#port));
  }

  /** Accepts connections again. */
  accept(): void {
    this.#abort = new AbortController();
    this.#server = Deno.serve(
      { hostname: this.#hostname, port: this.#port, signal: this.#abort.signal, onListen: () => {} },
      (request) => this.#serve(request),
    );
    this.#port = this.#server.addr.port;
  }

  /** Whether the port refuses connections does not count any more: another test may have it at once. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
  }

  async #stop(): Promise<void> {
    this.#abort.abort();
    await this.#server?.finished;
    this.#server = null;
  }

  async #serve(request: Request): Promise<Response> {
    const recorded = new Recorded(request);
    this.#requests.push(recorded);
    const pass = async () => await this.#handler(request);
    const response = this.fault === null ? await pass() : await this.fault(request, pass);
    recorded.status = response.status;
    return new Response(recorded.counted(response.body), response);
  }
}

class Recorded implements RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly search: string;
  readonly headers: Headers;
  status: number | null = null;
  sentBytes = 0;

  constructor(request: Request) {
    const url = new URL(request.url);
    this.method = request.method;
    this.path = url.pathname;
    this.search = url.search;
    this.headers = new Headers(request.headers);
  }

  counted(body: ReadableStream<Uint8Array<ArrayBuffer>> | null): ReadableStream<Uint8Array<ArrayBuffer>> | null {
    return body?.pipeThrough(
      new TransformStream({
        transform: (chunk, controller) => {
          this.sentBytes += chunk.byteLength;
          controller.enqueue(chunk);
        },
      }),
    ) ?? null;
  }
}
