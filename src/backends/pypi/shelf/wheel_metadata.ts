import { readWhole } from "../../shared/shelves/read_small.ts";
import type { SourceFile } from "../../../shelf.ts";

/** The metadata of a project is much smaller; the list of an archive's files has about 100 bytes for each. */
const maxMetadataBytes = 4 * 1024 * 1024;
const maxListBytes = 32 * 1024 * 1024;
/** The record at the end of a zip file, and the longest comment behind it. */
const endBytes = 22;
const maxCommentBytes = 65_535;

interface ZipMember {
  readonly isDeflated: boolean;
  readonly packedBytes: number;
  readonly offset: number;
}

/**
 * Reads the `METADATA` of a wheel (PEP 427, PEP 658) out of the zip file; null where it has none, or is none that can
 * be read, such as one of more than 4 GiB.
 */
export async function readWheelMetadata(wheel: SourceFile): Promise<Uint8Array<ArrayBuffer> | null> {
  try {
    const member = await findMetadata(wheel);
    return member && await readMember(wheel, member);
  } catch {
    return null;
  }
}

/** Finds the one `METADATA` in the list of files at the end (APPNOTE.TXT, 4.3.12 and 4.3.16). */
async function findMetadata(wheel: SourceFile): Promise<ZipMember | null> {
  const tail = await readPart(wheel, Math.max(0, wheel.sizeBytes - endBytes - maxCommentBytes));
  const end = lastIndexOf(tail, 0x06054b50);
  if (end === null) return null;
  const [listBytes, listOffset] = [tail.getUint32(end + 12, true), tail.getUint32(end + 16, true)];
  if (listBytes > maxListBytes) return null;
  const list = await readPart(wheel, listOffset, listOffset + listBytes);
  const found: ZipMember[] = [];
  for (let at = 0; at + 46 <= list.byteLength && list.getUint32(at, true) === 0x02014b50;) {
    const nameBytes = list.getUint16(at + 28, true);
    const name = new TextDecoder().decode(new Uint8Array(list.buffer, list.byteOffset + at + 46, nameBytes));
    if (/^[^/]+\.dist-info\/METADATA$/.test(name)) found.push(memberAt(list, at));
    at += 46 + nameBytes + list.getUint16(at + 30, true) + list.getUint16(at + 32, true);
  }
  const [only, ...others] = found;
  return only !== undefined && others.length === 0 ? only : null;
}

function memberAt(list: DataView, at: number): ZipMember {
  const method = list.getUint16(at + 10, true);
  if (method !== 0 && method !== 8) throw new Error("the member is packed in a way that wheels are not");
  return {
    isDeflated: method === 8,
    packedBytes: list.getUint32(at + 20, true),
    offset: list.getUint32(at + 42, true),
  };
}

async function readMember(wheel: SourceFile, member: ZipMember): Promise<Uint8Array<ArrayBuffer> | null> {
  const { isDeflated, packedBytes, offset } = member;
  if (packedBytes > maxMetadataBytes) return null;
  const header = await readPart(wheel, offset, offset + 30);
  const start = offset + 30 + header.getUint16(26, true) + header.getUint16(28, true);
  const packed = wheel.stream(start, start + packedBytes);
  if (!isDeflated) return new Uint8Array(await new Response(packed).arrayBuffer());
  return await readAtMost(packed.pipeThrough(new DecompressionStream("deflate-raw")));
}

async function readAtMost(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<Uint8Array<ArrayBuffer> | null> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let sizeBytes = 0;
  for await (const chunk of stream) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > maxMetadataBytes) return null;
    chunks.push(chunk);
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

async function readPart(file: SourceFile, start: number, end = file.sizeBytes): Promise<DataView> {
  const part = { ...file, sizeBytes: end - start, stream: () => file.stream(start, end) };
  return new DataView((await readWhole(part, maxListBytes)).buffer);
}

function lastIndexOf(view: DataView, signature: number): number | null {
  for (let at = view.byteLength - endBytes; at >= 0; at--) if (view.getUint32(at, true) === signature) return at;
  return null;
}
