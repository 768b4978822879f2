export const blockBytes = 512;

/** What the header of a member of a tar archive says (POSIX pax, GNU, v7). */
export interface TarHeader {
  readonly name: string;
  readonly type: string;
  /** As it is written: a link and a folder have no bytes, whatever their size says. NaN for no number. */
  readonly sizeBytes: number;
  /** In ms since the epoch. */
  readonly modifiedAt: number;
  readonly target: string;
}

/** Parses a header. Returns null for the empty block that ends an archive, and "wrong" for what is neither. */
export function parseTarHeader(block: Uint8Array): TarHeader | "wrong" | null {
  const sum = block.reduce((sum, byte, at) => sum + (at >= 148 && at < 156 ? 0x20 : byte), 0);
  if (sum === 8 * 0x20) return null;
  if (sum !== numberIn(block, 148, 8)) return "wrong";
  const isUstar = textIn(block, 257, 6) === "ustar" && block[262] === 0;
  const prefix = isUstar ? textIn(block, 345, 155) : "";
  const name = textIn(block, 0, 100);
  return {
    name: prefix === "" ? name : `${prefix}/${name}`,
    type: String.fromCharCode(block[156]!),
    sizeBytes: numberIn(block, 124, 12),
    modifiedAt: numberIn(block, 136, 12) * 1000,
    target: textIn(block, 157, 100),
  };
}

/** Returns how many bytes follow a header, where `written` is the size; Infinity for what is no size. */
export function bodyBytesOf({ type }: TarHeader, written: number): number {
  if ("123456".includes(type)) return 0;
  return Number.isSafeInteger(written) && written >= 0 ? written : Infinity;
}

function textIn(block: Uint8Array, offset: number, length: number): string {
  const field = block.subarray(offset, offset + length);
  const end = field.indexOf(0);
  return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end));
}

/** An octal number, or GNU's form for large ones: bytes, of which the first has its highest bit set. */
function numberIn(block: Uint8Array, offset: number, length: number): number {
  const field = block.subarray(offset, offset + length);
  if (field[0] === 0x80) return field.subarray(1).reduce((sum, byte) => sum * 256 + byte, 0);
  const octal = textIn(block, offset, length).trim();
  return /^[0-7]*$/.test(octal) ? parseInt(octal || "0", 8) : NaN;
}
