import { VaultError } from "../../../errors.ts";
import { PackageTable } from "./table.ts";
import type { PackagesReply, PackagesRequest } from "./worker.ts";
import type { Compression } from "./unpack.ts";

/** So long the thread may take for a chunk of at most 1 MiB. */
const maxMsForChunk = 60_000;

export interface ThreadOptions {
  readonly compression: Compression;
  /** Rejects where nobody waits for the table any more. */
  readonly stopped: Promise<never>;
}

/**
 * Reads an index on a thread of its own. `nextChunk` gives it chunk after chunk, each in a buffer of its own, and
 * undefined at the end. Throws `upstream_failed` where it cannot be unpacked or takes too long, `internal` where the
 * thread fails, and what `nextChunk` and `stopped` throw.
 */
export async function readOnThread(
  nextChunk: () => Promise<Uint8Array<ArrayBuffer> | undefined>,
  { compression, stopped }: ThreadOptions,
): Promise<PackageTable> {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  const { promise, resolve, reject } = Promise.withResolvers<PackageTable>();
  const tooSlow = () =>
    reject(new VaultError("upstream_failed", "Cannot read an index of packages: it takes too long"));
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isOver = false;
  const giveMore = async () => {
    const chunk = await nextChunk() ?? null;
    if (isOver) return;
    worker.postMessage({ kind: "chunk", chunk } satisfies PackagesRequest, chunk === null ? [] : [chunk.buffer]);
    timer = setTimeout(tooSlow, maxMsForChunk);
  };
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
  stopped.catch(reject);
  try {
    worker.postMessage({ kind: "open", compression } satisfies PackagesRequest);
    return await promise;
  } finally {
    isOver = true;
    clearTimeout(timer);
    worker.terminate();
  }
}
