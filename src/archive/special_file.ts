import { VaultError } from "../errors.ts";
import type { ByteSink } from "./byte_sink.ts";
import type { ByteSource } from "./byte_source.ts";
import { openNamed } from "./named_pipe.ts";

/** True for a pipe, a device and the like; false for a file, a directory and where there is nothing. */
export function isSpecial(path: string): boolean {
  try {
    const { isFile, isDirectory } = Deno.statSync(path);
    return !isFile && !isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** The bytes of a pipe or a device, read once. Its `read` throws `storage_failed` once the signal is aborted. */
export function openSpecialSource(path: string, signal: AbortSignal | undefined): ByteSource {
  const file = new SpecialFile(path, { read: true });
  return {
    read: async (into) => await orStopped(readFrom(file, into), signal),
    close: () => file.close(),
  };
}

/** Writes to a pipe or a device. Its `write` throws `storage_failed` once the signal is aborted. */
export function createSpecialSink(path: string, signal: AbortSignal | undefined): ByteSink {
  const file = new SpecialFile(path, { write: true });
  return {
    write: async (bytes) => await orStopped(writeTo(file, bytes), signal),
    finish: () => Promise.resolve(file.close()),
    abort: () => file.close(),
  };
}

/** The standard input of this process. Its `read` throws `storage_failed` once the signal is aborted. */
export function stdinSource(signal?: AbortSignal): ByteSource {
  return { read: async (into) => await orStopped(Deno.stdin.read(into), signal), close: () => {} };
}

/** The standard output of this process. Its `write` throws `storage_failed` once the signal is aborted. */
export function stdoutSink(signal?: AbortSignal): ByteSink {
  return {
    write: async (bytes) => await orStopped(writeAllTo(Deno.stdout, bytes), signal),
    finish: () => Promise.resolve(),
    abort: () => {},
  };
}

/** Opens at the first use, and off this thread, since a pipe waits for its other end. */
class SpecialFile {
  readonly #path: string;
  readonly #options: Deno.OpenOptions;
  readonly #closing = new AbortController();
  #file: Deno.FsFile | null = null;

  constructor(path: string, options: Deno.OpenOptions) {
    this.#path = path;
    this.#options = options;
  }

  async opened(): Promise<Deno.FsFile> {
    const { signal } = this.#closing;
    const file = this.#file ??= await openNamed(this.#path, this.#options, signal);
    if (!signal.aborted) return file;
    // Nobody waits for it any longer.
    this.close();
    throw new VaultError("storage_failed", "it was closed");
  }

  close(): void {
    this.#file?.close();
    this.#file = null;
    this.#closing.abort();
  }
}

async function readFrom(file: SpecialFile, into: Uint8Array): Promise<number | null> {
  return await (await file.opened()).read(into);
}

async function writeTo(file: SpecialFile, bytes: Uint8Array): Promise<void> {
  await writeAllTo(await file.opened(), bytes);
}

async function writeAllTo(file: Pick<Deno.FsFile, "write">, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.byteLength;) at += await file.write(bytes.subarray(at));
}

/** Resolves as `work` does. Throws once the signal is aborted: what the system does for `work` cannot be called off. */
async function orStopped<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await work;
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = () => reject(new VaultError("storage_failed", "it was stopped", { cause: signal.reason }));
  signal.addEventListener("abort", stop);
  if (signal.aborted) stop();
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
