import { PackageLines } from "./line_parser.ts";
import { type PackageColumns, PackageTableBuilder } from "./table.ts";
import { type Compression, unpack } from "./unpack.ts";

/** An index that unpacks to more than it may. */
export class IndexTooLarge extends Error {
  override name = "IndexTooLarge";
}

/**
 * Unpacks a Packages or Sources index to its end, and reads what it lists. Throws `IndexTooLarge` where it unpacks to
 * more than `maxBytes`, as `unpack` where it cannot be unpacked, and what the stream throws.
 */
export async function readIndex(
  packed: ReadableStream<Uint8Array<ArrayBuffer>>,
  compression: Compression,
  maxBytes: number,
): Promise<PackageColumns> {
  const table = new PackageTableBuilder();
  const lines = new PackageLines((path, sha256) => table.add(path, sha256));
  let unpackedBytes = 0;
  await unpack(packed, compression, (chunk) => {
    unpackedBytes += chunk.byteLength;
    if (unpackedBytes > maxBytes) throw new IndexTooLarge(`unpacked it is larger than ${maxBytes} bytes`);
    lines.write(chunk);
  });
  lines.end();
  return table.build();
}
