import type { BodyView, ViewedRange } from "../../../backend.ts";
import type { ByteRange } from "../../../http/range.ts";

// A xorb is a sequence of chunks, each behind a head of 8 bytes (Xet protocol specification, "Xorb formation"). A file
// is cut into chunks of the largest size that clients accept, none of them compressed: so any range of any xorb is made
// of a range of the file alone.

/** The most plain bytes of a chunk. */
export const chunkBytes = 128 * 1024;
const headBytes = 8;
const framedBytes = chunkBytes + headBytes;
/** The most chunks for a xorb that has, with their heads, at most 64 MiB. */
const mostChunks = 511;
/**
 * Clients write a xorb to disk once all of it has arrived, and fetch several at once: of 8 MiB, a file of some 50 MB is
 * downloaded twice as fast as in one piece.
 */
const fewestChunks = 64;
/** A reconstruction names each xorb of a file, so that large files have larger ones. */
const fewXorbs = 1024;

/** How many chunks each xorb of a file has, but for the last one. */
export function chunksPerXorb(fileBytes: number): number {
  return Math.min(mostChunks, Math.max(fewestChunks, Math.ceil(fileBytes / chunkBytes / fewXorbs)));
}

/** How many xorbs a file has. */
export function xorbsOf(fileBytes: number): number {
  return Math.ceil(fileBytes / plainPerXorb(fileBytes));
}

function plainPerXorb(fileBytes: number): number {
  return chunksPerXorb(fileBytes) * chunkBytes;
}

/** Chunks of a xorb, counted within it, and where their bytes are in the xorb. Ends are exclusive. */
export interface XorbPart {
  readonly index: number;
  readonly chunks: ByteRange;
  readonly bytes: ByteRange;
  readonly plainBytes: number;
}

/** The chunks that have the bytes of a range of the file, by xorb; and how many bytes they have before it. */
export function partsOf(
  { start, end }: ByteRange,
  fileBytes: number,
): { readonly skippedBytes: number; readonly parts: readonly XorbPart[] } {
  const parts: XorbPart[] = [];
  const perXorb = chunksPerXorb(fileBytes);
  const first = Math.floor(start / chunkBytes);
  const last = Math.ceil(end / chunkBytes);
  for (let at = first; at < last;) {
    const index = Math.floor(at / perXorb);
    const chunks = { start: at % perXorb, end: Math.min(perXorb, last - index * perXorb) };
    const from = at * chunkBytes;
    const to = Math.min(fileBytes, (index * perXorb + chunks.end) * chunkBytes);
    const bytes = {
      start: chunks.start * framedBytes,
      end: framedSize(to - index * perXorb * chunkBytes),
    };
    parts.push({ index, chunks, bytes, plainBytes: to - from });
    at = index * perXorb + chunks.end;
  }
  return { skippedBytes: start - first * chunkBytes, parts };
}

/** A xorb of a file, as a view of the file's body. */
export function viewOfXorb(index: number, fileBytes: number): BodyView {
  const most = plainPerXorb(fileBytes);
  const origin = index * most;
  const plainBytes = Math.min(most, fileBytes - origin);
  return {
    bodyBytes: fileBytes,
    sizeBytes: framedSize(plainBytes),
    over: (range) => viewOf(range, { origin, plainBytes }),
  };
}

interface Xorb {
  /** Where it begins in the file. */
  readonly origin: number;
  readonly plainBytes: number;
}

function viewOf(range: ByteRange, { origin, plainBytes }: Xorb): ViewedRange {
  return {
    body: { start: origin + plainBefore(range.start, plainBytes), end: origin + plainBefore(range.end, plainBytes) },
    parts: framed(range, plainBytes),
  };
}

function* framed({ start, end }: ByteRange, plainBytes: number): Generator<Uint8Array<ArrayBuffer> | number> {
  for (let at = start; at < end;) {
    const chunk = Math.floor(at / framedBytes);
    const begin = chunk * framedBytes;
    const size = Math.min(chunkBytes, plainBytes - chunk * chunkBytes);
    const bodyAt = begin + headBytes;
    if (at < bodyAt) {
      const part = headOf(size).subarray(at - begin, Math.min(headBytes, end - begin));
      yield part;
      at += part.byteLength;
    } else {
      const upTo = Math.min(bodyAt + size, end);
      yield upTo - at;
      at = upTo;
    }
  }
}

/** Version 0, the stored size, no compression, and the plain size, which is the same: three bytes each, least first. */
function headOf(size: number): Uint8Array<ArrayBuffer> {
  const length = [size & 0xff, size >> 8 & 0xff, size >> 16];
  return Uint8Array.from([0, ...length, 0, ...length]);
}

function framedSize(plainBytes: number): number {
  return plainBytes + headBytes * Math.ceil(plainBytes / chunkBytes);
}

/** How many plain bytes come before an offset in a xorb. */
function plainBefore(offset: number, plainBytes: number): number {
  const chunk = Math.floor(offset / framedBytes);
  const within = Math.max(0, offset - chunk * framedBytes - headBytes);
  return Math.min(plainBytes, chunk * chunkBytes + within);
}
