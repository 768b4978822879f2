import { messageOf, VaultError } from "../../../errors.ts";
import { IndexTooLarge, readIndex } from "./index_parser.ts";
import { PackageTable } from "./table.ts";
import { readOnThread } from "./thread.ts";
import type { Compression } from "./unpack.ts";

type Bytes = Uint8Array<ArrayBuffer>;
type Reader = ReadableStreamDefaultReader<Uint8Array>;

/** An index of at most so much, packed and unpacked, is read here: to start a thread takes longer. */
const smallPackedBytes = 64 * 1024;
const smallBytes = 256 * 1024;
const sliceBytes = 4 * 1024;

/**
 * Reads a Packages or Sources index to its end, on a thread of its own where it is not small; the memory this takes
 * grows with the table only. Throws `upstream_failed` where it cannot be unpacked or takes too long, `internal` where
 * `signal` is aborted, and what the stream throws.
 */
export async function readPackages(
  stream: ReadableStream<Uint8Array>,
  compression: Compression,
  signal?: AbortSignal,
): Promise<PackageTable> {
  const reader = stream.getReader();
  const stopped = Promise.withResolvers<never>();
  const stop = () =>
    stopped.reject(new VaultError("internal", "Cannot read an index of packages: the vault is shutting down"));
  stopped.promise.catch(() => {});
  if (signal?.aborted) stop();
  signal?.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([stopped.promise, read(reader, compression, stopped.promise)]);
  } catch (error) {
    await reader.cancel(error).catch(() => {});
    throw error;
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

async function read(reader: Reader, compression: Compression, stopped: Promise<never>): Promise<PackageTable> {
  const begun: Bytes[] = [];
  if (staysSmall(compression) && await readWhole(reader, begun)) {
    const table = await readHere(begun, compression);
    if (table !== null) return table;
  }
  const table = await readOnThread(() => nextOf(begun, reader), { compression, stopped });
  // An unpacker may be content before, but only at its end is a stream known to be what it should.
  while (!(await reader.read()).done);
  return table;
}

/** Whether little of what is packed so unpacks to no more than some thousand times as much. */
function staysSmall(compression: Compression): boolean {
  return compression === "none" || compression === "gz";
}

/** Reads the stream into `chunks` up to its end, and says so; or only its beginning, where it is not small. */
async function readWhole(reader: Reader, chunks: Bytes[]): Promise<boolean> {
  let bytes = 0;
  while (bytes <= smallPackedBytes) {
    const { value } = await reader.read();
    if (value === undefined) return true;
    bytes += value.byteLength;
    // Its buffer may be used on by whoever made it.
    chunks.push(new Uint8Array(value));
  }
  return false;
}

/** Null for one that unpacks to too much to be read here. */
async function readHere(chunks: readonly Bytes[], compression: Compression): Promise<PackageTable | null> {
  try {
    return new PackageTable(await readIndex(ReadableStream.from(slicesOf(chunks)), compression, smallBytes));
  } catch (error) {
    if (error instanceof IndexTooLarge) return null;
    throw new VaultError("upstream_failed", `Cannot read an index of packages (${compression}): ${messageOf(error)}`);
  }
}

/** So that each unpacks to little before it is seen to be too much. */
function* slicesOf(chunks: readonly Bytes[]): Generator<Bytes> {
  for (const chunk of chunks) {
    for (let start = 0; start < chunk.length; start += sliceBytes) yield chunk.subarray(start, start + sliceBytes);
  }
}

/** What has been read already, then the rest; undefined at the end. */
async function nextOf(begun: Bytes[], reader: Reader): Promise<Bytes | undefined> {
  const first = begun.shift();
  if (first !== undefined) return first;
  const { value } = await reader.read();
  return value && new Uint8Array(value);
}
