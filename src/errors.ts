/** The closed set of error codes, each with the HTTP status that clients get when no copy can be served. */
export const errorStatus = {
  bad_request: 400,
  /** A 4xx of the upstream that is passed on. This status is for where the upstream's is not known. */
  refused: 400,
  denied: 403,
  unknown_route: 404,
  not_found: 404,
  method_not_allowed: 405,
  /** A client stopped sending the body of its request. */
  request_silent: 408,
  gone: 410,
  /** The body of a request is larger than what is passed on. */
  too_large: 413,
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
  /** A client wants it from the cache only (RFC 9111 §5.2.1.7), where it is not. */
  not_cached: 504,
  config_invalid: 500,
  permission_missing: 500,
  storage_failed: 500,
  /** The limits of the cache leave no room for a body. */
  cache_full: 500,
  /** A bundle that is carried in is not what was carried out, or not what may come in. */
  bundle_wrong: 500,
  /** A bundle ends before its end, or cannot be read further. */
  bundle_interrupted: 500,
} as const;

export type ErrorCode = keyof typeof errorStatus;

/** The answer of an upstream that is no artifact, for clients that read it. */
export interface UpstreamAnswer {
  readonly status: number;
  /** The headers that may be sent on; names in lower case. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The whole body; null where HEAD was asked. */
  readonly body: Uint8Array<ArrayBuffer> | null;
}

export interface VaultErrorOptions {
  cause?: unknown;
  /** The status that the upstream answered with, where it answered at all. */
  upstreamStatus?: number;
  /** Seconds a client should wait, from the upstream's Retry-After. */
  retryAfterSeconds?: number;
  /** The answer that clients get instead of an explanation. */
  answer?: UpstreamAnswer;
  /** The code by which the upstream names the error to clients of its protocol. */
  protocolCode?: string;
}

/** The one error class of the program: `code` decides the status, `message` says what was tried and what to do. */
export class VaultError extends Error {
  override readonly name = "VaultError";
  readonly code: ErrorCode;
  readonly upstreamStatus: number | undefined;
  readonly retryAfterSeconds: number | undefined;
  readonly answer: UpstreamAnswer | undefined;
  readonly protocolCode: string | undefined;

  constructor(code: ErrorCode, message: string, options: VaultErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.upstreamStatus = options.upstreamStatus;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.answer = options.answer;
    this.protocolCode = options.protocolCode;
  }

  get status(): number {
    return this.code === "refused" && this.upstreamStatus !== undefined ? this.upstreamStatus : errorStatus[this.code];
  }
}

/** True if an upstream has answered that it has no such artifact. That is a good answer, and no outage. */
export function isMissing(error: unknown): boolean {
  return error instanceof VaultError && (error.code === "not_found" || error.code === "gone");
}

/** Returns the text of anything that was thrown, to stand inside a longer message. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
