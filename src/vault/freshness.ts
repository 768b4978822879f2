import type { Artifact } from "../artifact.ts";
import type { HeaderList } from "../http/headers.ts";
import type { RequestCaching } from "../http/request_caching.ts";
import { readResponseCaching } from "../http/response_caching.ts";
import { selectionOf } from "../http/selection.ts";
import type { Version } from "../store/store.ts";

/** What to do about a request: DESIGN 4. */
export type Decision = "serve" | "revalidate" | "fetch" | "refuse";

export interface Situation {
  readonly entry: Version | null;
  /** Ms since the epoch. */
  readonly now: number;
  /** What the client asks of a cache; null where that does not count. */
  readonly caching: RequestCaching | null;
}

/** Whether a copy may be served as it is. Pure. */
export function decide(artifact: Artifact, { entry, now, caching }: Situation): Decision {
  if (artifact.policy.offline) return entry ? "serve" : "refuse";
  if (entry === null) return "fetch";
  if (artifact.freshness.kind === "immutable") return "serve";
  const honored = artifact.policy.honorClientNoCache ? caching : null;
  if (honored && (honored.noCache || now - entry.generatedAt > honored.maxAgeMs)) return "revalidate";
  if (isFromFuture(entry, now)) return "revalidate";
  return now + (honored?.minFreshMs ?? 0) < freshUntil(artifact, entry) ? "serve" : "revalidate";
}

/** Whether it was written by a clock that ran ahead: how fresh it is cannot be told. */
export function isFromFuture({ storedAt, validatedAt, generatedAt }: Version, now: number): boolean {
  return Math.max(storedAt, validatedAt, generatedAt) > now;
}

/** Until when `entry` may be served unasked, ms since the epoch. */
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

/** Whether a stale copy may be served although upstream could not confirm it. */
export function mayServeStale(artifact: Artifact, entry: Version, now: number): boolean {
  return now < freshUntil(artifact, entry) + artifact.policy.staleIfErrorMs;
}

/** What an upstream's answer says about keeping it. */
export interface Assessment {
  /** False where a shared cache must not keep it (RFC 9111 §3); it is then for one client only. */
  readonly storable: boolean;
  /** Why not, in words; null where it may be kept. */
  readonly objection: string | null;
  readonly freshUntil: number;
  /** When the upstream generated it, by its Age and Date. */
  readonly generatedAt: number;
  /** The request headers that `Vary` names, as they were sent. */
  readonly selectedBy: HeaderList;
}

/** Reads an answer's caching headers. Only artifacts of kind `http` can be told not to be kept. */
export function assess(artifact: Artifact, headers: Headers, now: number): Assessment {
  const { objection, lifetimeSeconds, ageSeconds, vary } = readResponseCaching(headers, now);
  const selecting = vary.filter((name) => name !== "*" && name !== "accept-encoding");
  const isBound = artifact.freshness.kind === "http";
  return {
    storable: !isBound || objection === null,
    objection: isBound ? objection : null,
    freshUntil: now + Math.max(0, lifetimeSeconds - ageSeconds) * 1000,
    generatedAt: now - ageSeconds * 1000,
    // What the client has offered and upstream was not sent has selected nothing.
    selectedBy: selectionOf(selecting, { requestHeaders: artifact.requestHeaders }),
  };
}
