import type { Artifact } from "../artifact.ts";
import type { HeaderList } from "../http/headers.ts";
import type { RequestCaching } from "../http/request_caching.ts";
import { readResponseCaching } from "../http/response_caching.ts";
import { selectionOf } from "../http/selection.ts";
import type { Version } from "../store/store.ts";

/**
 * The outcome of `decide`: serve the stored copy, revalidate it, fetch the artifact, or refuse since the vault is
 * offline.
 */
export type Decision = "serve" | "revalidate" | "fetch" | "refuse";

export interface Situation {
  readonly entry: Version | null;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The directives of the client; null where they do not count. */
  readonly caching: RequestCaching | null;
}

/** Decides what to do about a request. It is a pure function. */
export function decide(artifact: Artifact, { entry, now, caching }: Situation): Decision {
  if (artifact.policy.offline) return entry ? "serve" : "refuse";
  if (entry === null) return "fetch";
  if (artifact.freshness.kind === "immutable") return "serve";
  const honored = artifact.policy.honorClientNoCache ? caching : null;
  if (honored && (honored.noCache || now - entry.generatedAt > honored.maxAgeMs)) return "revalidate";
  if (isFromFuture(entry, now)) return "revalidate";
  return now + (honored?.minFreshMs ?? 0) < freshUntil(artifact, entry) ? "serve" : "revalidate";
}

/** Says whether a version was stored by a clock that ran ahead: nothing then says how fresh it is. */
export function isFromFuture({ storedAt, validatedAt, generatedAt }: Version, now: number): boolean {
  return Math.max(storedAt, validatedAt, generatedAt) > now;
}

/** Returns the time until which `entry` may be served without asking, ms since the epoch. */
export function freshUntil(artifact: Artifact, entry: Version): number {
  switch (artifact.freshness.kind) {
    case "immutable":
      return Infinity;
    case "ttl": {
      const { ttlMs, since = 0 } = artifact.freshness;
      return entry.validatedAt + (entry.validatedAt < since ? 0 : ttlMs);
    }
    case "http":
      return entry.freshUntil;
  }
}

/** Says whether a stale copy may be served although upstream could not revalidate it. */
export function mayServeStale(artifact: Artifact, entry: Version, now: number): boolean {
  return now < freshUntil(artifact, entry) + artifact.policy.staleIfErrorMs;
}

/** The caching rules of an upstream's answer. */
export interface Assessment {
  /** False where a shared cache must not store it (RFC 9111 §3); it is then for one client only. */
  readonly storable: boolean;
  /** The reason against storing it, in words; null where it may be stored. */
  readonly objection: string | null;
  readonly freshUntil: number;
  /** The time when the upstream generated it, by its Age and Date, ms since the epoch. */
  readonly generatedAt: number;
  /** The request headers that `Vary` names, as they were sent. */
  readonly selectedBy: HeaderList;
}

/**
 * Reads the caching headers of an answer. Only artifacts whose freshness is of kind `http` can have an answer that must
 * not be stored.
 */
export function assess(artifact: Artifact, headers: Headers, now: number): Assessment {
  const { objection, lifetimeSeconds, ageSeconds, vary } = readResponseCaching(headers, now);
  const selecting = vary.filter((name) => name !== "*" && name !== "accept-encoding");
  const isBound = artifact.freshness.kind === "http";
  return {
    storable: !isBound || objection === null,
    objection: isBound ? objection : null,
    freshUntil: now + Math.max(0, lifetimeSeconds - ageSeconds) * 1000,
    generatedAt: now - ageSeconds * 1000,
    // A header that the client has offered, and that upstream was not sent, has selected nothing.
    selectedBy: selectionOf(selecting, { requestHeaders: artifact.requestHeaders }),
  };
}
