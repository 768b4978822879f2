/** The bytes of the size of the content, by the two bits that say so; fewer where all is one segment. */
const contentSizeBytes = [0, 2, 4, 8] as const;
const dictionaryBytes = [0, 1, 2, 4] as const;
const rle = 1;

/** What comes next in a frame. */
type Part =
  | { readonly kind: "descriptor" }
  | { readonly kind: "block"; readonly hasChecksum: boolean }
  | { readonly kind: "end" };

/** Finds the end of the first frame of zstd data (RFC 8878 §3.1.1), without decompressing it. */
export class ZstdFrame {
  #next: Part = { kind: "descriptor" };
  /** The bytes before `#next`: at first those of the magic number. */
  #skip = 4;
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
      else this.#read(bytes[at++]!);
    }
    return at;
  }

  #read(byte: number): void {
    if (this.#next.kind === "descriptor") {
      const [contentSize, isSingle, dictionary] = [byte >> 6, (byte >> 5) & 1, byte & 3];
      const sizeBytes = contentSize === 0 ? isSingle : contentSizeBytes[contentSize]!;
      this.#skip = 1 - isSingle + dictionaryBytes[dictionary]! + sizeBytes;
      this.#next = { kind: "block", hasChecksum: ((byte >> 2) & 1) === 1 };
    } else if (this.#next.kind === "block") this.#readBlock(byte, this.#next.hasChecksum);
  }

  #readBlock(byte: number, hasChecksum: boolean): void {
    this.#begun.push(byte);
    if (this.#begun.length < 3) return;
    const [low = 0, middle = 0, high = 0] = this.#begun.splice(0);
    const header = low | (middle << 8) | (high << 16);
    const isLast = (header & 1) === 1;
    this.#skip = (((header >> 1) & 3) === rle ? 1 : header >> 3) + (isLast && hasChecksum ? 4 : 0);
    if (isLast) this.#next = { kind: "end" };
  }
}
