const numbersPerPiece = 16_384;

/** Numbers by index, in pieces that take 4 bytes for each as long as all in a piece are whole, from 0 to 2³² - 1; else 8. */
export class NumberColumn {
  readonly #pieces: (Uint32Array | Float64Array)[] = [];

  /** 0 where none was set. */
  get(index: number): number {
    return this.#pieces[Math.floor(index / numbersPerPiece)]?.[index % numbersPerPiece] ?? 0;
  }

  set(index: number, value: number): void {
    const at = Math.floor(index / numbersPerPiece);
    while (this.#pieces.length <= at) this.#pieces.push(new Uint32Array(numbersPerPiece));
    const piece = this.#pieces[at]!;
    if (piece instanceof Uint32Array && value !== value >>> 0) this.#pieces[at] = Float64Array.from(piece);
    this.#pieces[at]![index % numbersPerPiece] = value;
  }
}
