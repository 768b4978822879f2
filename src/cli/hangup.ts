/**
 * Calls `receive` at each SIGHUP, as programs that rotate logs or renew certificates expect it, until the returned
 * function is called. Does nothing on Windows, and where the process has a terminal: there, SIGHUP means that it was
 * closed.
 */
export function onHangup(receive: () => void): () => void {
  if (Deno.build.os === "windows" || Deno.stdin.isTerminal()) return () => {};
  Deno.addSignalListener("SIGHUP", receive);
  return () => Deno.removeSignalListener("SIGHUP", receive);
}
