import { VaultError } from "../errors.ts";

/** The seconds after which a refused client should ask again. */
const retryAfterSeconds = 5;

/**
 * Limits the requests that are handled at once, in all and for one client: each may hold a connection, a file and a
 * chunk of memory for as long as its client likes.
 */
export class RequestsUnderWay {
  #most!: number;
  #mostPerClient!: number;
  readonly #perClient = new Map<string, number>();
  #count = 0;

  /** One client, which may be a proxy in front of many, gets at most half of all. */
  constructor(most: number) {
    this.limit(most);
  }

  /** Allows so many from now on. */
  limit(most: number): void {
    this.#most = most;
    this.#mostPerClient = Math.ceil(most / 2);
  }

  /** The number of requests that may be handled at once. */
  get most(): number {
    return this.#most;
  }

  /** The number of requests that are handled now. */
  get count(): number {
    return this.#count;
  }

  /** Counts a request of the client with this address until `end`. Throws `overloaded` where there are too many. */
  begin(client: string): void {
    if (this.#count >= this.#most) throw overloaded(`${this.#most} requests are being answered at this moment`);
    const ofClient = this.#perClient.get(client) ?? 0;
    if (ofClient >= this.#mostPerClient) {
      throw overloaded(`${ofClient} requests from ${client} are being answered at this moment`);
    }
    this.#perClient.set(client, ofClient + 1);
    this.#count += 1;
  }

  /** Ends the count of a request. */
  end(client: string): void {
    const left = this.#perClient.get(client)! - 1;
    if (left > 0) this.#perClient.set(client, left);
    else this.#perClient.delete(client);
    this.#count -= 1;
  }
}

function overloaded(why: string): VaultError {
  const message = `${why}, and no more at once are allowed (max_requests); ask again in ${retryAfterSeconds} s`;
  return new VaultError("overloaded", message, { retryAfterSeconds });
}
