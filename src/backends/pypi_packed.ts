import { unreadable } from "./pypi_document.ts";
import type { IndexDocument } from "./pypi_page.ts";

/**
 * A document without its `Content-Encoding`: what static hosts have packed is sent packed, although nobody asks for
 * that. Throws `upstream_failed` for what cannot be unpacked, and above `maxBytes`.
 */
export async function unpack(document: IndexDocument, coding: string, maxBytes: number): Promise<IndexDocument> {
  if (coding !== "gzip" && coding !== "deflate") throw unreadable(document, `it is packed in the way "${coding}"`);
  const stream = new Blob([document.bytes]).stream().pipeThrough(new DecompressionStream(coding));
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of stream) {
      sizeBytes += chunk.byteLength;
      if (sizeBytes > maxBytes) break;
      chunks.push(chunk);
    }
  } catch {
    throw unreadable(document, `it says that it is packed (${coding}), and is not`);
  }
  if (sizeBytes > maxBytes) throw unreadable(document, `unpacked it is larger than ${maxBytes} bytes`);
  return { ...document, bytes: await new Blob(chunks).bytes() };
}
