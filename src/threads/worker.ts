// The first module of every thread. It runs other modules there, and starts threads for those that need one alone.

/** A message to a thread. A module that is served exports `serve(port)`, and talks over that port from then on. */
export type ThreadRequest =
  | { readonly kind: "serve"; readonly url: string; readonly port: MessagePort }
  | { readonly kind: "start"; readonly id: number; readonly url: string; readonly port: MessagePort }
  | { readonly kind: "end"; readonly id: number };

/** A thread that was started has failed, and has ended. */
export interface ThreadFailure {
  readonly id: number;
  readonly reason: string;
}

type Start = Extract<ThreadRequest, { kind: "start" }>;

const scope = self as unknown as {
  onmessage: (event: MessageEvent<ThreadRequest>) => void;
  postMessage(failure: ThreadFailure): void;
};
const workers = new Map<number, Worker>();

scope.onmessage = async ({ data: request }) => {
  if (request.kind === "start") return start(request);
  if (request.kind === "end") return end(request.id);
  const { serve } = await import(request.url) as { serve(port: MessagePort): void };
  serve(request.port);
};

function start({ id, url, port }: Start): void {
  const worker = new Worker(import.meta.url, { type: "module" });
  workers.set(id, worker);
  worker.onerror = (event) => {
    event.preventDefault();
    workers.delete(id);
    scope.postMessage({ id, reason: event.message });
  };
  worker.postMessage({ kind: "serve", url, port } satisfies ThreadRequest, [port]);
}

function end(id: number): void {
  workers.get(id)?.terminate();
  workers.delete(id);
}
