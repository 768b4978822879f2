import type { Backend } from "../backend.ts";
import type { Target } from "../http/path.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { Misses } from "./offline.ts";
import { type OwnPages, type OwnRequestInfo, vaultUrl } from "./own_pages.ts";
import { type Reply, textReply } from "./reply.ts";

export interface AdminOptions {
  readonly backends: readonly Backend[];
  readonly metrics: Metrics;
  /** Says why the cache cannot be used; null where it can. Called at most once a second. */
  readonly probe: () => string | null;
  readonly isShuttingDown: () => boolean;
  /** True where no upstream is ever asked; false when absent. */
  readonly isOffline?: boolean;
  /** The list of what clients missed; absent where none is kept. */
  readonly misses?: Misses;
  /** Other pages of the vault's own, the first that answers counts; none when absent. */
  readonly ownPages?: readonly OwnPages[];
  /** Milliseconds on any steady clock. */
  readonly now?: () => number;
}

const probeEveryMs = 1000;

/**
 * Answers the vault's own pages: what it serves, its health and its metrics. They live below `/-/`, where no backend
 * can have its prefix; probes and scrapers also know them by their names without it, and do not follow redirects.
 */
export class Admin {
  readonly #options: AdminOptions;
  readonly #now: () => number;
  #probed: { readonly at: number; readonly reason: string | null } | null = null;

  constructor(options: AdminOptions) {
    this.#options = options;
    this.#now = options.now ?? performance.now.bind(performance);
  }

  /**
   * Null for a path that is not the vault's own, also below `/-/`: a backend at the root has the rest of it. `/` is the
   * start page only where no backend has it. Methods other than GET and HEAD are for pages of others alone.
   */
  answer(
    method: string,
    target: Target,
    headers: Headers,
    info: OwnRequestInfo,
  ): Reply | Promise<Reply> | null {
    const { path, query } = target;
    if (path.startsWith("/-/") || path === "/" && !this.#isRootTaken()) {
      const { client, signal, outerPrefix = "" } = info;
      const asked = { client, signal, outerPrefix, readBody: (maxBytes: number) => info.readBody(maxBytes) };
      for (const pages of this.#options.ownPages ?? []) {
        const reply = pages.answer(method, target, headers, asked);
        if (reply !== null) return reply;
      }
    }
    if (method !== "GET" && method !== "HEAD") return null;
    switch (path) {
      case "/-/healthz":
      case "/healthz":
        return textReply(method, "ok\n");
      case "/-/readyz":
      case "/readyz":
        return this.#ready(method);
      case "/-/metrics":
      case "/metrics":
        return this.#metrics(method, query, headers);
      case "/-/misses":
        return this.#misses(method);
      case "/":
        return this.#isRootTaken() ? null : textReply(method, indexOf(this.#options.backends, vaultUrl(target, info)));
      default:
        return null;
    }
  }

  #isRootTaken(): boolean {
    return this.#options.backends.some(({ prefix, serves }) => prefix === "/" && serves?.("/") !== false);
  }

  #ready(method: string): Reply {
    const ready = this.#options.isOffline ? "ready, offline\n" : "ready\n";
    const reason = this.notReady();
    return reason === null ? textReply(method, ready) : textReply(method, `${reason}\n`, { status: 503 });
  }

  /** Why the vault is not ready; null where it is. */
  notReady(): string | null {
    return this.#options.isShuttingDown() ? "shutting down" : this.#probe();
  }

  #probe(): string | null {
    const at = this.#now();
    if (this.#probed === null || at - this.#probed.at >= probeEveryMs) {
      this.#probed = { at, reason: this.#options.probe() };
    }
    return this.#probed.reason;
  }

  async #misses(method: string): Promise<Reply> {
    const lines = await this.#options.misses?.lines() ?? [];
    return textReply(method, lines.map((line) => `${line}\n`).join(""));
  }

  #metrics(method: string, query: string, headers: Headers): Reply {
    const { metrics } = this.#options;
    if (query === "?format=json" || headers.get("accept")?.includes("application/json")) {
      return textReply(method, JSON.stringify(metrics.statistics()) + "\n", { contentType: "application/json" });
    }
    const { body, contentType } = metrics.exposition();
    return textReply(method, body, { contentType });
  }
}

function indexOf(backends: readonly Backend[], url: string): string {
  const entries = backends.filter(({ serves }) => serves === undefined).map((backend) => {
    const { prefix, type, name } = backend;
    return `  ${prefix}  ${type}${type === name ? "" : ` (${name})`}`;
  });
  return [
    "Artifact Vault: a cache between programs that download things and the places they download from.",
    "",
    "It serves:",
    ...entries.sort(),
    "",
    `${url}/-/setup says how clients are pointed at it, with a script for each.`,
    "/-/healthz, /-/readyz and /-/metrics tell how it is; /-/misses lists what was missed offline.",
    "",
  ].join("\n");
}
