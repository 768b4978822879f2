/** Numbers by index, 8 bytes each, in an array that grows. */
export class NumberColumn {
  #values = new Float64Array(1024);

  /** 0 where none was set. */
  get(index: number): number {
    return this.#values[index] ?? 0;
  }

  set(index: number, value: number): void {
    if (index >= this.#values.length) {
      const longer = new Float64Array(Math.max(index + 1, this.#values.length * 1.5));
      longer.set(this.#values);
      this.#values = longer;
    }
    this.#values[index] = value;
  }
}
