import { crc32 } from "node:zlib";
import { VaultError } from "../../../errors.ts";
import type { SourceFile } from "../../../shelf.ts";
import { readWhole } from "../../shared/shelves/read_small.ts";

/** The list of an archive's files has about 100 bytes for each. */
const maxListBytes = 64 * 1024 * 1024;
/** The record at the end of a zip file, and the longest comment behind it. */
const endBytes = 22;
const maxCommentBytes = 65_535;
/** What stands before that record in an archive of more than 4 GiB: a record with larger numbers, and where it is. */
const largeEndBytes = 56;
const locatorBytes = 20;

const signatures = {
  end: 0x06054b50,
  largeEnd: 0x06064b50,
  locator: 0x07064b50,
  listed: 0x02014b50,
  local: 0x04034b50,
};

/** A file of a zip archive, as the list at the end of the archive has it. */
export interface ZipMember {
  readonly name: string;
  /** 0 for stored bytes, 8 for deflated ones; archives for Python seldom have others. */
  readonly method: number;
  readonly isEncrypted: boolean;
  readonly crc: number;
  readonly packedBytes: number;
  readonly sizeBytes: number;
  /** Where its own header begins. */
  readonly offset: number;
}

/**
 * Reads the list of a zip archive's files (APPNOTE.TXT, 4.3.12 to 4.3.16). Throws `bad_request` for what is no zip
 * archive, or has been cut; the message is a sentence about "it".
 */
export async function readZipMembers(file: SourceFile): Promise<ZipMember[]> {
  const { count, listOffset, listBytes, shift } = await findList(file);
  if (listBytes > maxListBytes) throw damaged(`lists its files in more than ${maxListBytes} bytes`);
  const list = await readPart(file, listOffset, listOffset + listBytes);
  const members: ZipMember[] = [];
  let at = 0;
  while (at + 46 <= list.byteLength && list.getUint32(at, true) === signatures.listed) {
    const [nameBytes, extraBytes] = [list.getUint16(at + 28, true), list.getUint16(at + 30, true)];
    const next = at + 46 + nameBytes + extraBytes + list.getUint16(at + 32, true);
    if (next > list.byteLength) break;
    members.push(memberAt(list, at, shift));
    at = next;
  }
  if (at !== list.byteLength || members.length % 0x10000 !== count % 0x10000) {
    throw damaged("has a damaged list of its files");
  }
  return members;
}

/** Says whether the bytes of a member can be read, as those of nearly all. */
export function isReadable({ method, isEncrypted }: ZipMember): boolean {
  return (method === 0 || method === 8) && !isEncrypted;
}

/** Yields the bytes of a readable member. Throws `bad_request` where they are not those that the list tells. */
export async function* readZipMember(file: SourceFile, member: ZipMember): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const wrong = (why: string) => damaged(`has ${why} as "${member.name}"`);
  const header = await readPart(file, member.offset, member.offset + 30);
  if (header.getUint32(0, true) !== signatures.local) throw wrong("no file");
  const start = member.offset + 30 + header.getUint16(26, true) + header.getUint16(28, true);
  if (start + member.packedBytes > file.sizeBytes) throw wrong("only the beginning of what it lists");
  const packed = file.stream(start, start + member.packedBytes);
  let [crc, sizeBytes] = [0, 0];
  try {
    for await (const chunk of member.method === 0 ? packed : packed.pipeThrough(inflater())) {
      sizeBytes += chunk.byteLength;
      if (sizeBytes > member.sizeBytes) break;
      crc = crc32(chunk, crc);
      yield chunk;
    }
  } catch (cause) {
    // What the platform throws for bytes that are not deflated.
    if (!(cause instanceof TypeError)) throw cause;
    throw wrong("damaged bytes");
  }
  if (sizeBytes !== member.sizeBytes || crc !== member.crc) throw wrong("other bytes than it lists");
}

