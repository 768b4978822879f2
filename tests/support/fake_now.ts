/** The clocks of this test file's own process, `Date.now` and `performance.now`: they stand still until they are moved. */
export class FakeNow implements Disposable {
  readonly #date = Date.now;
  readonly #monotonic = performance.now;
  #now = Date.now();
  #passed = Math.ceil(performance.now());

  constructor() {
    Date.now = () => this.#now;
    performance.now = () => this.#passed;
  }

  /** Time passes. */
  advance(ms: number): void {
    this.#now += ms;
    this.#passed += ms;
  }

  /** Somebody puts the date right, by so much; no time passes. */
  adjust(ms: number): void {
    this.#now += ms;
  }

  [Symbol.dispose](): void {
    Date.now = this.#date;
    performance.now = this.#monotonic;
  }
}
