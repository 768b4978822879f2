import { Buffer } from "node:buffer";

export interface PartsOptions {
  /** What is to come. */
  readonly wanted: Uint8Array;
  readonly partBytes: number;
  /** How many requests are open at once. */
  readonly parallelism: number;
}

/**
 * Fetches a blob in parts as containerd from 2.1 on does: every request is for `bytes=N-`, all of the rest, and dropped
 * where its part ends. Besides, each part has a first try that is dropped after its first bytes. Throws for wrong
 * bytes.
 */
export async function fetchLikeContainerd(
  url: string,
  { wanted, partBytes, parallelism }: PartsOptions,
): Promise<void> {
  const starts = Array.from({ length: Math.ceil(wanted.byteLength / partBytes) }, (_, index) => index * partBytes);
  const worker = async () => {
    for (let start = starts.shift(); start !== undefined; start = starts.shift()) {
      await fetchPart(url, { wanted, start, end: start + 1 });
      await fetchPart(url, { wanted, start, end: Math.min(start + partBytes, wanted.byteLength) });
    }
  };
  await Promise.all(Array.from({ length: parallelism }, worker));
}

interface Part {
  readonly wanted: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** Reads until `end` at least, and leaves. */
async function fetchPart(url: string, { wanted, start, end }: Part): Promise<void> {
  const response = await fetch(url, { headers: { range: `bytes=${start}-`, connection: "close" } });
  const range = `bytes ${start}-${wanted.byteLength - 1}/${wanted.byteLength}`;
  if (response.status !== 206 || response.headers.get("content-range") !== range) {
    throw new Error(`Asked for bytes from ${start} on: ${response.status} ${response.headers.get("content-range")}`);
  }
  let at = start;
  for await (const chunk of response.body ?? []) {
    const bytes = wanted.subarray(at, at + chunk.byteLength);
    if (Buffer.compare(chunk, bytes) !== 0) throw new Error(`Wrong bytes after ${at}`);
    at += chunk.byteLength;
    if (at >= end) return;
  }
  if (at < end) throw new Error(`The answer from ${start} on ended at ${at}`);
}
