const wholeWords = 8;
/**
 * Nobody finds a body whose digest begins with the same 12 bytes as that of somebody else's, even of one among a
 * million (2^76 attempts). Whoever makes two bodies of his own that are alike in them (2^48) harms these alone.
 */
const briefWords = 3;
/** Digests lie in pieces, so that a growing set copies none of them. */
const digestsPerPiece = 8192;
const firstCapacity = 1024;
/** The table of places grows by `growth` when more than this share of it is taken. */
const mostTaken = 0.8;
const growth = 1.5;

interface DigestSetOptions {
  /** True keeps the beginnings alone, in 20 bytes for each: then digests cannot be read from it. False when absent. */
  readonly isBrief?: boolean;
}

/**
 * A growing set of SHA-256 digests in hex, in order of arrival: 40 bytes for each, so that a million take 40 MB.
 * Digests must have 64 hex digits.
 */
export class DigestSet {
  readonly #words: number;
  readonly #pieces: Uint32Array[] = [];
  /** The index of a digest, plus one, at the place of its first word or behind it; 0 for a free place. */
  #places = new Uint32Array(firstCapacity);
  #size = 0;
  readonly #wanted: Uint32Array;

  constructor({ isBrief = false }: DigestSetOptions = {}) {
    this.#words = isBrief ? briefWords : wholeWords;
    this.#wanted = new Uint32Array(this.#words);
  }

  get size(): number {
    return this.#size;
  }

  /** Adds a digest; false where it is in the set already. */
  add(sha256: string): boolean {
    const place = this.#placeOf(sha256);
    if (this.#places[place] !== 0) return false;
    const index = this.#size++;
    if (index % digestsPerPiece === 0) this.#pieces.push(new Uint32Array(digestsPerPiece * this.#words));
    this.#pieces.at(-1)!.set(this.#wanted, (index % digestsPerPiece) * this.#words);
    this.#places[place] = index + 1;
    if (this.#size > this.#places.length * mostTaken) this.#grow();
    return true;
  }

  has(sha256: string): boolean {
    return this.indexOf(sha256) >= 0;
  }

  /** The number of digests that were added before this one; -1 where it is not in the set. */
  indexOf(sha256: string): number {
    return this.#places[this.#placeOf(sha256)]! - 1;
  }

  /** Yields all digests in the order in which they were added. */
  *[Symbol.iterator](): Generator<string> {
    for (let index = 0; index < this.#size; index++) yield this.at(index);
  }

  /** The digest that was added after `index` others. Throws where beginnings alone are kept. */
  at(index: number): string {
    if (this.#words !== wholeWords) throw new TypeError("A brief set of digests does not have them whole");
    const piece = this.#pieces[Math.floor(index / digestsPerPiece)]!;
    const start = (index % digestsPerPiece) * this.#words;
    const words = piece.subarray(start, start + this.#words);
    return Array.from(words, (word) => word.toString(16).padStart(8, "0")).join("");
  }

  /** Its place, or the free one where it belongs. Leaves its words in `#wanted`. */
  #placeOf(sha256: string): number {
    for (let word = 0; word < this.#words; word++) this.#wanted[word] = wordAt(sha256, word * 8);
    const { length } = this.#places;
    let place = this.#wanted[0]! % length;
    for (let taken; (taken = this.#places[place]!) !== 0 && !this.#isWanted(taken - 1);) place = (place + 1) % length;
    return place;
  }

  #isWanted(index: number): boolean {
    const piece = this.#pieces[Math.floor(index / digestsPerPiece)]!;
    const start = (index % digestsPerPiece) * this.#words;
    for (let word = 0; word < this.#words; word++) {
      if (piece[start + word] !== this.#wanted[word]) return false;
    }
    return true;
  }

  #grow(): void {
    const length = Math.ceil(this.#places.length * growth);
    const places = new Uint32Array(length);
    for (let index = 0; index < this.#size; index++) {
      const first = this.#pieces[Math.floor(index / digestsPerPiece)]![(index % digestsPerPiece) * this.#words]!;
      let place = first % length;
      while (places[place] !== 0) place = (place + 1) % length;
      places[place] = index + 1;
    }
    this.#places = places;
  }
}

/** The number below 2^32 that eight hex digits are; no string is made of them, since that is done for millions. */
export function wordAt(hex: string, start: number): number {
  let word = 0;
  for (let at = start; at < start + 8; at++) {
    const code = hex.charCodeAt(at);
    word = word << 4 | (code & 15) + (code > 57 ? 9 : 0);
  }
  return word >>> 0;
}
