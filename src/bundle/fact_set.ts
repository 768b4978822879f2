import { wordAt } from "../store/digest_set.ts";

const factsPerPiece = 65_536;

/**
 * A growing set of facts by their SHA-256 in hex: 8 bytes for each. By accident, one of a million facts is taken for
 * one of a million others in one of 18 million exports. Nobody makes one that is taken for somebody else's, since that
 * has times of somebody else's vault in it; who makes two of his own that are alike (2^32) harms these alone.
 */
export class FactSet {
  /** The beginnings of digests, sorted in each piece but the last one. */
  readonly #pieces: BigUint64Array<ArrayBuffer>[] = [];
  /** The same memory, two words for each: the lower one first, since all machines that Deno runs on are little-endian. */
  readonly #words: Uint32Array<ArrayBuffer>[] = [];
  #filled = factsPerPiece;
  #isLastSorted = true;

  add(sha256: string): void {
    if (this.#filled === factsPerPiece) this.#extend();
    const words = this.#words.at(-1)!;
    words[2 * this.#filled] = wordAt(sha256, 8);
    words[2 * this.#filled + 1] = wordAt(sha256, 0);
    this.#filled++;
    this.#isLastSorted = false;
  }

  has(sha256: string): boolean {
    this.#sortLast();
    const beginning = { high: wordAt(sha256, 0), low: wordAt(sha256, 8) };
    const last = this.#words.length - 1;
    return this.#words.some((words, at) => isIn(words, at < last ? factsPerPiece : this.#filled, beginning));
  }

  #extend(): void {
    this.#sortLast();
    const piece = new BigUint64Array(factsPerPiece);
    this.#pieces.push(piece);
    this.#words.push(new Uint32Array(piece.buffer));
    this.#filled = 0;
  }

  #sortLast(): void {
    if (!this.#isLastSorted) this.#pieces.at(-1)!.subarray(0, this.#filled).sort();
    this.#isLastSorted = true;
  }
}

interface Beginning {
  readonly high: number;
  readonly low: number;
}

/** Searches the first `count` of sorted pairs of words. */
function isIn(words: Uint32Array, count: number, { high, low }: Beginning): boolean {
  let [from, to] = [0, count];
  while (from < to) {
    const middle = (from + to) >>> 1;
    const difference = words[2 * middle + 1]! - high || words[2 * middle]! - low;
    if (difference === 0) return true;
    if (difference < 0) from = middle + 1;
    else to = middle;
  }
  return false;
}
