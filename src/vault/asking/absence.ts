import { LRUCache } from "lru-cache";
import type { Artifact } from "../../artifact.ts";
import { type ErrorCode, isMissing, type UpstreamAnswer, VaultError } from "../../errors.ts";
import { headerOf } from "../../http/headers.ts";
import type { RequestCaching } from "../../http/request_caching.ts";
import type { Absence, Store } from "../../store/store.ts";

/** How many bytes of answers that clients get unchanged are kept in memory. */
const answerBytes = 2 * 1024 * 1024;
/** What an answer takes besides its body: about as much as its headers. */
const bytesAround = 2 * 1024;
/** Failures that an absence is told instead of: upstream has given no answer. */
const outages: ReadonlySet<ErrorCode> = new Set([
  "upstream_failed",
  "upstream_silent",
  "upstream_down",
  "rate_limited",
]);

/**
 * What upstreams do not have, as the store knows it: fresh for the backend's negative ttl, and told after that as well
 * where upstream cannot be asked.
 */
export class KnownAbsences {
  readonly #store: Store;
  /** What upstream said of an absence, where clients get that unchanged; for as long as there is room. */
  readonly #answers = new LRUCache<string, UpstreamAnswer>({
    maxSize: answerBytes,
    sizeCalculation: ({ body }) => bytesAround + (body?.byteLength ?? 0),
  });

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
    if (!isFresh) return null;
    const answer = artifact.passesOnErrors ? this.#answers.get(nameOf(artifact)) : undefined;
    return errorOf(absence, "", answer && aged(answer, ageMs));
  }

  /** The error of an absence, however old, where upstream is never asked; null where there is none. */
  offline(artifact: Artifact): VaultError | null {
    const absence = this.#store.findAbsence(artifact);
    return absence && errorOf(absence, " when it was last asked; the vault is offline");
  }

  /** Keeps an error that says that upstream has no such artifact; tells whether it is one. */
  remember(artifact: Artifact, error: VaultError): boolean {
    if (!isMissing(error)) return false;
    const { code, message, answer } = error;
    this.#store.rememberAbsence(artifact, { status: code === "gone" ? 410 : 404, at: Date.now(), message });
    if (answer) this.#answers.set(nameOf(artifact), answer);
    else if (artifact.passesOnErrors) this.#answers.delete(nameOf(artifact));
    return true;
  }

  /** Upstream has it. */
  forget(artifact: Artifact): void {
    this.#store.forgetAbsence(artifact);
  }

  /** Whether there is one that is told where upstream gives no answer: for as long as a stale copy would be served. */
  isTellable(artifact: Artifact): boolean {
    return this.#tellable(artifact) !== null;
  }

  /** The error of the absence that an outage hides; null where there is none, or upstream has answered something else. */
  behind(outage: VaultError, artifact: Artifact): VaultError | null {
    if (!outages.has(outage.code)) return null;
    const absence = this.#tellable(artifact);
    return absence && errorOf(absence, ` when it was last asked, and cannot be asked now: ${outage.message}`);
  }

  #tellable(artifact: Artifact): Absence | null {
    const absence = this.#store.findAbsence(artifact);
    const { negativeTtlMs, staleIfErrorMs } = artifact.policy;
    return absence && Date.now() < absence.at + negativeTtlMs + staleIfErrorMs ? absence : null;
  }
}

function errorOf({ status, message }: Absence, note: string, answer?: UpstreamAnswer): VaultError {
  const code = status === 410 ? "gone" : "not_found";
  return new VaultError(code, message + note, { upstreamStatus: status, ...(answer && { answer }) });
}

/** An answer that was remembered for so long (RFC 9111 §5.1). */
function aged(answer: UpstreamAnswer, ageMs: number): UpstreamAnswer {
  const before = Number(headerOf(answer.headers, "age") ?? 0) || 0;
  const headers = answer.headers.filter(([name]) => name !== "age");
  return { ...answer, headers: [...headers, ["age", String(before + Math.floor(ageMs / 1000))]] };
}

/** Upstreams may word what they say as `Accept` and `Accept-Language` ask. */
function nameOf({ backend, key, requestHeaders }: Artifact): string {
  return JSON.stringify([backend, key, requestHeaders]);
}
