import type { Artifact } from "../artifact.ts";
import { VaultError } from "../errors.ts";
import type { RequestCaching } from "../http/request_caching.ts";
import type { Absence, Store } from "../store/store.ts";

/**
 * What upstreams do not have, as the store knows it: fresh for the backend's negative ttl, and told after that as well
 * where upstream cannot be asked.
 */
export class KnownAbsences {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** The error of an absence that need not be asked about again for this client; null where there is none. */
  fresh(artifact: Artifact, caching: RequestCaching | null): VaultError | null {
    const absence = this.#store.findAbsence(artifact);
    if (absence === null || caching?.noCache) return null;
    const ageMs = Date.now() - absence.at;
    // An instant in the future is one of a clock that was wrong.
    const isFresh = ageMs >= 0 && ageMs + (caching?.minFreshMs ?? 0) < artifact.policy.negativeTtlMs &&
      ageMs < (caching?.maxAgeMs ?? Infinity);
    return isFresh ? errorOf(absence, "") : null;
  }

  /** The error of an absence, however old, where upstream is never asked; null where there is none. */
  offline(artifact: Artifact): VaultError | null {
    const absence = this.#store.findAbsence(artifact);
    return absence && errorOf(absence, " when it was last asked; the vault is offline");
  }

  /** Keeps an error that says that upstream has no such artifact; tells whether it is one. */
  remember(artifact: Artifact, { code, message }: VaultError): boolean {
    if (code !== "not_found" && code !== "gone") return false;
    this.#store.rememberAbsence(artifact, { status: code === "gone" ? 410 : 404, at: Date.now(), message });
    return true;
  }

  /** Upstream has it. */
  forget(artifact: Artifact): void {
    this.#store.forgetAbsence(artifact);
  }

  /** The absence that an outage hides, for as long as a stale copy would be served; else the outage. */
  behind(outage: VaultError, artifact: Artifact): VaultError {
    if (!["upstream_failed", "upstream_silent", "upstream_down", "rate_limited"].includes(outage.code)) return outage;
    const absence = this.#store.findAbsence(artifact);
    const { negativeTtlMs, staleIfErrorMs } = artifact.policy;
    if (!absence || Date.now() >= absence.at + negativeTtlMs + staleIfErrorMs) return outage;
    return errorOf(absence, ` when it was last asked, and cannot be asked now: ${outage.message}`);
  }
}

function errorOf({ status, message }: Absence, note: string): VaultError {
  return new VaultError(status === 410 ? "gone" : "not_found", message + note, { upstreamStatus: status });
}
