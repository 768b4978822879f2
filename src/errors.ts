/** The closed set of things that can go wrong, and the HTTP status each is answered with when no copy can be served. */
export const errorStatus = {
  bad_request: 400,
  /** A 4xx of the upstream that is passed on as it is; this status where the upstream's is not known. */
  refused: 400,
  denied: 403,
  unknown_route: 404,
  not_found: 404,
  method_not_allowed: 405,
  gone: 410,
  rate_limited: 429,
  internal: 500,
  upstream_failed: 502,
  upstream_changed: 502,
  digest_mismatch: 502,
  overloaded: 503,
  shutting_down: 503,
  upstream_down: 502,
  upstream_silent: 504,
  loop_detected: 508,
  offline: 504,
  config_invalid: 500,
  permission_missing: 500,
  storage_failed: 500,
  /** The limits of the cache leave no room for a body. */
  cache_full: 500,
} as const;

export type ErrorCode = keyof typeof errorStatus;

/** What an upstream answered instead of the artifact, for clients that read it. */
export interface UpstreamAnswer {
  readonly status: number;
  /** Those that may be sent on; names in lower case. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Whole; null where HEAD was asked. */
  readonly body: Uint8Array<ArrayBuffer> | null;
}

export interface VaultErrorOptions {
  cause?: unknown;
  /** What the upstream answered, where it answered at all. */
  upstreamStatus?: number;
  /** Seconds a client should wait, from the upstream's Retry-After. */
  retryAfterSeconds?: number;
  /** What clients get instead of an explanation. */
  answer?: UpstreamAnswer;
}

/** The one error class of the program: `code` decides the status, `message` says what was tried and what to do. */
export class VaultError extends Error {
  override readonly name = "VaultError";
  readonly code: ErrorCode;
  readonly upstreamStatus: number | undefined;
  readonly retryAfterSeconds: number | undefined;
  readonly answer: UpstreamAnswer | undefined;

  constructor(code: ErrorCode, message: string, options: VaultErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.upstreamStatus = options.upstreamStatus;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.answer = options.answer;
  }

  get status(): number {
    return this.code === "refused" && this.upstreamStatus !== undefined ? this.upstreamStatus : errorStatus[this.code];
  }
}

/** The text of anything that was thrown, for use inside a longer message. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
