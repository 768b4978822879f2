import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";

/**
 * Unpacks gzip to its end. DecompressionStream would read the first of several members only (RFC 1952 §2.2). Throws for
 * bytes that are not gzip or cut short, and as `packed`, which is cancelled when nobody reads on.
 */
export function gunzip(packed: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncIterable<Uint8Array<ArrayBuffer>> {
  // The stream itself reports errors to its reader.
  return pipeline(Readable.from(packed), createGunzip(), () => {});
}
