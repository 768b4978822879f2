const numbersPerPiece = 16_384;

type Piece = Uint8Array | Uint32Array | Float64Array;

/** Numbers by index, in pieces that take 1, 4 or 8 bytes for each: the least that can have all numbers in them. */
export class NumberColumn {
  readonly #pieces: Piece[] = [];

  /** 0 where none was set. */
  get(index: number): number {
    return this.#pieces[Math.floor(index / numbersPerPiece)]?.[index % numbersPerPiece] ?? 0;
  }

  set(index: number, value: number): void {
    const at = Math.floor(index / numbersPerPiece);
    while (this.#pieces.length <= at) this.#pieces.push(new Uint8Array(numbersPerPiece));
    const piece = this.#pieces[at] = wideEnough(this.#pieces[at]!, value);
    piece[index % numbersPerPiece] = value;
  }
}

function wideEnough(piece: Piece, value: number): Piece {
  if (piece instanceof Float64Array) return piece;
  if (value !== value >>> 0) return Float64Array.from(piece);
  return value < 256 || piece instanceof Uint32Array ? piece : Uint32Array.from(piece);
}
