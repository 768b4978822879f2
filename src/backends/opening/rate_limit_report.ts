import type { Log } from "../../observe/log.ts";
import type { HostRateLimit } from "./rate_limit.ts";

export interface RateLimitReportOptions {
  readonly backend: string;
  readonly log: Log;
  /** Called every time. */
  readonly counted?: (rateLimit: HostRateLimit) => void;
}

/** Windows that are over so soon are of interest only where nearly nothing is left of them. */
const shortWindowSeconds = 3600;

/**
 * Says in the log how much of a host's quota is left: at INFO once for each tenth of it and at every change within the
 * last tenth, at WARNING when it is used up, at DEBUG else. Of a window of less than an hour it says at INFO only that
 * the last tenth has begun, and that it is over.
 */
export function createRateLimitReport(
  { backend, log, counted }: RateLimitReportOptions,
): (rateLimit: HostRateLimit) => void {
  const told = new Map<string, number>();
  return (rateLimit) => {
    counted?.(rateLimit);
    const { host, name, windowSeconds } = rateLimit;
    const isShort = windowSeconds !== null && windowSeconds < shortWindowSeconds;
    const step = isShort ? roughStepOf(rateLimit) : stepOf(rateLimit);
    const about = name === "" ? `"${host}"` : `"${host}" (${JSON.stringify(name)})`;
    const message = `Quota of ${about} for backend "${backend}": ${inWords(rateLimit)}`;
    const key = `${host} ${name}`;
    const before = told.get(key) ?? (isShort ? plenty : undefined);
    if (before === step || !told.has(key) && told.size === mostTold) return log.debug(message);
    told.set(key, step);
    if (rateLimit.remaining === 0) log.warning(message);
    else log.info(message);
  };
}

/** Upstreams choose the names of their limits: those that come after so many are only told at DEBUG. */
const mostTold = 100;

const plenty = 2;

/** 0 for nothing, 1 for less than a tenth. */
function roughStepOf({ limit, remaining }: HostRateLimit): number {
  if (remaining === 0) return 0;
  return limit !== null && remaining * 10 <= limit ? 1 : plenty;
}

/** Returns the same number for limits whose difference is not worth a line. */
function stepOf({ limit, remaining }: HostRateLimit): number {
  if (!limit || remaining * 10 <= limit) return remaining;
  return Math.ceil(remaining * 10 / limit) / 10 * limit;
}

function inWords({ limit, remaining, windowSeconds }: HostRateLimit): string {
  const of = limit === null ? "" : ` of ${limit}`;
  const window = windowSeconds === null ? "" : ` in ${windowSeconds} s`;
  return `${remaining}${of} requests left${window}`;
}
