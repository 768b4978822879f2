import { gunzip } from "./gunzip.ts";
import { unreadable } from "../pypi/index_document.ts";
import type { IndexDocument } from "../pypi/page.ts";

/** So much at a time: it may become a thousand times as large, and nothing else happens meanwhile. */
const sliceBytes = 4 * 1024;

/**
 * A document without its `Content-Encoding`: what static hosts have packed is sent packed, although nobody asks for
 * that. Throws `upstream_failed` for what cannot be unpacked, and above `maxBytes`, beyond which nothing is unpacked.
 */
export async function unpack(document: IndexDocument, coding: string, maxBytes: number): Promise<IndexDocument> {
  const unpacked = await unpackWithin(document, coding, maxBytes);
  if (unpacked === null) throw unreadable(document, `unpacked it is larger than ${maxBytes} bytes`);
  return unpacked;
}

/** The same, but null where it is larger. */
export async function unpackWithin(
  document: IndexDocument,
  coding: string,
  maxBytes: number,
): Promise<IndexDocument | null> {
  if (coding !== "gzip" && coding !== "deflate") throw unreadable(document, `it is packed in the way "${coding}"`);
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let sizeBytes = 0;
  const packed = slicesOf(document.bytes);
  const unpacked = coding === "gzip" ? gunzip(packed) : packed.pipeThrough(new DecompressionStream(coding));
  try {
    for await (const chunk of unpacked) {
      sizeBytes += chunk.byteLength;
      if (sizeBytes > maxBytes) break;
      chunks.push(chunk);
    }
  } catch {
    throw unreadable(document, `it says that it is packed (${coding}), and is not`);
  }
  return sizeBytes > maxBytes ? null : { ...document, bytes: await new Blob(chunks).bytes() };
}

/** Slices that are asked for one by one, each in a turn of its own. */
function slicesOf(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
  let start = 0;
  return new ReadableStream({
    async pull(controller) {
      if (start >= bytes.byteLength) return controller.close();
      if (start > 0) await new Promise((resolve) => setTimeout(resolve));
      controller.enqueue(bytes.slice(start, start + sliceBytes));
      start += sliceBytes;
    },
  }, { highWaterMark: 0 });
}
