import { VaultError } from "../errors.ts";
import { PackageTable } from "./apt_package_table.ts";
import type { PackagesReply, PackagesRequest } from "./apt_packages_worker.ts";
import type { Compression } from "./apt_unpack.ts";

/** So long the thread may take for a chunk of at most 1 MiB. */
const maxMsForChunk = 60_000;

/**
 * Reads a Packages or Sources index to its end, on a thread of its own; the memory this takes grows with the table
 * only. Throws `upstream_failed` where it cannot be unpacked or takes too long, `internal` where `signal` is aborted,
 * and what the stream throws.
 */
export async function readPackages(
  stream: ReadableStream<Uint8Array>,
  compression: Compression,
  signal?: AbortSignal,
): Promise<PackageTable> {
  const reader = stream.getReader();
  const worker = new Worker(new URL("./apt_packages_worker.ts", import.meta.url), { type: "module" });
  try {
    const table = await converse(worker, reader, { compression, signal });
    // An unpacker may be content before, but only at its end is a stream known to be what it should.
    while (!(await reader.read()).done);
    return table;
  } catch (error) {
    await reader.cancel(error).catch(() => {});
    throw error;
  } finally {
    worker.terminate();
  }
}

/** Hands over a chunk each time the worker asks for one, until it has the table. */
function converse(
  worker: Worker,
  reader: ReadableStreamDefaultReader<Uint8Array>,
  { compression, signal }: { compression: Compression; signal: AbortSignal | undefined },
): Promise<PackageTable> {
  const { promise, resolve, reject } = Promise.withResolvers<PackageTable>();
  const stop = () => reject(new VaultError("internal", "Cannot read an index of packages: the vault is shutting down"));
  const tooSlow = () =>
    reject(new VaultError("upstream_failed", "Cannot read an index of packages: it takes too long"));
  let timer: ReturnType<typeof setTimeout> | undefined;
  const giveMore = async () => {
    await handOver(worker, reader);
    timer = setTimeout(tooSlow, maxMsForChunk);
  };
  if (signal?.aborted) stop();
  signal?.addEventListener("abort", stop, { once: true });
  worker.onmessage = ({ data }: MessageEvent<PackagesReply>) => {
    clearTimeout(timer);
    if (data.kind === "more") giveMore().catch(reject);
    else if (data.kind === "table") resolve(new PackageTable(data.columns));
    else reject(new VaultError("upstream_failed", `Cannot read an index of packages (${compression}): ${data.reason}`));
  };
  worker.onerror = (event) => {
    event.preventDefault();
    reject(new VaultError("internal", `Cannot read an index of packages: its thread failed: ${event.message}`));
  };
  worker.postMessage({ kind: "open", compression } satisfies PackagesRequest);
  return promise.finally(() => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  });
}

async function handOver(worker: Worker, reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  const { value } = await reader.read();
  // Its buffer may be used on by whoever made it.
  const chunk = value === undefined ? null : new Uint8Array(value);
  worker.postMessage({ kind: "chunk", chunk } satisfies PackagesRequest, chunk === null ? [] : [chunk.buffer]);
}
