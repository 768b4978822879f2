import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";

/**
 * Unpacks gzip to its end. Not with DecompressionStream, which reads the first of several members only (RFC 1952 §2.2).
 * Throws where it is not packed so or cut short, and what `packed` throws, which is cancelled where nobody reads on.
 */
export function gunzip(packed: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncIterable<Uint8Array<ArrayBuffer>> {
  // The stream itself reports errors to whoever reads.
  return pipeline(Readable.from(packed), createGunzip(), () => {});
}
