import { VaultError } from "../errors.ts";
import { type ByteSource, openByteSource } from "./byte_source.ts";
import { type Clock, systemClock } from "./clock.ts";
import { IdleTimer } from "./idle_timer.ts";
import { networkFailure } from "./network_error.ts";
import { notesOf } from "./response_notes.ts";
import { shownUrl } from "./shown_url.ts";

export interface BodyReaderOptions {
  /**
   * The longest wait for the next bytes. Where absent, the limit of the client that fetched the response counts, if it
   * has one.
   */
  readonly timeoutMs?: number;
  /** For messages. */
  readonly url: string;
  readonly clock?: Clock;
}

/**
 * Reads an upstream body, whole and in order. Throws `upstream_silent` after too long a wait, and `upstream_failed` for
 * an interrupted or short body; the reader's own pauses between reads do not count. Nothing is left open after an error
 * or the end.
 */
export class BodyReader {
  readonly #source: ByteSource | null;
  readonly #url: string;
  readonly #idle: IdleTimer;
  #ended: (() => void) | undefined;
  #cancelled: { readonly reason: unknown } | null = null;

  constructor(response: Response, { timeoutMs, url, clock = systemClock }: BodyReaderOptions) {
    const notes = notesOf(response);
    const idleMs = timeoutMs ?? notes.idleTimeoutMs ?? Infinity;
    this.#ended = notes.ended;
    this.#source = response.body === null ? null : openByteSource(response.body);
    this.#url = shownUrl(url);
    this.#idle = new IdleTimer(idleMs, clock, () => this.cancel(this.#silentError(idleMs)));
  }

  /**
   * Returns the next bytes, at the beginning of the memory of `buffer`; null at the end. `buffer` must not be used
   * again; a new view of the same `ArrayBuffer` may be. One read at a time.
   */
  async read(buffer: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer> | null> {
    this.#throwIfCancelled();
    if (this.#source === null) return null;
    this.#idle.start();
    const bytes = await this.#source.read(buffer).catch((error) => this.#fail(error));
    this.#throwIfCancelled();
    if (bytes !== null) this.#idle.pause();
    else this.complete();
    return bytes;
  }

  /** Notes that all bytes have come: the caller need not read up to the end. */
  complete(): void {
    this.#idle.stop();
    this.#ended?.();
    this.#ended = undefined;
  }

  /** Cancels the body: a read that is waiting, and every later one, throws `reason`. */
  cancel(reason: unknown = new VaultError("upstream_failed", `Reading "${this.#url}" was given up`)): void {
    this.#cancelled ??= { reason };
    this.#idle.stop();
    this.#source?.cancel(reason);
  }

  #throwIfCancelled(): void {
    if (this.#cancelled !== null) throw this.#cancelled.reason;
  }

  #fail(cause: unknown): never {
    this.#idle.stop();
    this.#throwIfCancelled();
    if (cause instanceof VaultError) throw cause;
    const { reason } = networkFailure(cause);
    throw new VaultError("upstream_failed", `Cannot read "${this.#url}" to the end: ${reason}`, { cause });
  }

  #silentError(idleMs: number): VaultError {
    return new VaultError("upstream_silent", `Cannot read "${this.#url}" to the end: no byte for ${idleMs / 1000} s`);
  }
}
