/**
 * Opens a file off this thread: a named pipe waits for its other end, and an executable of Deno 2.6 would hear of no
 * signal meanwhile. Throws what `Deno.open` throws; for a named pipe the reason of the signal, too.
 */
export async function openNamed(path: string, options: Deno.OpenOptions, signal?: AbortSignal): Promise<Deno.FsFile> {
  if (!isNamedPipe(path)) return await Deno.open(path, options);
  const thread = await openOnThread(path, options, signal);
  // The other end may have been closed already, and while both are open here, opening one does not wait.
  const both = openBothEnds(path);
  try {
    return Deno.openSync(path, options);
  } finally {
    both?.close();
    thread.terminate();
  }
}

function isNamedPipe(path: string): boolean {
  try {
    return Deno.statSync(path).isFifo === true;
  } catch {
    // Opening it says what is wrong.
    return false;
  }
}

/**
 * Resolves once the pipe is open on a thread of its own, which keeps it open until it is terminated; also where it cannot
 * be opened, which is the same on this thread.
 */
async function openOnThread(path: string, options: Deno.OpenOptions, signal?: AbortSignal): Promise<Worker> {
  signal?.throwIfAborted();
  const open = `Deno.openSync(${JSON.stringify(path)}, ${JSON.stringify(options)})`;
  const code = `self.onmessage = () => {}; try { ${open}; } catch {} self.postMessage("done");`;
  // A module of its own would have to be named wherever this program is compiled.
  const worker = new Worker(`data:text/javascript,${encodeURIComponent(code)}`, { type: "module" });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const stop = () => reject(signal!.reason);
  worker.onmessage = () => resolve();
  signal?.addEventListener("abort", stop);
  try {
    await promise;
    return worker;
  } catch (error) {
    worker.terminate();
    throw error;
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

function openBothEnds(path: string): Deno.FsFile | null {
  try {
    return Deno.openSync(path, { read: true, write: true });
  } catch {
    // Whoever has the rights to one end only waits for it.
    return null;
  }
}
