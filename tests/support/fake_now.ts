/**
 * A `Date.now` that stands still, for this test file's own process only, until it is told to go on. `performance.now`
 * makes the same steps, and runs on in between.
 */
export class FakeNow implements Disposable {
  readonly #realDate = Date.now;
  #now = Date.now();
  #advancedMs = 0;

  constructor() {
    Date.now = () => this.#now;
    const real = performance.now.bind(performance);
    performance.now = () => real() + this.#advancedMs;
  }

  advance(ms: number): void {
    this.#now += ms;
    this.#advancedMs += ms;
  }

  [Symbol.dispose](): void {
    Date.now = this.#realDate;
    Reflect.deleteProperty(performance, "now");
  }
}
