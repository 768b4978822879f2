import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { CachingPolicy, Fetch, Freshness } from "../../artifact.ts";

/** Somebody on whose behalf the Hub is asked. */
export interface Caller {
  /** Tells callers apart in keys; empty where all clients are one, since the vault has the credentials. */
  readonly id: string;
  /** Sends requests with the caller's credentials. */
  readonly fetch: Fetch;
}

/** What the Hub allows a caller is asked again after so long. */
const verdictMs = 60_000;
const mostTokens = 10_000;
const anonymous = "anonymous";

export interface CallersOptions {
  /** Sends requests with the vault's own credentials. */
  readonly fetch: Fetch;
  /** Sends requests without credentials of the vault's. */
  readonly plainFetch: Fetch;
  /** True where each client's token goes to the Hub. */
  readonly byClient: boolean;
  readonly policy: CachingPolicy;
}

/**
 * The callers of a backend. Where each client has a token of its own, answers of the Hub are cached for each of them
 * apart; only the bytes of files, which are served after such an answer, are shared.
 */
export class Callers {
  /** True where clients have tokens of their own. */
  readonly areMany: boolean;
  readonly #options: CallersOptions;
  /** The tokens of clients, by their ids. */
  readonly #tokens = new LRUCache<string, string>({ max: mostTokens });

  constructor(options: CallersOptions) {
    this.areMany = options.byClient;
    this.#options = options;
  }

  /** The caller behind a request of a client. */
  of(headers: Headers): Caller {
    if (!this.areMany) return this.#vault;
    const [, token] = /^Bearer\s+(\S+)$/i.exec(headers.get("authorization") ?? "") ?? [];
    if (token === undefined) return this.#client(anonymous, null);
    const id = createHash("sha256").update(`Hub token ${token}`).digest("hex").slice(0, 32);
    this.#tokens.set(id, token);
    return this.#client(id, token);
  }

  /** The caller with an id, for requests that have no token with them; null where that is not known any more. */
  byId(id: string): Caller | null {
    if (!this.areMany) return id === "" ? this.#vault : null;
    if (id === anonymous) return this.#client(id, null);
    const token = this.#tokens.get(id);
    return token === undefined ? null : this.#client(id, token);
  }

  /** Who asks about nothing that needs credentials. */
  get nobody(): Caller {
    return { id: "", fetch: this.#options.plainFetch };
  }

  /** The key of an answer to a caller. */
  keyFor(key: string, { id }: Caller): string {
    return id === "" ? key : `${key};as=${id}`;
  }

  /** An answer that is for one caller only holds for a while, and is no answer once the Hub cannot be asked. */
  policyFor({ id }: Caller): CachingPolicy {
    const { policy } = this.#options;
    return id === "" ? policy : { ...policy, staleIfErrorMs: 0, negativeTtlMs: 0, serveDeleted: false };
  }

  freshnessFor({ id }: Caller, freshness: Freshness): Freshness {
    return id === "" || freshness.kind === "ttl" ? freshness : { kind: "ttl", ttlMs: verdictMs };
  }

  get #vault(): Caller {
    return { id: "", fetch: this.#options.fetch };
  }

  #client(id: string, token: string | null): Caller {
    const { plainFetch } = this.#options;
    if (token === null) return { id, fetch: plainFetch };
    const fetch: Fetch = (request, asked) => {
      const headers = new Headers(request.headers);
      headers.set("authorization", `Bearer ${token}`);
      return plainFetch(new Request(request, { headers }), asked);
    };
    return { id, fetch };
  }
}
