import type { Fetch } from "../artifact.ts";
import { VaultError } from "../errors.ts";
import { type Clock, systemClock } from "./clock.ts";
import { addNotes } from "./response_notes.ts";
import { shownUrl } from "./shown_url.ts";

export interface TimeoutOptions {
  /** The longest wait for the response head, and for the next bytes of the body. */
  readonly timeoutMs: number;
  readonly clock?: Clock;
}

/**
 * Throws `upstream_silent` when no response head arrives in time. The body is handed out as it is, at full speed; a
 * note on the response makes `BodyReader` keep the same limit.
 */
export function withTimeout(fetch: Fetch, { timeoutMs, clock = systemClock }: TimeoutOptions): Fetch {
  return async (request) => {
    const silence = new AbortController();
    const unschedule = clock.schedule(() => silence.abort(silentError(request.url, timeoutMs)), timeoutMs);
    try {
      const signal = AbortSignal.any([request.signal, silence.signal]);
      const response = await fetch(new Request(request, { signal }));
      addNotes(response, { idleTimeoutMs: timeoutMs });
      return response;
    } finally {
      unschedule();
    }
  };
}

function silentError(url: string, timeoutMs: number): VaultError {
  return new VaultError("upstream_silent", `Cannot fetch "${shownUrl(url)}": no answer for ${timeoutMs / 1000} s`);
}
