import type { Artifact, CachingPolicy, Freshness } from "../../src/artifact.ts";
import type { Entry } from "../../src/store/store.ts";

/** Ms since the epoch. */
export const now = 1_800_000_000_000;

const policy: CachingPolicy = {
  staleIfErrorMs: Infinity,
  negativeTtlMs: 60_000,
  serveDeleted: true,
  honorClientNoCache: false,
  abandonedTransfer: "finish",
  offline: false,
};

/** An artifact of the backend `b` with this freshness; nothing can be fetched. */
export function artifactOf(
  freshness: Freshness,
  changed: Partial<CachingPolicy> = {},
  headers: Artifact["requestHeaders"] = [],
): Artifact {
  const candidates = [{ url: "http://x/a", fetch: () => Promise.reject(new Error("no network")), idleTimeoutMs: 1 }];
  const named = {
    backend: "b",
    key: "/a",
    candidates,
    failover: "any_failure",
    identity: { kind: "unknown" },
  } as const;
  return { ...named, requestHeaders: headers, freshness, policy: { ...policy, ...changed } };
}

/** An entry of it, stored just now and fresh for a second. */
export function entryOf(changed: Partial<Entry> = {}): Entry {
  return {
    ...{ backend: "b", key: "/a", sha256: "0".repeat(64), sizeBytes: 1, headers: [], url: "http://x/a" },
    ...{ storedAt: now, validatedAt: now, generatedAt: now, freshUntil: now + 1000, selectedBy: [] },
    ...changed,
  };
}
