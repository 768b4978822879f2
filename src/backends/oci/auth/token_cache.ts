import { LRUCache } from "lru-cache";
import { VaultError } from "../../../errors.ts";
import { SingleFlight } from "../../../single_flight.ts";
import type { Clock } from "../../../upstream/clock.ts";
import type { Authorization } from "./token_server.ts";

export interface TokenCacheOptions {
  readonly request: (url: string) => Promise<Authorization>;
  readonly clock: Clock;
}

export interface TokenWanted {
  /** The one that has just been refused: any other will do. Null for none. */
  readonly instead: Authorization | null;
  /** Ends the wait of this caller; the request continues for others that share it. */
  readonly signal: AbortSignal;
}

const mostTokens = 1000;
/** A refused login is not tried again for so long: registries lock accounts after too many attempts. */
const refusedForMs = 60_000;

interface Refusal {
  readonly error: VaultError;
  readonly until: number;
}

/**
 * Caches tokens by the URL at which they are requested, until they expire or are refused. Each is requested once,
 * however many wait for it. A refusal is cached for a while, too.
 */
export class TokenCache {
  readonly #authorizations = new LRUCache<string, Authorization>({ max: mostTokens });
  readonly #refusals = new LRUCache<string, Refusal>({ max: mostTokens });
  readonly #requests = new SingleFlight<string, Authorization>();
  readonly #request: (url: string) => Promise<Authorization>;
  readonly #clock: Clock;

  constructor({ request, clock }: TokenCacheOptions) {
    this.#request = request;
    this.#clock = clock;
  }

  /** Throws what the request throws, or the reason of the signal. */
  async get(url: string, { instead, signal }: TokenWanted): Promise<Authorization> {
    const held = this.#authorizations.get(url);
    if (held !== undefined && held !== instead && this.#clock.now() < held.expiresAt) return held;
    const refusal = this.#refusals.get(url);
    if (refusal !== undefined && this.#clock.now() < refusal.until) throw refusal.error;
    return await unlessAborted(this.#requests.run(url, () => this.#ask(url)), signal);
  }

  async #ask(url: string): Promise<Authorization> {
    try {
      const authorization = await this.#request(url);
      this.#authorizations.set(url, authorization);
      return authorization;
    } catch (error) {
      const refused = error instanceof VaultError && error.code === "denied";
      if (refused) this.#refusals.set(url, { error, until: this.#clock.now() + refusedForMs });
      throw error;
    }
  }
}

/** Settles as the promise does, or rejects with the signal's reason when that comes first. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
