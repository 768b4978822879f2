import type { App } from "../app.ts";
import type { Log } from "../observe/log.ts";

/** Returns the signals that end the process. Windows has no SIGTERM; a terminal sends SIGHUP when it is closed. */
function endingSignals(): readonly Deno.Signal[] {
  if (Deno.build.os === "windows") return ["SIGINT", "SIGBREAK"];
  return Deno.stdin.isTerminal() ? ["SIGINT", "SIGTERM", "SIGHUP"] : ["SIGINT", "SIGTERM"];
}

export interface ShutdownOptions {
  readonly app: Pick<App, "beginShutdown" | "close">;
  readonly server: { shutdown(): Promise<void> };
  readonly log: Log;
  /** Asked when the signal comes; no longer than a timer can wait. */
  readonly timeoutMs: () => number;
}

/**
 * Waits from now on for a signal to end, then lets responses and transfers under way finish for at most `timeoutMs`. A
 * second signal ends the wait. Connections that are still open then are cut when the process exits.
 */
export async function serveUntilTerminated({ app, server, log, timeoutMs: longestOf }: ShutdownOptions): Promise<void> {
  const first = Promise.withResolvers<Deno.Signal>();
  const second = Promise.withResolvers<void>();
  let received = 0;
  const stopListening = onTermination((signal) => received++ === 0 ? first.resolve(signal) : second.resolve());
  const signal = await first.promise;
  const timeoutMs = longestOf();
  log.info(`${signal}: finishing what is under way, for at most ${timeoutMs / 1000} s; a second signal ends at once`);
  app.beginShutdown();
  await Promise.race([finish({ app, server, timeoutMs }), second.promise]);
  stopListening();
  log.info("Stopped");
}

type Finishing = Pick<ShutdownOptions, "app" | "server"> & { readonly timeoutMs: number };

/** Finishes responses first: the store that they read from has to stay open. */
async function finish({ app, server, timeoutMs }: Finishing): Promise<void> {
  const overAt = performance.now() + timeoutMs;
  const deadline = Promise.withResolvers<void>();
  const timer = setTimeout(deadline.resolve, timeoutMs);
  await Promise.race([server.shutdown(), deadline.promise]);
  clearTimeout(timer);
  await app.close(Math.max(0, overAt - performance.now()));
}

function onTermination(receive: (signal: Deno.Signal) => void): () => void {
  const listeners = endingSignals().map((signal) => ({ signal, listener: () => receive(signal) }));
  for (const { signal, listener } of listeners) Deno.addSignalListener(signal, listener);
  return () => {
    for (const { signal, listener } of listeners) Deno.removeSignalListener(signal, listener);
  };
}
