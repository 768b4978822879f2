import { messageOf, VaultError } from "../errors.ts";
import { PackageTable } from "./apt_package_table.ts";
import type { PackagesForm, PackagesReply, PackagesRequest } from "./apt_packages_worker.ts";

/** One reading at a time: each takes a thread, and the memory that xz wants. */
let lastReading: Promise<unknown> = Promise.resolve();

/**
 * Reads a Packages or Sources index to its end, on a thread of its own, in memory that does not grow with what is
 * unpacked but for the table. Throws `upstream_failed` for a stream that is no such index, and what the stream throws.
 */
export function readPackages(stream: ReadableStream<Uint8Array>, form: PackagesForm): Promise<PackageTable> {
  const reading = lastReading.then(() => readInWorker(stream, form));
  lastReading = reading.catch(() => {});
  return reading;
}

async function readInWorker(stream: ReadableStream<Uint8Array>, form: PackagesForm): Promise<PackageTable> {
  const reader = stream.getReader();
  const worker = new Worker(new URL("./apt_packages_worker.ts", import.meta.url), { type: "module" });
  try {
    const table = await converse(worker, reader, form);
    // Only at its end is a stream known to be whole, and an unpacker may be content before.
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
  form: PackagesForm,
): Promise<PackageTable> {
  const { promise, resolve, reject } = Promise.withResolvers<PackageTable>();
  const handOver = async () => {
    const { value } = await reader.read();
    // A copy, since whoever made the chunk may go on using the buffer it lies in.
    const chunk = value === undefined ? null : value.slice();
    worker.postMessage({ kind: "chunk", chunk } satisfies PackagesRequest, chunk === null ? [] : [chunk.buffer]);
  };
  worker.onmessage = ({ data }: MessageEvent<PackagesReply>) => {
    if (data.kind === "more") handOver().catch(reject);
    else if (data.kind === "table") resolve(new PackageTable(data.columns));
    else reject(new VaultError("upstream_failed", `Cannot read an index of packages: ${data.reason}`));
  };
  worker.onerror = (event) => {
    event.preventDefault();
    reject(new VaultError("internal", `Cannot read an index of packages: its thread has failed: ${event.message}`));
  };
  worker.postMessage({ kind: "open", form } satisfies PackagesRequest);
  return promise;
}
