import { Buffer } from "node:buffer";
import { crc32 } from "node:zlib";

const encoder = new TextEncoder();

/** What an archive has, by path; texts are written as UTF-8. */
export type ZipEntries = Readonly<Record<string, Uint8Array | string>>;

/** A zip archive whose files are not packed, so that its size is known; the same entries always give the same bytes. */
export function zipOf(entries: ZipEntries): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const [path, content] of Object.entries(entries)) {
    const name = encoder.encode(path);
    const bytes = typeof content === "string" ? encoder.encode(content) : content;
    const common = commonFields(bytes, name.byteLength);
    const local = littleEndian([4, 0x04034b50], ...common);
    parts.push(local, name, bytes);
    directory.push(
      littleEndian([4, 0x02014b50], [2, 20], ...common, [2, 0], [2, 0], [2, 0], [4, 0o100644 << 16], [4, offset]),
      name,
    );
    offset += local.byteLength + name.byteLength + bytes.byteLength;
  }
  const count = Object.keys(entries).length;
  const directoryBytes = directory.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const end = littleEndian([4, 0x06054b50], [4, 0], [2, count], [2, count], [4, directoryBytes], [4, offset], [2, 0]);
  return new Uint8Array(Buffer.concat([...parts, ...directory, end]));
}

/** From the version needed to the lengths; a date in 1980, the first there is. */
function commonFields(bytes: Uint8Array, nameLength: number): [number, number][] {
  const utf8Names = 0x0800;
  const size = bytes.byteLength;
  const when: [number, number][] = [[2, 0], [2, 0x21]];
  return [[2, 20], [2, utf8Names], [2, 0], ...when, [4, crc32(bytes)], [4, size], [4, size], [2, nameLength], [2, 0]];
}

function littleEndian(...fields: readonly (readonly [length: number, value: number])[]): Uint8Array {
  return new Uint8Array(
    fields.flatMap(([length, value]) => Array.from({ length }, (_, index) => value >>> (8 * index) & 0xff)),
  );
}
