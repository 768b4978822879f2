import { messageOf } from "../errors.ts";
import { redact } from "../observe/redact.ts";
import { warm } from "../warm/runner.ts";
import { checkSettings } from "../warm/settings.ts";
import type { VaultClient, WarmSettings, WarmSource } from "../warming.ts";
import type { JobRun } from "./jobs.ts";

export interface WarmLinesDeps {
  readonly client: VaultClient;
  readonly sources: () => readonly WarmSource[];
}

/** So many failures stand in a result. */
const mostListed = 100;
/** So much is fetched at once: what clients wait for goes first anyway. */
const jobsAtOnce = 2;

/** Fetches ahead what lines mean, as artifact-vault warm does. */
export class WarmLines {
  readonly #deps: WarmLinesDeps;

  constructor(deps: WarmLinesDeps) {
    this.#deps = deps;
  }

  /** Throws `config_invalid` where the settings mean nothing to the backends. */
  check(settings: WarmSettings): void {
    checkSettings(settings, this.#deps.sources());
  }

  async run(lines: readonly string[], settings: WarmSettings, { signal, visited }: JobRun) {
    const { client, sources } = this.#deps;
    const counts: Record<string, number> = { new: 0, cached: 0, failed: 0 };
    const failures: { readonly what: string; readonly reason: string }[] = [];
    const failed = (what: string, reason: string) => {
      if (failures.length < mostListed) failures.push({ what, reason: redact(reason) });
    };
    const listed = lines.map((text) => ({ text, at: null }));
    await warm(listed, {
      ...{ client, sources: sources(), settings, jobs: jobsAtOnce, signal, dryRun: false },
      events: {
        found() {},
        received() {},
        ended(request, outcome) {
          visited();
          counts[outcome.kind] = (counts[outcome.kind] ?? 0) + 1;
          if (outcome.kind === "failed") failed(request.path, outcome.reason);
        },
        lineFailed({ text }, reason) {
          counts.failed! += 1;
          failed(text, reason);
        },
        note() {},
      },
    }).catch((error) => {
      if (!signal.aborted) throw error;
      failed("", messageOf(error));
    });
    return { ...counts, failures };
  }
}
