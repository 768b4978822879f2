/** A `Date.now` that stands still, for this test file's own process only, until it is told to go on. */
export class FakeNow implements Disposable {
  readonly #real = Date.now;
  #now = Date.now();

  constructor() {
    Date.now = () => this.#now;
  }

  advance(ms: number): void {
    this.#now += ms;
  }

  [Symbol.dispose](): void {
    Date.now = this.#real;
  }
}
