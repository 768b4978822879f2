/**
 * The one form in which members are written: ustar (POSIX.1-1988), everything but name and size fixed, so that equal
 * content gives equal bytes. A size that ustar cannot hold comes in an extended header before it (pax, POSIX.1-2001).
 */

export const blockBytes = 512;
/** The largest size of eleven octal digits. */
const mostOctal = 0o77777777777;
const nameBytes = 100;
const encoder = new TextEncoder();

export interface TarMember {
  /** At most 100 ASCII characters. */
  readonly name: string;
  readonly sizeBytes: number;
}

/** Writes the one header, or the three blocks, that stand before the bytes of a member. */
export function formatHeader({ name, sizeBytes }: TarMember): Uint8Array<ArrayBuffer> {
  if (sizeBytes <= mostOctal) return ustar({ name, sizeBytes, type: "0" });
  const record = sizeRecord(sizeBytes);
  const blocks = new Uint8Array(3 * blockBytes);
  blocks.set(ustar({ name: extendedName, sizeBytes: record.length, type: "x" }));
  blocks.set(encoder.encode(record), blockBytes);
  blocks.set(ustar({ name, sizeBytes: 0, type: "0" }), 2 * blockBytes);
  return blocks;
}

/** The number of zero bytes that follow the bytes of a member. */
export function paddingOf(sizeBytes: number): number {
  return (blockBytes - sizeBytes % blockBytes) % blockBytes;
}

/** The kind, name and size in a header; null for what is none of ours. Nothing else of it is looked at. */
export function readHeader(block: Uint8Array): TarMember & { readonly isExtended: boolean } | null {
  const type = block[156];
  if (type !== 0x30 && type !== 0x78) return null;
  const name = textOf(block.subarray(0, nameBytes));
  const digits = textOf(block.subarray(124, 136));
  if (name === "" || !/^[\x21-\x7e]+$/.test(name) || !/^[0-7]{11}$/.test(digits)) return null;
  return { name, sizeBytes: parseInt(digits, 8), isExtended: type === 0x78 };
}

/** True for a header of any tar archive, by its checksum, and for the empty block that ends one. */
export function isHeader(block: Uint8Array): boolean {
  const sum = block.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : byte), 0);
  return isZero(block) || parseInt(textOf(block.subarray(148, 156)).trim(), 8) === sum;
}

/** The size in the block after an extended header; null for anything else. */
export function readSizeRecord(block: Uint8Array): number | null {
  const [, digits] = /^\d+ size=([1-9]\d{9,15})\n$/.exec(textOf(block)) ?? [];
  const size = Number(digits);
  return digits !== undefined && Number.isSafeInteger(size) && size > mostOctal ? size : null;
}

export function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

const extendedName = "PaxHeaders/size";

function ustar({ name, sizeBytes, type }: TarMember & { readonly type: "0" | "x" }): Uint8Array<ArrayBuffer> {
  if (name.length > nameBytes) throw new RangeError(`A name in an archive is too long: "${name}"`);
  const block = new Uint8Array(blockBytes);
  const put = (text: string, at: number) => void encoder.encodeInto(text, block.subarray(at));
  put(name, 0);
  put("0000644", 100);
  put("0000000", 108);
  put("0000000", 116);
  put(sizeBytes.toString(8).padStart(11, "0"), 124);
  put("00000000000", 136);
  put("        ", 148);
  put(type, 156);
  put("ustar\0" + "00", 257);
  put("0000000", 329);
  put("0000000", 337);
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}

/** A record of an extended header begins with its own length. */
function sizeRecord(sizeBytes: number): string {
  const rest = ` size=${sizeBytes}\n`;
  const length = rest.length + 2;
  return `${length}${rest}`;
}

/** The text before the first zero byte. */
function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return String.fromCharCode(...bytes.subarray(0, end < 0 ? bytes.length : end));
}
