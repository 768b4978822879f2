import type { NoticedEvent } from "../observe/metrics.ts";
import type { Access } from "../server/access_line.ts";
import type { ProblemGroup } from "./problem_group.ts";
import { explanations, type ProblemCode } from "./problem_texts.ts";

/** Groups that are older make room for new ones. */
const mostGroups = 100;

/** Browsers ask for these by themselves, on whatever they show. */
const askedByBrowsers = /^\/(?:favicon\.ico|robots\.txt|apple-touch-icon[\w-]*\.png|\.well-known\/.*)(?:\?|$)/;

interface Seen {
  readonly backend: string;
  readonly message: string;
  readonly path: string;
  readonly requestId: string;
}

/** What went wrong lately, grouped by what it was and where, in bounded memory. */
export class ProblemGroups {
  readonly #groups = new Map<string, ProblemGroup>();
  readonly #now: () => number;

  /** `now` returns ms since the epoch. */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Adds a request that failed. Codes that are the client's own doing, such as `not_found`, are left out. */
  failed(code: ProblemCode, { backend, note: message, path, requestId }: Access): void {
    if (code === "unknown_route" && askedByBrowsers.test(path)) return;
    this.#add(code, { backend: backend === "none" ? "" : backend, message, path, requestId });
  }

  /** Adds what was noticed without a request. */
  noticed(event: NoticedEvent, backend: string): void {
    this.#add(event, { backend, message: "", path: "", requestId: "" });
  }

  /** The latest first. */
  list(): readonly ProblemGroup[] {
    return [...this.#groups.values()].reverse();
  }

  /** How many there are that happened within the last `ms` milliseconds. */
  since(ms: number): readonly ProblemGroup[] {
    const from = this.#now() - ms;
    return this.list().filter(({ lastAt }) => lastAt >= from);
  }

  #add(code: ProblemCode, seen: Seen): void {
    const texts = explanations[code];
    if (texts === undefined) return;
    const name = `${code}\0${seen.backend}`;
    const at = this.#now();
    const known = this.#groups.get(name);
    this.#groups.delete(name);
    this.#groups.set(name, {
      ...{ code, ...texts, ...seen, count: (known?.count ?? 0) + 1, firstAt: known?.firstAt ?? at, lastAt: at },
    });
    if (this.#groups.size <= mostGroups) return;
    const [oldest] = this.#groups.keys();
    this.#groups.delete(oldest!);
  }
}
