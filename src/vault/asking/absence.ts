import { LRUCache } from "lru-cache";
import type { Artifact } from "../../artifact.ts";
import { type ErrorCode, isMissing, type UpstreamAnswer, VaultError } from "../../errors.ts";
import { headerOf } from "../../http/headers.ts";
import type { RequestCaching } from "../../http/request_caching.ts";
import type { Absence, Store } from "../../store/store.ts";

/** The memory for upstream answers that clients get unchanged, in bytes. */
const answerBytes = 2 * 1024 * 1024;
/** The bytes that an answer takes besides its body: about as many as its headers. */
const bytesAround = 2 * 1024;
/** The failures in place of which a remembered absence is served: upstream has given no answer. */
const outages: ReadonlySet<ErrorCode> = new Set([
  "upstream_failed",
  "upstream_silent",
  "upstream_down",
  "rate_limited",
]);

/**
 * The remembered absences (404, 410), as the store has them. An absence is fresh for the backend's negative ttl, and is
 * served after that as well where upstream cannot be asked.
 */
export class KnownAbsences {
  readonly #store: Store;
  /** The answers of upstreams that clients get unchanged; for as long as there is room. */
  readonly #answers = new LRUCache<string, UpstreamAnswer>({
    maxSize: answerBytes,
    sizeCalculation: ({ body }) => bytesAround + (body?.byteLength ?? 0),
  });

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * Returns the error of a fresh absence, which need not be asked about again for this client; null where there is
   * none.
   */
  fresh(artifact: Artifact, caching: RequestCaching | null): VaultError | null {
    const absence = this.#store.findAbsence(artifact);
    if (absence === null || caching?.noCache) return null;
    const ageMs = Date.now() - absence.at;
    // A time in the future comes from a clock that was wrong.
    const isFresh = ageMs >= 0 && ageMs + (caching?.minFreshMs ?? 0) < freshMs(absence, artifact) &&
      ageMs < (caching?.maxAgeMs ?? Infinity);
    if (!isFresh) return null;
    const answer = artifact.passesOnErrors ? this.#answers.get(nameOf(artifact)) : undefined;
    return errorOf(absence, "", answer && aged(answer, ageMs));
  }

  /** Returns the error of an absence, however old, where upstream is never asked; null where there is none. */
  offline(artifact: Artifact): VaultError | null {
    const absence = this.#store.findAbsence(artifact);
    if (absence === null) return null;
    const isForEver = freshMs(absence, artifact) === Infinity;
    return errorOf(absence, isForEver ? "" : ` when it was last asked; the vault is offline for "${artifact.backend}"`);
  }

  /** Remembers an error that says that upstream has no such artifact. Returns false for any other error. */
  remember(artifact: Artifact, error: VaultError): boolean {
    if (!isMissing(error)) return false;
    const { code, message, answer, protocolCode } = error;
    this.#store.rememberAbsence(artifact, {
      status: code === "gone" ? 410 : 404,
      at: Date.now(),
      message,
      ...protocolCode !== undefined && { protocolCode },
    });
    if (answer) this.#answers.set(nameOf(artifact), answer);
    else if (artifact.passesOnErrors) this.#answers.delete(nameOf(artifact));
    return true;
  }

  /** Forgets the absence, since upstream has the artifact. */
  forget(artifact: Artifact): void {
    this.#store.forgetAbsence(artifact);
  }

  /**
   * Says whether there is an absence to serve where upstream gives no answer: for as long as a stale copy would be
   * served.
   */
  isTellable(artifact: Artifact): boolean {
    return this.#tellable(artifact) !== null;
  }

  /**
   * Returns the error of the absence that an outage hides; null where there is none, or where upstream has answered
   * something else.
   */
  behind(outage: VaultError, artifact: Artifact): VaultError | null {
    if (!outages.has(outage.code)) return null;
    const absence = this.#tellable(artifact);
    return absence && errorOf(absence, ` when it was last asked, and cannot be asked now: ${outage.message}`);
  }

  #tellable(artifact: Artifact): Absence | null {
    const absence = this.#store.findAbsence(artifact);
    if (absence === null) return null;
    return Date.now() < absence.at + freshMs(absence, artifact) + artifact.policy.staleIfErrorMs ? absence : null;
  }
}

/** How long an absence counts as fresh. */
function freshMs({ protocolCode }: Absence, { freshness, policy, lastingAbsences = [] }: Artifact): number {
  const lasts = protocolCode !== undefined && lastingAbsences.includes(protocolCode);
  if (lasts && freshness.kind === "immutable") return Infinity;
  return lasts && freshness.kind === "ttl" ? freshness.ttlMs : policy.negativeTtlMs;
}

function errorOf({ status, message, protocolCode }: Absence, note: string, answer?: UpstreamAnswer): VaultError {
  const code = status === 410 ? "gone" : "not_found";
  return new VaultError(code, message + note, {
    upstreamStatus: status,
    ...(answer && { answer }),
    ...(protocolCode !== undefined && { protocolCode }),
  });
}

/** Returns the answer with its age (RFC 9111 §5.1). */
function aged(answer: UpstreamAnswer, ageMs: number): UpstreamAnswer {
  const before = Number(headerOf(answer.headers, "age") ?? 0) || 0;
  const headers = answer.headers.filter(([name]) => name !== "age");
  return { ...answer, headers: [...headers, ["age", String(before + Math.floor(ageMs / 1000))]] };
}

/** Names an answer: upstreams may word it as `Accept` and `Accept-Language` ask. */
function nameOf({ backend, key, requestHeaders }: Artifact): string {
  return JSON.stringify([backend, key, requestHeaders]);
}
