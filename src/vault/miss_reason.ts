import type { Artifact } from "../artifact.ts";
import type { Entry } from "../store/store.ts";
import { freshUntil, isFromFuture, type Situation } from "./freshness.ts";

/** The result of the look into the store, and why it was not served. */
export interface Miss extends Situation {
  readonly found: Entry | null;
  /** The entry that upstream can revalidate; null where its bytes are gone, or have been replaced. */
  readonly entry: Entry | null;
  /** True where a listing names other bytes. */
  readonly replaced: boolean;
}

/**
 * Returns the reason why upstream is asked about an artifact, in a few words for the log: `not cached`, `stale for 12
 * s`.
 */
export function missReason(artifact: Artifact, { found, entry, replaced, now, caching }: Miss): string {
  if (found === null) return "not cached";
  if (replaced) return "its listing names other bytes than the copy has";
  if (entry === null) {
    return found.claimed ? "known by name, its body is not cached" : "its body was evicted or removed";
  }
  if (artifact.policy.honorClientNoCache && caching?.noCache) return "the client asks with no-cache";
  if (isFromFuture(entry, now)) return "its copy was stored by a clock that ran ahead";
  const staleMs = now - freshUntil(artifact, entry);
  if (staleMs < 0) return "the client asks for a fresher copy";
  const { freshness } = artifact;
  if (freshness.kind !== "ttl") return `stale for ${seconds(staleMs)}`;
  const isOfOldGeneration = entry.validatedAt < (freshness.since ?? 0);
  if (isOfOldGeneration) return "its copy is older than the listing that names it";
  return `validated ${seconds(now - entry.validatedAt)} ago, longer than its ttl of ${seconds(freshness.ttlMs)}`;
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}
