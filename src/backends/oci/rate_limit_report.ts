import type { Log } from "../../observe/log.ts";
import type { RateLimit } from "./rate_limit.ts";

export interface RateLimitReportOptions {
  readonly backend: string;
  readonly log: Log;
  /** Called every time. */
  readonly counted?: (rateLimit: RateLimit) => void;
}

/**
 * Says in the log how much of a registry's quota is left: at INFO once for each tenth of it and at every change within
 * the last tenth, at WARNING when it is used up, at DEBUG else.
 */
export function createRateLimitReport(
  { backend, log, counted }: RateLimitReportOptions,
): (rateLimit: RateLimit) => void {
  const told = new Map<string, number>();
  return (rateLimit) => {
    counted?.(rateLimit);
    const { host } = rateLimit;
    const step = stepOf(rateLimit);
    const message = `Quota of "${host}" for backend "${backend}": ${inWords(rateLimit)}`;
    if (told.get(host) === step) return log.debug(message);
    told.set(host, step);
    if (rateLimit.remaining === 0) log.warning(message);
    else log.info(message);
  };
}

/** Returns the same number for limits whose difference is not worth a line. */
function stepOf({ limit, remaining }: RateLimit): number {
  if (!limit || remaining * 10 <= limit) return remaining;
  return Math.ceil(remaining * 10 / limit) / 10 * limit;
}

function inWords({ limit, remaining, windowSeconds }: RateLimit): string {
  const of = limit === null ? "" : ` of ${limit}`;
  const window = windowSeconds === null ? "" : ` in ${windowSeconds} s`;
  return `${remaining}${of} requests left${window}`;
}
