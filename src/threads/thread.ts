import type { ThreadFailure, ThreadRequest } from "./worker.ts";

export interface ThreadOptions {
  /** The URL of a module that exports `serve(port: MessagePort)`. */
  readonly url: string;
  /** Called once where the thread has failed. It has ended then. */
  readonly onFailed: (reason: string) => void;
  /** True for a module that may share a thread with others, since it never works long at a time. False when absent. */
  readonly isShared?: boolean;
}

/** A module that runs on another thread. */
export interface Thread {
  /** Messages to and from the module. */
  readonly port: MessagePort;
  /** Ends it, whatever it does. */
  close(): void;
  /** Ends it where it does nothing any more, so that its thread is good for the next module. */
  release(): void;
}

/** The two ways to end a thread: by force, and so that another module may have it. */
type Ends = Pick<Thread, "close" | "release">;

let starter: Starter | null = null;

/** Runs a module on another thread. */
export function startThread(options: ThreadOptions): Thread {
  const { port1: port, port2 } = new MessageChannel();
  const ends = starter === null ? startHere(port2, options) : starter.start(port2, options);
  const closingPort = (end: () => void) => () => {
    port.close();
    end();
  };
  return { port, close: closingPort(ends.close), release: closingPort(ends.release) };
}

/**
 * Starts the thread that starts all others, until the returned function is called: starting one takes some 40 ms, for
 * which the thread that does it can do nothing else.
 */
export function prepareThreads(): () => void {
  const own = starter = new Starter();
  return () => {
    if (starter === own) starter = null;
    own.close();
  };
}

function startHere(port: MessagePort, { url, onFailed }: ThreadOptions): Ends {
  const worker = newWorker(onFailed);
  worker.postMessage({ kind: "serve", url, port } satisfies ThreadRequest, [port]);
  const close = () => worker.terminate();
  return { close, release: close };
}

function newWorker(onFailed: (reason: string) => void): Worker {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  worker.onerror = (event) => {
    event.preventDefault();
    onFailed(event.message);
  };
  return worker;
}

class Starter {
  readonly #worker = newWorker((reason) => this.#fail(reason));
  readonly #started = new Map<number, ThreadOptions>();
  #lastId = 0;

  constructor() {
    this.#worker.onmessage = ({ data: { id, reason } }: MessageEvent<ThreadFailure>) => {
      const failed = this.#started.get(id);
      this.#started.delete(id);
      failed?.onFailed(reason);
    };
    this.#post({ kind: "prepare" });
  }

  start(port: MessagePort, options: ThreadOptions): Ends {
    const id = ++this.#lastId;
    const { url, isShared = false } = options;
    this.#started.set(id, options);
    this.#post(isShared ? { kind: "serve", url, port } : { kind: "start", id, url, port }, [port]);
    const ending = (kind: "end" | "release") => () => {
      if (this.#started.delete(id) && !isShared) this.#post({ kind, id });
    };
    return { close: ending("end"), release: ending("release") };
  }

  close(): void {
    this.#worker.terminate();
  }

  #post(request: ThreadRequest, transfer: Transferable[] = []): void {
    this.#worker.postMessage(request, transfer);
  }

  /** All threads have ended with this one; the next are started without it. */
  #fail(reason: string): void {
    if (starter === this) starter = null;
    const failed = [...this.#started.values()];
    this.#started.clear();
    for (const { onFailed } of failed) onFailed(reason);
  }
}
