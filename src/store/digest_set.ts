const wordsPerDigest = 8;
/** Digests lie in pieces of 256 KiB, so that a growing set copies none of them. */
const digestsPerPiece = 8192;
const firstCapacity = 1024;
/** The table of places grows by `growth` when more than this share of it is taken. */
const mostTaken = 0.8;
const growth = 1.5;

/**
 * A growing set of SHA-256 digests in hex, whole and in order of arrival: 40 bytes for each, so that a million take 40
 * MB. Digests must have 64 hex digits.
 */
export class DigestSet {
  readonly #pieces: Uint32Array[] = [];
  /** The index of a digest, plus one, at the place of its first word or behind it; 0 for a free place. */
  #places = new Uint32Array(firstCapacity);
  #size = 0;
  readonly #wanted = new Uint32Array(wordsPerDigest);

  get size(): number {
    return this.#size;
  }

  /** Adds a digest; false where it is in the set already. */
  add(sha256: string): boolean {
    const place = this.#placeOf(sha256);
    if (this.#places[place] !== 0) return false;
    const index = this.#size++;
    if (index % digestsPerPiece === 0) this.#pieces.push(new Uint32Array(digestsPerPiece * wordsPerDigest));
    this.#pieces.at(-1)!.set(this.#wanted, (index % digestsPerPiece) * wordsPerDigest);
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

  /** The digest that was added after `index` others. */
  at(index: number): string {
    const piece = this.#pieces[Math.floor(index / digestsPerPiece)]!;
    const start = (index % digestsPerPiece) * wordsPerDigest;
    const words = piece.subarray(start, start + wordsPerDigest);
    return Array.from(words, (word) => word.toString(16).padStart(8, "0")).join("");
  }

  /** Its place, or the free one where it belongs. Leaves its words in `#wanted`. */
  #placeOf(sha256: string): number {
    for (let word = 0; word < wordsPerDigest; word++) {
      this.#wanted[word] = parseInt(sha256.slice(word * 8, word * 8 + 8), 16);
    }
    const { length } = this.#places;
    let place = this.#wanted[0]! % length;
    for (let taken; (taken = this.#places[place]!) !== 0 && !this.#isWanted(taken - 1);) place = (place + 1) % length;
    return place;
  }

  #isWanted(index: number): boolean {
    const piece = this.#pieces[Math.floor(index / digestsPerPiece)]!;
    const start = (index % digestsPerPiece) * wordsPerDigest;
    for (let word = 0; word < wordsPerDigest; word++) {
      if (piece[start + word] !== this.#wanted[word]) return false;
    }
    return true;
  }

  #grow(): void {
    const length = Math.ceil(this.#places.length * growth);
    const places = new Uint32Array(length);
    for (let index = 0; index < this.#size; index++) {
      const first = this.#pieces[Math.floor(index / digestsPerPiece)]![(index % digestsPerPiece) * wordsPerDigest]!;
      let place = first % length;
      while (places[place] !== 0) place = (place + 1) % length;
      places[place] = index + 1;
    }
    this.#places = places;
  }
}
