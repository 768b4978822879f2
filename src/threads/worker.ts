// The first module of every thread. It runs other modules there, and starts threads for those that need one alone.

/** A message to a thread. A module that is served exports `serve(port)`, and talks over that port from then on. */
export type ThreadRequest =
  | { readonly kind: "serve"; readonly url: string; readonly port: MessagePort }
  | { readonly kind: "start"; readonly id: number; readonly url: string; readonly port: MessagePort }
  | { readonly kind: "end"; readonly id: number }
  /** The module on that thread has ended, and the thread is good for another one. */
  | { readonly kind: "release"; readonly id: number }
  /** A thread is to be ready for the first module that needs one alone. */
  | { readonly kind: "prepare" }
  /** To a thread that waits for a module: it collects what the last one has left behind. */
  | { readonly kind: "rest" };

/** A thread that was started has failed, and has ended. */
export interface ThreadFailure {
  readonly id: number;
  readonly reason: string;
}

type Start = Extract<ThreadRequest, { kind: "start" }>;

const scope = self as unknown as {
  onmessage: (event: MessageEvent<ThreadRequest>) => void;
  postMessage(failure: ThreadFailure): void;
  /** There with `--expose-gc`, as in the executable. */
  readonly gc?: () => void;
};
const workers = new Map<number, Worker>();
/** Waits for the next module: a thread that is started here gets its first message after a second only (Deno 2.9). */
let spare: Worker | null = null;

scope.onmessage = async ({ data: request }) => {
  switch (request.kind) {
    case "serve": {
      const { serve } = await import(request.url) as { serve(port: MessagePort): void };
      return serve(request.port);
    }
    case "start":
      return start(request);
    case "end":
      return end(request.id);
    case "release":
      return release(request.id);
    case "prepare":
      return ensureSpare();
    case "rest":
      return scope.gc?.();
  }
};

function start({ id, url, port }: Start): void {
  const worker = spare ?? newWorker();
  spare = null;
  workers.set(id, worker);
  worker.onerror = (event) => {
    event.preventDefault();
    workers.delete(id);
    scope.postMessage({ id, reason: event.message });
    ensureSpare();
  };
  worker.postMessage({ kind: "serve", url, port } satisfies ThreadRequest, [port]);
}

function end(id: number): void {
  workers.get(id)?.terminate();
  if (workers.delete(id)) ensureSpare();
}

function release(id: number): void {
  const worker = workers.get(id);
  if (worker !== undefined && workers.delete(id)) keepSpare(worker);
}

function ensureSpare(): void {
  if (spare === null) keepSpare(newWorker());
}

/** One is enough: the others end. */
function keepSpare(worker: Worker): void {
  if (spare !== null) return worker.terminate();
  spare = worker;
  worker.onerror = (event) => {
    event.preventDefault();
    spare = null;
  };
  worker.postMessage({ kind: "rest" } satisfies ThreadRequest);
}

function newWorker(): Worker {
  return new Worker(import.meta.url, { type: "module" });
}
