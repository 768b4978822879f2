import type { Fetch } from "../artifact.ts";
import { messageOf, VaultError } from "../errors.ts";
import { contentLengthOf } from "../http/headers.ts";
import type { Log } from "../observe/log.ts";
import { type Clock, systemClock } from "./clock.ts";
import { networkFailure } from "./network_error.ts";
import type { ProxyOf } from "./proxies.ts";
import { shownUrl } from "./shown_url.ts";

export interface ExchangeLogOptions {
  readonly log: Log;
  /** The purpose of the requests, such as `a token`; empty where they are for the artifact itself. */
  readonly purpose: string;
  readonly proxyOf: ProxyOf;
  readonly clock?: Clock;
}

/** The request headers that explain an answer. */
const telling = ["range", "if-range", "if-none-match", "if-modified-since"];

/**
 * Writes a line at DEBUG for each request that is sent, also for redirects, repetitions and token servers: the
 * question, the proxy, the answer, the milliseconds. Does nothing where DEBUG is off.
 */
export function withExchangeLog(fetch: Fetch, options: ExchangeLogOptions): Fetch {
  const { log, purpose, proxyOf, clock = systemClock } = options;
  if (!log.debugs) return fetch;
  const end = purpose === "" ? "" : ` for ${purpose}`;
  return async (request) => {
    const startedAt = clock.now();
    const about = `${request.method} "${shownUrl(request.url)}"${end}${conditionsOf(request)}${
      via(request.url, proxyOf)
    }`;
    const told = (what: string) => {
      const ms = Math.round(clock.now() - startedAt);
      log.debug(`Upstream ${about}: ${what}, ${ms} ms`);
    };
    try {
      const response = await fetch(request);
      told(answerOf(response, request.url));
      return response;
    } catch (error) {
      told(request.signal.aborted ? `given up: ${messageOf(request.signal.reason)}` : failureOf(error, request.url));
      throw error;
    }
  };
}

function conditionsOf({ headers }: Request): string {
  const found = telling.filter((name) => headers.has(name)).map((name) => `${name}: ${headers.get(name)}`);
  return found.length === 0 ? "" : ` (${found.join(", ")})`;
}

function via(url: string, proxyOf: ProxyOf): string {
  const proxy = proxyOf(url);
  return proxy === null ? "" : ` through the proxy "${proxy}"`;
}

/** Formats an answer: its status, the target of a redirect, the announced size. */
function answerOf({ status, headers }: Response, base: string): string {
  const location = headers.get("location");
  const target = location === null ? null : URL.parse(location, base);
  if (target !== null) return `${status} to "${shownUrl(target)}"`;
  const sizeBytes = contentLengthOf(headers);
  return sizeBytes === null ? `${status}` : `${status}, ${sizeBytes} bytes`;
}

/** Formats the reason why there was no answer, without the URL, which the line has already. */
function failureOf(error: unknown, url: string): string {
  if (!(error instanceof VaultError)) return networkFailure(error).reason;
  const beginning = `Cannot fetch "${shownUrl(url)}": `;
  return error.message.startsWith(beginning) ? error.message.slice(beginning.length) : error.message;
}