function inflater(): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
  return new DecompressionStream("deflate-raw");
}

interface FoundList {
  /** The number of files; of very many only the last bits. */
  readonly count: number;
  readonly listOffset: number;
  readonly listBytes: number;
  /** The number of bytes before the archive, such as those of a program that unpacks it. */
  readonly shift: number;
}

async function findList(file: SourceFile): Promise<FoundList> {
  const tailOffset = Math.max(0, file.sizeBytes - endBytes - maxCommentBytes - largeEndBytes - locatorBytes);
  const tail = await readPart(file, tailOffset, file.sizeBytes);
  const end = lastIndexOf(tail, signatures.end);
  if (end === null) throw damaged("is no zip archive, or its end is missing");
  const locator = end - locatorBytes;
  const large = locator - largeEndBytes;
  const isLarge = large >= 0 && tail.getUint32(locator, true) === signatures.locator &&
    tail.getUint32(large, true) === signatures.largeEnd;
  const [count, listBytes, written] = isLarge
    ? [tail.getUint32(large + 32, true), numberAt(tail, large + 40), numberAt(tail, large + 48)]
    : [tail.getUint16(end + 10, true), tail.getUint32(end + 12, true), tail.getUint32(end + 16, true)];
  const listOffset = tailOffset + (isLarge ? large : end) - listBytes;
  const shift = listOffset - written;
  if (shift < 0) throw damaged("has been cut: its end lists more than there is");
  return { count, listOffset, listBytes, shift };
}

function memberAt(list: DataView<ArrayBuffer>, at: number, shift: number): ZipMember {
  const nameBytes = list.getUint16(at + 28, true);
  const extra = at + 46 + nameBytes;
  const written = [list.getUint32(at + 24, true), list.getUint32(at + 20, true), list.getUint32(at + 42, true)];
  const [sizeBytes = 0, packedBytes = 0, offset = 0] = largeNumbers(list, written, {
    start: extra,
    end: extra + list.getUint16(at + 30, true),
  });
  return {
    name: new TextDecoder().decode(new Uint8Array(list.buffer, list.byteOffset + at + 46, nameBytes)),
    method: list.getUint16(at + 10, true),
    isEncrypted: (list.getUint16(at + 8, true) & 1) === 1,
    crc: list.getUint32(at + 16, true),
    packedBytes,
    sizeBytes,
    offset: offset + shift,
  };
}

/** Takes what does not fit into 32 bits from the extra field for it (APPNOTE.TXT, 4.5.3), in the same order. */
function largeNumbers(
  list: DataView,
  written: readonly number[],
  { start, end }: { readonly start: number; readonly end: number },
): number[] {
  for (let at = start; at + 4 <= end; at += 4 + list.getUint16(at + 2, true)) {
    if (list.getUint16(at, true) !== 1) continue;
    const fieldEnd = Math.min(at + 4 + list.getUint16(at + 2, true), end);
    let next = at + 4;
    return written.map((number) => {
      if (number !== 0xffffffff || next + 8 > fieldEnd) return number;
      next += 8;
      return numberAt(list, next - 8);
    });
  }
  return [...written];
}

async function readPart(file: SourceFile, start: number, end: number): Promise<DataView<ArrayBuffer>> {
  if (start < 0 || end > file.sizeBytes) throw damaged("has been cut: its list leads beyond its end");
  const part = { ...file, sizeBytes: end - start, stream: () => file.stream(start, end) };
  return new DataView((await readWhole(part, maxListBytes)).buffer);
}

/** A number of 64 bits; far too large ones lead beyond the end of any file. */
function numberAt(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true));
}

function lastIndexOf(view: DataView, signature: number): number | null {
  for (let at = view.byteLength - endBytes; at >= 0; at--) if (view.getUint32(at, true) === signature) return at;
  return null;
}

function damaged(why: string): VaultError {
  return new VaultError("bad_request", `it ${why}`);
}
