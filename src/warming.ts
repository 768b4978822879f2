/** A request of somebody who wants the vault to have something. */
export interface VaultRequest {
  /** `GET` when absent. */
  readonly method?: "GET" | "HEAD";
  /** Names in lower case; every form of the body is accepted when absent. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/**
 * Asks a vault what a client would ask it: the one in this process, or one that runs elsewhere. What a client is
 * answered is then cached, so the caller reads each body to its end or cancels it.
 */
export interface VaultClient {
  /**
   * Resolves with the vault's answer, whatever its status; redirects within the vault are followed. `path` begins with
   * a slash and is percent-encoded; it may have a query. Rejects with `upstream_down` where the vault cannot be reached,
   * and with the reason of the signal.
   */
  request(path: string, request?: VaultRequest): Promise<Response>;
}
