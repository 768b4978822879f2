import type { Artifact } from "../artifact.ts";
import type { VaultError } from "../errors.ts";
import type { Entry } from "../store/store.ts";
import type { KnownAbsences } from "./asking/absence.ts";
import type { Patience } from "./asking/patience.ts";
import type { StoredCopies } from "./stored_copies.ts";
import type { OpenedArtifact, OpenOptions } from "./vault.ts";

/** A client's request, and the stale copy that is stored for it. */
export interface Wanted {
  readonly artifact: Artifact;
  readonly ask: Pick<OpenOptions, "staleAbsence" | "signal">;
  readonly stale: Entry | null;
}

interface SubstitutesDeps {
  readonly copies: StoredCopies;
  readonly absences: KnownAbsences;
  /** How long a client that can have a substitute waits for upstream. */
  readonly timeoutMs: () => number;
}

/**
 * The answers for clients where upstream gives none: a stale copy, or the absence that upstream reported when it was
 * last asked. Where there is one of them, upstream is neither waited for long nor asked again.
 */
export class Substitutes {
  readonly #copies: StoredCopies;
  readonly #absences: KnownAbsences;
  readonly #deps: SubstitutesDeps;

  constructor(deps: SubstitutesDeps) {
    const { copies, absences } = deps;
    this.#copies = copies;
    this.#absences = absences;
    this.#deps = deps;
  }

  has({ artifact, ask, stale }: Wanted): boolean {
    return this.#copies.isServable(artifact, stale) ||
      (ask.staleAbsence !== false && this.#absences.isTellable(artifact));
  }

  /** How long the client waits for upstream: without end where there is nothing else for it. */
  patienceOf(wanted: Wanted): Patience {
    return { signal: wanted.ask.signal, timeoutMs: this.has(wanted) ? this.#deps.timeoutMs() : null };
  }

  /** The stale copy; null where there is neither. Rejects with `not_found` or `gone` where there is an absence only. */
  async open({ artifact, ask, stale }: Wanted, reason: VaultError): Promise<OpenedArtifact | null> {
    const opened = stale && await this.#copies.openStale(artifact, stale, reason);
    const absence = opened || ask.staleAbsence === false ? null : this.#absences.behind(reason, artifact);
    if (absence) throw absence;
    return opened;
  }
}
