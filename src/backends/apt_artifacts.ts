import type { Artifact, CachingPolicy, Candidate, Fetch } from "../artifact.ts";
import type { Digest } from "../digest.ts";
import type { Release } from "./apt_release.ts";
import { byHashPath, encodePath, splitPath } from "./apt_request.ts";

export interface AptArtifactsOptions {
  readonly name: string;
  /** URLs of the same repository, in the order they are tried; without a slash at their ends. */
  readonly mirrors: readonly string[];
  readonly fetch: Fetch;
  readonly idleTimeoutMs: number;
  readonly policy: CachingPolicy;
  /** How long what may change is fresh. */
  readonly ttlMs: number;
}

/** A release as it is kept under several names: see `AptReleases`. */
export type ReleaseCopy = "latest" | "next" | "adopted";

/** The artifacts of a repository. Paths are percent-decoded and begin with a slash. */
export class AptArtifacts {
  readonly #options: AptArtifactsOptions;

  constructor(options: AptArtifactsOptions) {
    this.#options = options;
  }

  /** What may change at any time. */
  changing(path: string): Artifact {
    return this.#artifact(path, [path], { freshness: { kind: "ttl", ttlMs: this.#options.ttlMs } });
  }

  /** What never changes under its name. */
  lasting(path: string, digest?: Digest | null): Artifact {
    return this.#artifact(path, [path], digest ? { digest } : {});
  }

  /** The InRelease or Release at `path`; only the latest one is ever asked for upstream. */
  release(path: string, copy: ReleaseCopy): Artifact {
    const latest = this.changing(path);
    if (copy === "latest") return { ...latest, key: `${path};latest` };
    return { ...latest, key: copy === "adopted" ? path : `${path};next`, freshness: { kind: "immutable" } };
  }

  /** The signature beside a Release of this digest, at `path`. */
  signature(path: string, releaseSha256: string): Artifact {
    return { ...this.lasting(path), key: `${path};of=${releaseSha256}` };
  }

  /** An index that a release lists: by its digest, so that nothing else can pass for it. */
  index(suite: string, release: Release, listed: string): Artifact {
    const path = `${suite}/${listed}`;
    const { digest } = release.files.get(listed)!;
    const byHash = byHashPath(splitPath(path).folder, digest);
    return this.#artifact(byHash, release.acquireByHash ? [byHash, path] : [path], { digest });
  }

  /** An index of which only its digest is known. */
  byHash(folder: string, digest: Digest): Artifact {
    const path = byHashPath(folder, digest);
    return this.#artifact(path, [path], { digest });
  }

  #artifact(key: string, paths: readonly string[], more: Partial<Artifact>): Artifact {
    const { name, mirrors, fetch, idleTimeoutMs, policy } = this.#options;
    const candidates = mirrors.flatMap((mirror) =>
      paths.map((path): Candidate => ({ url: mirror + encodePath(path), fetch, idleTimeoutMs }))
    );
    return {
      backend: name,
      key,
      candidates,
      requestHeaders: [],
      freshness: { kind: "immutable" },
      policy,
      movesOnAfter: "any_failure",
      ...more,
    };
  }
}
