import { delay, systemClock } from "../../upstream/clock.ts";
import type { Io } from "../io.ts";
import type { Feed } from "./feed.ts";

export interface PrintOptions {
  readonly io: Io;
  readonly once: boolean;
  readonly intervalMs: number;
  readonly stop: AbortSignal;
}

/**
 * Prints what is known of a server as one line of JSON, at each interval until the program is stopped: `at` (ms since
 * the epoch), `url`, `lost` (why there is nothing newer; null while the server answers), and the topics of the API's
 * events as the server sends them.
 */
export async function printJson(feed: Pick<Feed, "news">, { io, once, intervalMs, stop }: PrintOptions): Promise<void> {
  while (!stop.aborted) {
    const { url, lost, raw } = feed.news;
    io.stdout(`${JSON.stringify({ at: Date.now(), url, lost, ...raw })}\n`);
    if (once) return;
    await delay(systemClock, intervalMs, stop).catch(() => {});
  }
}
