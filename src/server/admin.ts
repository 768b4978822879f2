import type { Backend } from "../artifact.ts";
import type { Target } from "../http/path.ts";
import type { Metrics } from "../observe/metrics.ts";
import { type Reply, textReply } from "./reply.ts";

export interface AdminOptions {
  readonly backends: readonly Backend[];
  readonly metrics: Metrics;
  /** Whether the cache takes writes, or why not; asked at most once a second. */
  readonly probe: () => string | null;
  readonly isShuttingDown: () => boolean;
  /** Milliseconds on any steady clock. */
  readonly now?: () => number;
}

const probeEveryMs = 1000;

/** The vault's own pages: what it serves, its health and its metrics. */
export class Admin {
  readonly #options: AdminOptions;
  readonly #now: () => number;
  readonly #index: string;
  #probed: { readonly at: number; readonly reason: string | null } | null = null;

  constructor(options: AdminOptions) {
    this.#options = options;
    this.#now = options.now ?? performance.now.bind(performance);
    this.#index = indexOf(options.backends);
  }

  /** Null for a path that is none of the vault's own. `/` is only where no backend has it. */
  answer(method: string, { path, query }: Target, headers: Headers): Reply | Promise<Reply> | null {
    switch (path) {
      case "/healthz":
        return textReply(method, "ok\n");
      case "/readyz":
        return this.#ready(method);
      case "/metrics":
        return this.#metrics(method, query, headers);
      case "/":
        return this.#options.backends.some(({ prefix }) => prefix === "/") ? null : textReply(method, this.#index);
      default:
        return null;
    }
  }

  #ready(method: string): Reply {
    const reason = this.#options.isShuttingDown() ? "shutting down" : this.#probe();
    return reason === null ? textReply(method, "ready\n") : textReply(method, `${reason}\n`, { status: 503 });
  }

  #probe(): string | null {
    const at = this.#now();
    if (this.#probed === null || at - this.#probed.at >= probeEveryMs) {
      this.#probed = { at, reason: this.#options.probe() };
    }
    return this.#probed.reason;
  }

  async #metrics(method: string, query: string, headers: Headers): Promise<Reply> {
    const { metrics } = this.#options;
    if (query === "?format=json" || headers.get("accept")?.includes("application/json")) {
      return textReply(method, JSON.stringify(metrics.statistics()) + "\n", { contentType: "application/json" });
    }
    const { body, contentType } = await metrics.exposition();
    return textReply(method, body, { contentType });
  }
}

function indexOf(backends: readonly Backend[]): string {
  const lines = backends.map(({ prefix, type, name }) => `  ${prefix}  ${type}${type === name ? "" : ` (${name})`}`);
  return [
    "Artifact Vault: a cache between programs that download things and the places they download from.",
    "",
    "It serves:",
    ...lines.sort(),
    "",
    "/healthz, /readyz and /metrics tell how it is.",
    "",
  ].join("\n");
}
