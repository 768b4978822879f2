/**
 * Listens for SIGHUP, as programs that rotate logs or renew certificates send it. Those that come before `receive` are
 * answered once there is somebody to do it: a process that does not listen is ended by them. Does nothing on Windows,
 * and where the process has a terminal: there, SIGHUP means that it was closed.
 */
export class Hangups implements Disposable {
  readonly #listens = Deno.build.os !== "windows" && !Deno.stdin.isTerminal();
  readonly #listener = () => this.#receive === null ? this.#isWaiting = true : this.#receive();
  #receive: (() => unknown) | null = null;
  #isWaiting = false;

  constructor() {
    if (this.#listens) Deno.addSignalListener("SIGHUP", this.#listener);
  }

  /** Calls back at each from now on, and for those that have come. */
  receive(callback: () => unknown): void {
    this.#receive = callback;
    if (this.#isWaiting) callback();
  }

  /** Listens no more. */
  [Symbol.dispose](): void {
    if (this.#listens) Deno.removeSignalListener("SIGHUP", this.#listener);
  }
}
