/** As decoders take by default, among them that of zstd itself. */
const maxWindowBytes = 128 * 1024 * 1024;

/** The bytes of the size of the content, by the two bits that say so; fewer where all is one segment. */
const contentSizeBytes = [0, 2, 4, 8] as const;
const dictionaryBytes = [0, 1, 2, 4] as const;
const rle = 1;
const blockHeaderBytes = 3;

/** The error for a frame that takes more memory to decompress than anybody's does. */
export class WindowTooLarge extends Error {
  override readonly name = "WindowTooLarge";
}

/** What comes next in a frame, and how many bytes of it. */
type Part =
  | { readonly kind: "magic"; readonly bytes: 4 }
  | { readonly kind: "descriptor"; readonly bytes: 1 }
  /** Behind the descriptor, which is `flags`. */
  | { readonly kind: "header"; readonly bytes: number; readonly flags: number }
  | { readonly kind: "block"; readonly bytes: 3; readonly hasChecksum: boolean }
  /** The length of a frame that decoders skip. */
  | { readonly kind: "length"; readonly bytes: 4 }
  | { readonly kind: "end" };

/**
 * Finds the end of the first frame of zstd data (RFC 8878 §3.1), without decompressing it. Its `push` throws
 * `WindowTooLarge` before a decoder has seen the header that asks for that.
 */
export class ZstdFrame {
  #next: Part = { kind: "magic", bytes: 4 };
  /** The bytes before `#next`. */
  #skip = 0;
  /** The beginning of a part that is not whole yet. */
  #begun: number[] = [];

  /** Takes the next bytes, and returns how many of them belong to the frame. */
  push(bytes: Uint8Array): number {
    let at = 0;
    while (at < bytes.byteLength) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, bytes.byteLength - at);
        this.#skip -= skipped;
        at += skipped;
      } else if (this.#next.kind === "end") return at;
      else {
        this.#begun.push(bytes[at++]!);
        if (this.#begun.length === this.#next.bytes) this.#next = this.#after(this.#next, this.#begun.splice(0));
      }
    }
    return at;
  }

  #after(part: Exclude<Part, { kind: "end" }>, bytes: readonly number[]): Part {
    switch (part.kind) {
      case "magic":
        return afterMagic(bytes);
      case "descriptor":
        return afterDescriptor(bytes[0]!);
      case "header":
        checkWindow(part.flags, bytes);
        return blockBehind(part.flags);
      case "length":
        this.#skip = numberOf(bytes);
        return { kind: "end" };
      case "block":
        return this.#afterBlock(numberOf(bytes), part);
    }
  }

  #afterBlock(header: number, part: Extract<Part, { kind: "block" }>): Part {
    const isLast = (header & 1) === 1;
    this.#skip = (((header >> 1) & 3) === rle ? 1 : header >> 3) + (isLast && part.hasChecksum ? 4 : 0);
    return isLast ? { kind: "end" } : part;
  }
}

/** What is no frame ends here; a decoder says what is wrong. */
function afterMagic(bytes: readonly number[]): Part {
  const magic = numberOf(bytes);
  if (magic === 0xfd2fb528) return { kind: "descriptor", bytes: 1 };
  return magic >= 0x184d2a50 && magic <= 0x184d2a5f ? { kind: "length", bytes: 4 } : { kind: "end" };
}

function afterDescriptor(flags: number): Part {
  const { windowBytes, dictionary, sizeBytes } = fieldsOf(flags);
  return { kind: "header", bytes: windowBytes + dictionary + sizeBytes, flags };
}

/** The lengths of what follows a descriptor; together at least one byte. */
function fieldsOf(flags: number): { windowBytes: number; dictionary: number; sizeBytes: number } {
  const isSingle = (flags >> 5) & 1;
  const sizeBytes = flags >> 6 === 0 ? isSingle : contentSizeBytes[flags >> 6]!;
  return { windowBytes: 1 - isSingle, dictionary: dictionaryBytes[flags & 3]!, sizeBytes };
}

function blockBehind(flags: number): Part {
  return { kind: "block", bytes: blockHeaderBytes, hasChecksum: ((flags >> 2) & 1) === 1 };
}

/** Where all is one segment, the window is as large as the content. */
function checkWindow(flags: number, header: readonly number[]): void {
  const { windowBytes, dictionary, sizeBytes } = fieldsOf(flags);
  const [descriptor = 0] = header;
  const window = windowBytes === 1
    ? 2 ** (10 + (descriptor >> 3)) * (1 + (descriptor & 7) / 8)
    : numberOf(header.slice(dictionary)) + (sizeBytes === 2 ? 256 : 0);
  if (window <= maxWindowBytes) return;
  throw new WindowTooLarge(
    `its zstd data need ${window} bytes of memory, and at most ${maxWindowBytes} are given to them`,
  );
}

/** The number that bytes are, the lowest first. */
function numberOf(bytes: readonly number[]): number {
  return bytes.reduceRight((number, byte) => number * 256 + byte, 0);
}

/** Looks at all frames, one after the other, of data that a decoder gets next. Throws `WindowTooLarge`. */
export class ZstdFrames {
  #frame = new ZstdFrame();

  push(bytes: Uint8Array): void {
    for (let at = 0; (at += this.#frame.push(bytes.subarray(at))) < bytes.byteLength;) this.#frame = new ZstdFrame();
  }
}
