import { entryName } from "../inventory/entry_name.ts";
import type { Access, EndedRequest } from "../server/access_line.ts";
import type { RecentRequest } from "./recent_request.ts";

const most = 50;
/** Requests a second are an average over so many. */
const averagedSeconds = 10;

interface Ended {
  readonly at: number;
  readonly request: EndedRequest;
}

/** The last requests to backends. Adding one costs next to nothing. */
export class RecentRequests {
  readonly #last: (Ended | undefined)[] = new Array(most);
  /** The number of requests in a second, and which second that is, at the remainder of its number. */
  readonly #counts = new Uint32Array(averagedSeconds + 1);
  readonly #seconds = new Float64Array(averagedSeconds + 1);
  readonly #now: () => number;
  #added = 0;

  /** `now` returns ms since the epoch. */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** How many have been added since the start. */
  get count(): number {
    return this.#added;
  }

  add(request: EndedRequest): void {
    const at = this.#now();
    this.#last[this.#added++ % most] = { at, request };
    const second = Math.floor(at / 1000);
    const slot = second % this.#counts.length;
    if (this.#seconds[slot] !== second) {
      this.#seconds[slot] = second;
      this.#counts[slot] = 0;
    }
    this.#counts[slot]! += 1;
  }

  /** The latest first. */
  list(): readonly RecentRequest[] {
    const from = Math.max(0, this.#added - most);
    const numbers = Array.from({ length: this.#added - from }, (_, index) => this.#added - 1 - index);
    return numbers.map((number) => shown(this.#last[number % most]!));
  }

  /** The average of the last ten complete seconds. */
  perSecond(): number {
    const current = Math.floor(this.#now() / 1000);
    let sum = 0;
    for (let slot = 0; slot < this.#counts.length; slot++) {
      const age = current - this.#seconds[slot]!;
      if (age >= 1 && age <= averagedSeconds) sum += this.#counts[slot]!;
    }
    return sum / averagedSeconds;
  }
}

function shown({ at, request: { access, key } }: Ended): RecentRequest {
  const entry = key === null ? "" : entryName({ backend: access.backend, key });
  return { at, ...access, entry, reason: reasonOf(access) };
}

/** Says why upstream was asked, and what came of it. */
export function reasonOf(
  { cache, reason, status, note }: Pick<Access, "cache" | "reason" | "status" | "note">,
): string {
  if (reason === "") return cache === "bypass" ? "passed on to upstream; nothing is cached of such a request" : "";
  switch (cache) {
    case "revalidated":
      return `${reason}; upstream says that it has not changed`;
    case "stale":
      return `${reason}; upstream did not answer well, so the stale copy was served`;
    case "miss":
      // A note says that the answer failed, or was not sent to its end.
      return status >= 400 || note !== ""
        ? reason
        : `${reason}; ${reason.startsWith("not cached") ? "fetched" : "upstream sent it anew"}`;
    default:
      return reason;
  }
}
