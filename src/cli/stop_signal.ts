/** The wish of whoever runs this program that it stops. */
export interface StopSignal {
  /** Aborted at the first SIGINT or SIGTERM; a second one ends the program at once. */
  readonly signal: AbortSignal;
  /** Listens no more. */
  close(): void;
}

const stopping: readonly Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];

/** Listens for the signals that stop a program, so that it can end what it does in order. */
export function stopSignal(): StopSignal {
  const controller = new AbortController();
  const stop = () => {
    close();
    controller.abort(new DOMException("stopped by a signal", "AbortError"));
  };
  const close = () => {
    for (const name of stopping) Deno.removeSignalListener(name, stop);
  };
  for (const name of stopping) Deno.addSignalListener(name, stop);
  return { signal: controller.signal, close };
}
