import { messageOf, VaultError } from "../errors.ts";
import { redact } from "../observe/redact.ts";

export type JobKind = "purge" | "evict" | "verify" | "revalidate" | "warm";

/** Something that takes a while. Times are in ms since the epoch. */
export interface Job {
  readonly id: string;
  readonly kind: JobKind;
  readonly state: "running" | "done" | "failed" | "stopped";
  readonly startedAt: number;
  /** Null while it runs. */
  readonly endedAt: number | null;
  /** What has been looked at or fetched so far. */
  readonly done: number;
  /** What has come of it; null while it runs, and where it failed. */
  readonly result: Readonly<Record<string, unknown>> | null;
  /** Why it failed, in a sentence; null otherwise. */
  readonly error: string | null;
}

/** What a job is handed while it runs. */
export interface JobRun {
  readonly signal: AbortSignal;
  /** Counts one more thing. */
  readonly visited: () => void;
}

type Work = (run: JobRun) => Promise<Readonly<Record<string, unknown>>>;

/** Whoever wants more waits: each reads the whole cache. */
const mostRunning = 2;
const mostKept = 50;

interface Kept {
  job: Job;
  readonly abort: AbortController;
}

/** The jobs of a server, of which the last ones can be looked at. They end with it. */
export class Jobs {
  readonly #kept = new Map<string, Kept>();

  /** `closing` ends all of them. */
  constructor(closing: AbortSignal) {
    closing.addEventListener("abort", () => {
      for (const { abort } of this.#kept.values()) abort.abort();
    }, { once: true });
  }

  /** Starts a job. Throws `overloaded` where enough of them are running. */
  start(kind: JobKind, work: Work): Job {
    const running = [...this.#kept.values()].filter(({ job }) => job.state === "running");
    if (running.length >= mostRunning) {
      const names = running.map(({ job }) => `${job.kind} (${job.id})`).join(" and ");
      const message = `${names} are running, and no more at once are allowed; ask again when one has ended, or stop it`;
      throw new VaultError("overloaded", message, { retryAfterSeconds: 10 });
    }
    const id = crypto.randomUUID().slice(0, 8);
    const none = { endedAt: null, done: 0, result: null, error: null };
    const kept: Kept = {
      job: { id, kind, state: "running", startedAt: Date.now(), ...none },
      abort: new AbortController(),
    };
    this.#kept.set(id, kept);
    this.#forget();
    this.#run(kept, work);
    return kept.job;
  }

  /** The latest first. */
  list(): readonly Job[] {
    return [...this.#kept.values()].map(({ job }) => job).reverse();
  }

  /** Null for one that is not known, or no longer. */
  find(id: string): Job | null {
    return this.#kept.get(id)?.job ?? null;
  }

  /** Stops a job before its next step; null where it is not known. */
  stop(id: string): Job | null {
    this.#kept.get(id)?.abort.abort();
    return this.find(id);
  }

  async #run(kept: Kept, work: Work): Promise<void> {
    const { signal } = kept.abort;
    const visited = () => void (kept.job = { ...kept.job, done: kept.job.done + 1 });
    try {
      const result = await work({ signal, visited });
      kept.job = { ...kept.job, state: signal.aborted ? "stopped" : "done", endedAt: Date.now(), result };
    } catch (error) {
      const state = signal.aborted ? "stopped" : "failed";
      const why = signal.aborted ? "It was stopped: what was done until then stays done" : redact(messageOf(error));
      kept.job = { ...kept.job, state, endedAt: Date.now(), error: why };
    }
  }

  #forget(): void {
    for (const [id, { job }] of this.#kept) {
      if (this.#kept.size <= mostKept) return;
      if (job.state !== "running") this.#kept.delete(id);
    }
  }
}
