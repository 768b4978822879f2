import type { Artifact, CachingPolicy } from "../../artifact.ts";

/** An artifact that has no upstream to come from: for `VaultReader.holds`, which says whether its key has been cached. */
export function storedArtifact(backend: string, key: string, policy: CachingPolicy): Artifact {
  return {
    ...{ backend, key, policy },
    candidates: [],
    requestHeaders: [],
    freshness: { kind: "immutable" },
    failover: "absence",
    identity: { kind: "unknown" },
  };
}
